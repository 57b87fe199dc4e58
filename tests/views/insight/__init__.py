"""The insight pane."""
