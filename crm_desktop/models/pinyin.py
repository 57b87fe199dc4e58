"""Pinyin of names: readings with the heteronyms of surnames, and how typed letters match them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import product
from typing import Any

HETERONYM_CHARACTERS = 2
"""At how many characters from the front all readings count: surnames have one or two."""

CLAN = "氏"
"""Behind a surname, wherever it stands, as in 杭州曾氏."""

COMBINATIONS_MAX = 8
SYLLABLES_MAX = 24
SUFFIX_INITIALS = 6
"""Initials that are indexed from each later syllable on."""

CJK = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{CJK}]|[a-z0-9]+")
_HAS_CJK = re.compile(f"[{CJK}]")

Syllables = tuple[tuple[str, ...], ...]
"""For each character its readings, the most likely first; a Latin word is one of its own."""


def has_cjk(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _HAS_CJK.search(text) is not None


@cache
def _library() -> Any:
    """pypinyin costs a tenth of a second and 15 MB: loaded with the first Chinese name."""
    import pypinyin

    return pypinyin


@lru_cache(maxsize=30_000)
def _readings(character: str) -> tuple[str, ...]:
    """All readings of one character, ü as v."""
    library = _library()
    found = library.pinyin(character, style=library.Style.NORMAL, heteronym=True)
    return tuple(found[0]) if found else ()


def _umlauts(reading: str) -> tuple[str, ...]:
    """ü is typed as v, u or yu: lü is found by lv, lu and lyu."""
    reading = reading.replace("ü", "v")
    if "v" not in reading:
        return (reading,)
    return (reading, reading.replace("v", "u"), reading.replace("v", "yu"))


def _phrase(characters: str) -> tuple[str, ...]:
    """The reading of each character within its phrase."""
    return tuple(reading for word in _words(characters) for reading in _word(word))


def _words(characters: str) -> Iterable[str]:
    from pypinyin.seg import mmseg

    return mmseg.seg.cut(characters)


@lru_cache(maxsize=30_000)
def _word(word: str) -> tuple[str, ...]:
    """The reading of a word: kept, since a company's names share most of theirs."""
    library = _library()
    return tuple(library.lazy_pinyin(word, style=library.Style.NORMAL))


@lru_cache(maxsize=2_000)
def syllables(text: str) -> tuple[Syllables, tuple[str, ...]]:
    """The readings of a name, and the pieces (characters and Latin words) that they belong to."""
    pieces = tuple(_PIECE.findall(text.lower())[:SYLLABLES_MAX])
    characters = "".join(piece for piece in pieces if has_cjk(piece))
    phrase = iter(_phrase(characters)) if characters else iter(())
    found: list[tuple[str, ...]] = []
    position = 0
    for piece, behind in zip(pieces, (*pieces, "")[1:], strict=True):
        if not has_cjk(piece):
            found.append((piece,))
            continue
        readings = [next(phrase, piece)]
        if position < HETERONYM_CHARACTERS or behind == CLAN:
            readings.extend(_readings(piece))
        position += 1
        spelt = (spelling for reading in readings for spelling in _umlauts(reading))
        found.append(tuple(dict.fromkeys(spelt)))
    return tuple(found), pieces


def spellings(text: str) -> str:
    """What is indexed of a name: spelt out, its initials, and the initials from later syllables."""
    found, pieces = syllables(text)
    if not found:
        return ""
    front, rest = found[:HETERONYM_CHARACTERS], found[HETERONYM_CHARACTERS:]
    tail = "".join(readings[0] for readings in rest)
    initials = [_initial(readings[0], piece) for readings, piece in zip(found, pieces, strict=True)]
    words: dict[str, None] = {}
    for combination in _likely(front):
        words["".join(combination) + tail] = None
        first = map(_initial, combination, pieces)
        words["".join((*first, *initials[len(front) :]))] = None
    for start in range(1, len(found)):
        rest_of_it = "".join(initials[start + 1 : start + SUFFIX_INITIALS])
        for reading in found[start]:
            words[_initial(reading, pieces[start]) + rest_of_it] = None
    return " ".join(words)


def _initial(reading: str, piece: str) -> str:
    """What is typed for a character in short; a Latin word is typed whole."""
    return reading if reading == piece else reading[0]


