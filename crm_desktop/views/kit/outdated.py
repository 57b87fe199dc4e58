"""What the window says where this version is too old for its server."""

from __future__ import annotations

from crm_desktop.i18n import tr, words

OUTDATED = "outdated"
"""The `FailureClass` of a server that merges with newer versions only."""


def outdated_words(waiting: int) -> str:
    """What to do, and that work is safe."""
    # The frame shows the indicator before the catalog is loaded, from which problems take names.
    from crm_core.problems import words_for

    said = words(words_for("request.too_old", {}))
    copied = tr("A copy of what waits to be sent is left with the office.")
    return f"{said} {copied}" if waiting else said
