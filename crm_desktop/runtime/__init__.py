"""Qt without pixels: task lanes, the data hub, autosync."""
