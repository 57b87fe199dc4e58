"""Tasks: what is to be done, what is due first; a box ticks them off."""
