"""Qt widgets: the shell, the kit that is written once, and the panes."""
