"""What became of offered work, in words."""

from __future__ import annotations

from collections.abc import Sequence

from crm_desktop.i18n import tr

TAKEN, WAITS = "offer.taken", "offer.waits"


def outcome_words(codes: Sequence[str]) -> str:
    """What became of an offer as a whole, by the codes of its fields."""
    taken = sum(code == TAKEN for code in codes)
    if WAITS in codes:
        return tr("offered, not decided yet")
    if taken == len(codes):
        return tr("taken over")
    if not taken:
        return tr("not taken over")
    return tr("taken over in part: {taken} of {all}", taken=taken, all=len(codes))
