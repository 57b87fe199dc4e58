"""The synchronisation engine."""
