"""The inbox: conflicts, refused and orphaned work, quarantine and the queue."""
