"""Destinations: where rows go."""
