"""Today: the home of the day."""
