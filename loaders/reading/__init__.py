"""Reading: from a file to rows that are good or rejected."""
