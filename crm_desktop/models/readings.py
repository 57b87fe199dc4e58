"""How Chinese characters are read, alone and in phrases: pypinyin's tables, kept small.

pypinyin itself holds them in 56 MB of dictionaries. Here its phrases stand behind their first
character in one text each, and only those are spelt out that are read otherwise than character by
character: 5 MB.
"""

from __future__ import annotations

import mmap
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # For whoever packs the program: its tables are needed.
    import pypinyin  # noqa: F401  # pyright: ignore[reportUnusedImport]

_CHARACTER = re.compile(rb'"(\d+)":\s*"([^"]*)"')
_PHRASE = re.compile(rb'"([^"]+)":\s*\[((?:\s*\[[^\[\]]*\],?)+)\s*\]')
_READING = re.compile(rb'\[\s*"([^"]*)"')
_DIAERESIS = "\u0308"
_END = "\n"
"""Around each phrase in the text of its first character."""

FIRST_CHARACTERS_KEPT = 1_000
"""Characters of which it is kept in some 3 kB what phrases go on with: those that names begin with,
and the rest of a company's name."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """`characters` in their order, of each the place of its readings in `spelt`; the rests of the
    phrases by their first character; phrases that are not read character by character."""

    characters: str
    places: tuple[int, ...]
    spelt: tuple[str, ...]
    rests: dict[str, str]
    phrases: dict[str, str]


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
        is_whole = begun.get(characters[1:behind])
        if is_whole is None:
            break
        if is_whole:
            end = behind
    return characters[:end]


@lru_cache(maxsize=FIRST_CHARACTERS_KEPT)
def _begun_with(first: str) -> Mapping[str, bool]:
    """Every beginning of what follows a character in its phrases; whether a phrase ends there."""
    rests = _tables().rests.get(first, "").split(_END)
    begun = {rest[:length]: False for rest in rests for length in range(1, len(rest))}
    return begun | dict.fromkeys(filter(None, rests), True)


def of_phrase(phrase: str) -> tuple[str, ...]:
    """How the characters of a phrase are read in it, without tones."""
    special = _tables().phrases.get(phrase)
    if special is not None:
        return tuple(special.split(" "))
    return tuple(bare((toned(character) or (character,))[0]) for character in phrase)


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
    special: dict[str, str] = {}
    for phrase, spelt in _phrases(folder / "phrases_dict.json"):
        rests.setdefault(phrase[0], []).append(phrase[1:])
        if any(
            bare(known.get(one, one).partition(",")[0]) != bare(reading)
            for one, reading in zip(phrase, spelt, strict=True)
        ):
            special[phrase] = " ".join(map(bare, spelt))
    joined = {first: _END + _END.join(found) + _END for first, found in rests.items()}
    return _Tables(characters, places, tuple(numbers), joined, special)


def _characters(file: Path) -> Iterator[tuple[str, str]]:
    for found in _CHARACTER.finditer(file.read_bytes()):
        yield chr(int(found[1])), found[2].decode()


def _phrases(file: Path) -> Iterator[tuple[str, list[str]]]:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for found in _PHRASE.finditer(text):
            yield found[1].decode(), [x.decode() for x in _READING.findall(found[2])]
