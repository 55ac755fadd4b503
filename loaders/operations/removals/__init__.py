"""What leaves the raw tables again: a load that is undone, a customer who is forgotten."""
