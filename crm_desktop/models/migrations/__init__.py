"""Migrations of the local store: frozen steps, and who walks them."""
