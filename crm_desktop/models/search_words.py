"""What the search index sees of a text, and of what is typed: folded words, pairs, trigrams."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from crm_desktop.models import pinyin

TRIGRAM = 3
TRIGRAMS_MAX = 18
"""Trigrams of a term that are asked for; what is found is compared with the whole term anyway."""

_TERM = re.compile(r'"([^"]+)"|(\S+)')
_RUN = re.compile(f"[{pinyin.CJK}]+|[^\\W_{pinyin.CJK}]+")
_CHINESE = re.compile(f"([{pinyin.CJK}]+)")
_OTHER = re.compile(f"[^\\W_{pinyin.CJK}]+")
_NOT_WITHIN = f"(?<![^\\W_{pinyin.CJK}])"
_CJK_FIRST = "\u3400"
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\0]+")
"""Combining marks, which nobody types, and the character at which SQLite's text would end."""
_NEVER_OF_MARKS = bytes(set(range(256)) - {0, 0xCC, 0xCD, 0xE1, 0xE2})
_LAST_MARKS = b"\xef\xb8"
"""In UTF-8 a mark begins with one of the bytes left out above, or is among the last ones. Most
texts are without, which is found out three times as fast by their bytes as by the expression."""

_UTF32 = "utf-32-le"
_SPACE = ord(" ")


def fold(text: str) -> str:
    """Text without capitals and accents: what is indexed, and what is asked for."""
    if text.isascii():
        return text.lower().replace("\0", "")
    folded = unicodedata.normalize("NFD", text.casefold())
    written = folded.encode("utf-8", "surrogatepass")
    if written.translate(None, _NEVER_OF_MARKS) or _LAST_MARKS in written:
        return _MARKS.sub("", folded)
    return folded


def terms_of(typed: str) -> list[str]:
    """What was typed as terms that must all occur; words in double quotes are one term."""
    return [one or other for one, other in _TERM.findall(typed) if (one or other).strip('"')]


def words_of(folded: str) -> str:
    """The words of a folded text, separated by spaces: Latin ones whole, Chinese ones as pairs of
    neighbours, so that one and two characters are found by one token."""
    pieces = _CHINESE.split(folded)
    others = [piece if piece.isascii() else _others(piece) for piece in pieces[::2]]
    return f"{' '.join(others)} {_pairs(pieces[1::2])}"


@lru_cache(maxsize=5_000)
def _others(piece: str) -> str:
    """The words between two Chinese runs: kept, since it is mostly the same punctuation."""
    return " ".join(run if run < _CJK_FIRST else _pairs((run,)) for run in _OTHER.findall(piece))


def _pairs(runs: Sequence[str]) -> str:
    """`王明华`, `有` as `王明 明华 华  有 `: laid side by side as numbers of characters."""
    firsts = array("I", "".join(runs).encode(_UTF32))
    seconds = array("I", "".join([run[1:] + " " for run in runs]).encode(_UTF32))
    pairs = array("I", [_SPACE]) * (3 * len(firsts))
    pairs[::3], pairs[1::3] = firsts, seconds
    return pairs.tobytes().decode(_UTF32)


def word_query(terms: Iterable[str]) -> str:
    """For FTS5: every word of the terms by its beginning, Chinese ones by their pairs; "" where
    there is no word in them."""
    asked: dict[str, None] = {}
    for run in (run for term in terms for run in _RUN.findall(fold(term))):
        if run < _CJK_FIRST or len(run) == 1:
            asked[f'"{run}"*'] = None
        else:
            asked.update(dict.fromkeys(f'"{a}{b}"' for a, b in pairwise(run)))
    return " AND ".join(asked)


def beginnings(terms: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """What a text matches where the index would find these terms by `word_query`."""
    runs = (run for term in terms for run in _RUN.findall(fold(term)))
    return tuple(
        re.compile((_NOT_WITHIN if run < _CJK_FIRST else "") + re.escape(run)) for run in runs
    )


def trigram_query(terms: Iterable[str]) -> str:
    """For FTS5: the trigrams of every term, each a token of its own; "" where one is shorter."""
    asked: dict[str, None] = {}
    for term in map(fold, terms):
        if len(term) < TRIGRAM:
            return ""
        for n in range(min(len(term) - TRIGRAM + 1, TRIGRAMS_MAX)):
            asked[_quoted(term[n : n + TRIGRAM])] = None
    return " AND ".join(asked)


def _quoted(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'
