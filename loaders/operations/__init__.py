"""What is done with loaded data and built marts: run, watch, undo, back up, export, measure."""