def _likely(front: Syllables) -> list[tuple[str, ...]]:
    """The combinations of readings, those of the most likely readings first."""
    ranked = sorted(product(*map(enumerate, front)), key=lambda pairs: sum(n for n, _ in pairs))
    return [tuple(reading for _, reading in pairs) for pairs in ranked[:COMBINATIONS_MAX]]


def matches_at(text: str, typed: str) -> int | None:
    """At which syllable of a name the typed letters and characters match; None: nowhere.

    Each syllable is matched by itself, by its reading or by any beginning of it.
    """
    found = match(text, typed)
    return None if found is None else found[0]


def match(text: str, typed: str) -> tuple[int, tuple[str, ...]] | None:
    """As `matches_at`, with what each syllable from there on was taken for: its reading, or the
    piece itself; None: nowhere."""
    found, pieces = syllables(text)
    plain = typed.lower().replace(" ", "").replace("'", "")
    for start in range(len(pieces)):
        taken = _matches(found, pieces, start, plain)
        if taken is not None:
            return start, taken
    return None


def _matches(
    found: Syllables, pieces: Sequence[str], at: int, typed: str
) -> tuple[str, ...] | None:
    if not typed:
        return ()
    if at == len(pieces):
        return None
    piece = pieces[at]
    if typed.startswith(piece):
        rest = _matches(found, pieces, at + 1, typed[len(piece) :])
        if rest is not None:
            return (piece, *rest)
    for reading in found[at]:
        length = _common(reading, typed)
        # The longest beginning first: "zeng" is one syllable before it is four initials.
        for taken in range(length, 0, -1):
            rest = _matches(found, pieces, at + 1, typed[taken:])
            if rest is not None:
                return (reading, *rest)
    return None


def spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where the pieces of `syllables` stand in the text: first and behind the last character."""
    found = (each.span() for each in _PIECE.finditer(text.lower()))
    return tuple(found)[:SYLLABLES_MAX]


def toned(character: str, reading: str) -> str:
    """A reading as it is written, with its tone: "zeng" of 曾 is "zēng"; "" where it is none."""
    library = _library()
    plain = library.pinyin(character, style=library.Style.NORMAL, heteronym=True)
    marked = library.pinyin(character, style=library.Style.TONE, heteronym=True)
    known = zip(plain[0], marked[0], strict=False) if plain and marked else ()
    return next((tone for bare, tone in known if reading in _umlauts(bare.replace("ü", "v"))), "")


def _common(reading: str, typed: str) -> int:
    length = 0
    for one, other in zip(reading, typed, strict=False):
        if one != other:
            break
        length += 1
    return length


_INITIAL = re.compile(r"[a-z0-9]")
_SYLLABLE = re.compile(
    "zhuang|shuang|chuang|zhuan|zhuai|zhong|zheng|zhang|xiong|xiang|shuan|shuai|sheng|shang|"
    "qiong|qiang|niang|liang|kuang|jiong|jiang|huang|guang|chuan|chuai|chong|cheng|chang|"
    "[bpmfdtnlgkhjqxzcsryw]h?[iuvy]?(?:ang|eng|ing|ong|ian|iao|uan|uai|ai|ei|ao|ou|an|en|in|un|"
    "ia|ie|iu|ua|ui|uo|ve|ue|vn|er|a|o|e|i|u|v)|ang|eng|ai|ei|ao|ou|an|en|er|a|o|e"
)


def initials_of(typed: str, most: int = 8) -> list[str]:
    """The initials that typed letters can stand for: "zenggq" for "zgq", and as typed."""
    plain = typed.lower().replace(" ", "").replace("'", "")
    if not plain.isascii() or not all(map(_INITIAL.match, plain)):
        return []
    found: dict[str, None] = {}
    _split(plain, "", found, most)
    found[plain] = None
    return list(found)


def _split(rest: str, so_far: str, found: dict[str, None], most: int) -> None:
    if len(found) >= most:
        return
    if not rest:
        found[so_far] = None
        return
    match = _SYLLABLE.match(rest)
    if match is not None:
        longest = match.end()
        for length in range(longest, 1, -1):
            if _SYLLABLE.fullmatch(rest[:length]):
                _split(rest[length:], so_far + rest[0], found, most)
    _split(rest[1:], so_far + rest[0], found, most)
