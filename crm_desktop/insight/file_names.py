"""What an exported chart is called: its title in the person's language, and the day."""

from __future__ import annotations

import datetime as dt

LETTERS_MAX = 60
"""With the day and the ending it still fits where names have 255 bytes, three a Chinese letter."""

_FORBIDDEN = frozenset('<>:"/\\|?*')
"""What Windows takes in no name."""


def file_name(title: str, day: dt.date, ending: str) -> str:
    """A name that every system takes: "Revenue by month 2026-11-20.pdf". The day keeps it from
    being a name that Windows reserves, such as CON."""
    letters = ("-" if x in _FORBIDDEN else x if x.isprintable() else " " for x in title)
    name = " ".join("".join(letters).split())[:LETTERS_MAX].strip(" .")
    return f"{name} {day.isoformat()}{ending}".strip()
