"""How wide words will be before they are drawn, and how they are made to fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_WIDTHS = {
    **dict.fromkeys("iljI.,:;'|!·", 3.2), **dict.fromkeys("tfr ()-/", 4.4),
    **dict.fromkeys("mwMW%@—", 10.0), **dict.fromkeys("ABCDEFGHKNOPQRUVXYZ&", 7.7),
}  # fmt: skip
_USUAL, _HAN = 6.6, 11.5
"""Pixels of letters in a caption, rather too wide than too narrow."""

LINE = 14
"""Pixels from one line of a caption to the next."""

_CUT = "…"


def width_of(text: str) -> float:
    """The pixels that the widest line of a text takes in a caption."""
    return max((sum(map(_width, line)) for line in text.split("\n")), default=0.0)


def widest(texts: Sequence[str]) -> float:
    """The pixels of the widest of these texts."""
    return max(map(width_of, texts), default=0.0)


def cut(text: str, width: float) -> str:
    """A text that fits into `width` pixels, with … where something was left out."""
    while width_of(text) > width and len(text) > 1:
        text = text.removesuffix(_CUT)[:-1].rstrip() + _CUT
        if text == _CUT:
            break
    return text


def wrapped(text: str, width: float, lines: int = 2) -> str:
    """A text in at most so many lines of `width` pixels; words stay whole where they fit, Chinese
    breaks anywhere."""
    made: list[str] = [""]
    for piece in _pieces(text):
        if made[-1] and width_of(made[-1] + piece.rstrip()) > width:
            made.append("")
        made[-1] += piece if made[-1] else piece.lstrip()
    kept = [line.rstrip() for line in made[:lines]]
    if len(made) > lines:
        kept[-1] += _CUT
    return "\n".join(cut(line, width) for line in kept)


def _pieces(text: str) -> list[str]:
    """Words with the space behind them; a Chinese letter is a piece by itself."""
    pieces, latin = list[str](), ""
    for letter in text:
        if _is_wide(letter):
            pieces += [latin, letter] if latin else [letter]
            latin = ""
            continue
        latin += letter
        if letter == " ":
            pieces.append(latin)
            latin = ""
    return [*pieces, latin] if latin else pieces


def _width(letter: str) -> float:
    return _HAN if _is_wide(letter) else _WIDTHS.get(letter, _USUAL)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
