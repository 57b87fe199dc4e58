"""How Chinese characters are read, alone and in phrases: pypinyin's tables, kept small.

pypinyin itself holds them in 56 MB of dictionaries. Here its phrases stand behind their first
character in one text each, beside the place in the library's file where their reading stands: it
is looked up when a name needs it. 5 MB.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # For whoever packs the program: its tables are needed.
    import pypinyin  # noqa: F401  # pyright: ignore[reportUnusedImport]

_CHARACTER = re.compile(rb'"(\d+)":\s*"([^"]*)"')
_PHRASE = re.compile(rb'"([^"]+)":')
_READING = re.compile(rb'\[\s*"([^"]*)"')
_DIAERESIS = "\u0308"
_END = "\n"
"""Around each phrase in the text of its first character."""

FIRST_CHARACTERS_KEPT = 1_000
"""Characters of which it is kept in some 3 kB what phrases go on with: those that names begin with,
and the rest of a company's name."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """`characters` in their order, of each the place of its readings in `spelt`; of the phrases the
    rests by their first character and, in the same order, where in `text` their readings begin."""

    characters: str
    places: tuple[int, ...]
    spelt: tuple[str, ...]
    rests: dict[str, str]
    begins: dict[str, array[int]]
    text: bytes


def toned(character: str) -> tuple[str, ...]:
    """All readings of a character with their tones, the most likely first; () if unknown."""
    tables = _tables()
    at = bisect_left(tables.characters, character)
    if at == len(tables.characters) or tables.characters[at] != character:
        return ()
    return tuple(tables.spelt[tables.places[at]].split(","))


@cache
def bare(reading: str) -> str:
    """A reading without its tone, ü as v."""
    parts = unicodedata.normalize("NFD", reading.replace("ü", "v"))
    kept = "".join(x for x in parts if x == _DIAERESIS or not unicodedata.combining(x))
    return kept.replace("u" + _DIAERESIS, "v")


def first_phrase(characters: str) -> str:
    """The longest phrase that a text begins with; its first character where that begins none."""
    begun = _begun_with(characters[0])
    end = 1
    for behind in range(2, len(characters) + 1):
        begins_at = begun.get(characters[1:behind])
        if begins_at is None:
            break
        if begins_at:
            end = behind
    return characters[:end]


@lru_cache(maxsize=FIRST_CHARACTERS_KEPT)
def _begun_with(first: str) -> Mapping[str, int]:
    """Every beginning of what follows a character in its phrases; where the reading of the phrase
    begins that ends there, 0 where none does."""
    tables = _tables()
    if first not in tables.rests:
        return {}
    rests = tables.rests[first].split(_END)
    begun = {rest[:length]: 0 for rest in rests for length in range(1, len(rest))}
    return begun | dict(zip(rests, tables.begins[first], strict=True))


def of_phrase(phrase: str) -> tuple[str, ...]:
    """How the characters of a phrase are read in it, without tones."""
    begins_at = _begun_with(phrase[0]).get(phrase[1:], 0)
    if not begins_at:
        return tuple(bare((toned(character) or (character,))[0]) for character in phrase)
    found = islice(_READING.finditer(_tables().text, begins_at), len(phrase))
    return tuple(bare(reading[1].decode()) for reading in found)


@cache
def _tables() -> _Tables:
    package = find_spec("pypinyin")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0])
    known = dict(_characters(folder / "pinyin_dict.json"))
    characters = "".join(sorted(known))
    numbers = {spelt: n for n, spelt in enumerate(dict.fromkeys(known.values()))}
    places = tuple(numbers[known[character]] for character in characters)
    rests: dict[str, list[str]] = {}
    begins: dict[str, array[int]] = {}
    text = (folder / "phrases_dict.json").read_bytes()
    for found in _PHRASE.finditer(text):
        phrase = found[1].decode()
        rests.setdefault(phrase[0], []).append(phrase[1:])
        begins.setdefault(phrase[0], array("I")).append(found.end())
    joined = {first: _END.join(some) for first, some in rests.items()}
    return _Tables(characters, places, tuple(numbers), joined, begins, text)


def _characters(file: Path) -> Iterator[tuple[str, str]]:
    for found in _CHARACTER.finditer(file.read_bytes()):
        yield chr(int(found[1])), found[2].decode()
