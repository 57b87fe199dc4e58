"""Complaints: the list by time left, and one with its stages, clocks, wishes and log."""
