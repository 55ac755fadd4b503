"""The PostgreSQL that comes with the package: its programs, its configuration, its folder, and the running server."""
