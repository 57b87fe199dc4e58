"""Panes: only what differs from the generated one; they never import each other."""
