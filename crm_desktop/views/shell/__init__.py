"""The frame around the panes: rail, palette, inspector, indicator, what is said at the foot."""
