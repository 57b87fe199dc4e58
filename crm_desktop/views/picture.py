"""What a picture of a pane is asked for with."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Picture(msgspec.Struct, frozen=True):
    """A picture of one pane: where to, which, how large, and which record is selected."""

    out: Path
    pane: str
    size: tuple[int, int] = (1280, 800)
    select: str = ""
