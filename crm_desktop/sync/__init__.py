"""The synchronisation engine: plan, then act. No Qt."""
