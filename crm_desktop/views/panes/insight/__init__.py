"""The insight pane: boards of charts, and the records behind every mark."""
