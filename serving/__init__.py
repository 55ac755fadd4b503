"""Where people and programs look at the marts."""
