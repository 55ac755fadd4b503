"""The dashboard: the marts as pages to look at (`make dashboard`)."""
