"""The frame around the panes: rail, palette, inspector, indicator, what is said at the foot."""

from crm_desktop.views.shell.window import Shell

__all__ = ["Shell"]
