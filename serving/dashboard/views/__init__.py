"""The pages of the dashboard, one per file."""
