"""The dashboard: the marts as web pages (`make dashboard`)."""
