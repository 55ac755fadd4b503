"""The API and the dashboard, where programs and people read the marts."""
