"""Parts of the window that are written once and used by every pane."""
