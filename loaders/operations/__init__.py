"""Operations: what is done with loaded data and built marts."""
