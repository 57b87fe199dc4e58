"""Pinyin of names: readings with the heteronyms of surnames, and how typed letters match them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, product

from crm_desktop.models import readings

HETERONYM_CHARACTERS = 2
"""At how many characters from the front all readings count: surnames have one or two."""

CLAN = "氏"
"""Behind a surname, wherever it stands, as in 杭州曾氏."""

COMBINATIONS_MAX = 8
SYLLABLES_MAX = 24
SUFFIX_INITIALS = 6
"""Initials that are indexed from each later syllable on."""

LETTERS_MAX = 32
"""Letters of a spelling that are indexed; the rest is compared with the name itself."""

CJK = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{CJK}]|[a-z0-9]+")
_RUN = re.compile(rf"[{CJK}]+|[a-z0-9]+")
_HAS_CJK = re.compile(f"[{CJK}]")
_CJK_FIRST = "\u3400"

Syllables = tuple[tuple[str, ...], ...]
"""For each character its readings, the most likely first; a Latin word is one of its own."""


def plain(typed: str) -> str:
    """Typed letters without capitals, spaces and apostrophes."""
    return typed.lower().replace(" ", "").replace("'", "")


def has_cjk(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _HAS_CJK.search(text) is not None


@lru_cache(maxsize=2_000)
def _umlauts(reading: str) -> tuple[str, ...]:
    """ü is typed as v, u or yu: lü is found by lv, lu and lyu."""
    if "v" not in reading:
        return (reading,)
    return (reading, reading.replace("v", "u"), reading.replace("v", "yu"))


@lru_cache(maxsize=10_000)
def _phrase(characters: str) -> Syllables:
    """The reading of each character within its phrase. The ends of companies' names are kept, since
    thousands share them."""
    if not characters:
        return ()
    first = readings.first_phrase(characters)
    return _known(first) + _phrase(characters[len(first) :])


@lru_cache(maxsize=30_000)
def _known(phrase: str) -> Syllables:
    """The reading of a phrase: kept, since a company's names share most of theirs."""
    return tuple(map(_umlauts, readings.of_phrase(phrase)))


@lru_cache(maxsize=2_000)
def syllables(text: str) -> tuple[Syllables, tuple[str, ...]]:
    """The readings of a name, and the pieces (characters and Latin words) that they belong to."""
    found, pieces, _ = _read(text)
    return tuple(found), tuple(pieces)


def _read(text: str) -> tuple[list[tuple[str, ...]], list[str], list[int]]:
    """The readings of each piece of a name, the pieces, and which of them are Latin words."""
    pieces: list[str] = []
    chinese: list[str] = []
    words: list[int] = []
    for run in _RUN.findall(text.lower()):
        if run < _CJK_FIRST:
            words.append(len(pieces))
            pieces.append(run)
        else:
            chinese.append(run)
            pieces += run
    if len(pieces) > SYLLABLES_MAX:
        del pieces[SYLLABLES_MAX:]
        words = [n for n in words if n < SYLLABLES_MAX]
    characters = "".join(chinese)[: len(pieces) - len(words)]
    found = [*_phrase(characters)]
    for n, character in enumerate(characters[:HETERONYM_CHARACTERS]):
        found[n] = _all_spelt(character, found[n][0])
    if CLAN in characters:
        places = (n for n, piece in enumerate(pieces) if piece >= _CJK_FIRST)
        for n, place in enumerate(places):
            if pieces[place + 1 : place + 2] == [CLAN]:
                found[n] = _all_spelt(characters[n], found[n][0])
    for n in words:
        found.insert(n, (pieces[n],))
    return found, pieces, words


@lru_cache(maxsize=30_000)
def _all_spelt(character: str, reading: str) -> tuple[str, ...]:
    """All readings of a character, that of its phrase first."""
    known = (reading, *map(readings.bare, readings.toned(character)))
    return tuple(dict.fromkeys(spelling for one in known for spelling in _umlauts(one)))


def spellings(text: str) -> str:
    """What is indexed of a name: spelt out, its initials, and the initials from later syllables."""
    found, pieces, latin = _read(text)
    if not found:
        return ""
    initials = [one[0][0] for one in found]
    for n in latin:
        initials[n] = pieces[n]
    front = tuple(pieces[:HETERONYM_CHARACTERS])
    wholes, shorts = _fronts(tuple(found[:HETERONYM_CHARACTERS]), front)
    tail = "".join([one[0] for one in found[HETERONYM_CHARACTERS:]])
    words = [(whole + tail)[:LETTERS_MAX] for whole in wholes]
    letters = "".join(initials)
    begins = [*accumulate(map(len, initials))]  # of the second syllable, the third, …, the end
    tail = letters[begins[len(front) - 1] :]
    words += [(short + tail)[:LETTERS_MAX] for short in shorts]
    ends = begins[SUFFIX_INITIALS:] + begins[-1:] * SUFFIX_INITIALS
    rests = [letters[begin:end] for begin, end in zip(begins[:-1], ends, strict=False)]
    if len(letters) > LETTERS_MAX:
        rests = [rest[:LETTERS_MAX] for rest in rests]
    words += rests
    for rest, one in zip(rests, found[1:], strict=True):
        if len(one) > 1:
            words += [reading[0] + rest[1:] for reading in one[1:]]
    return " ".join(words)


@lru_cache(maxsize=30_000)
def _fronts(front: Syllables, pieces: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The combinations of readings at the front, those of the most likely readings first: spelt
    out, and in short. What is typed for a character in short is its initial; a Latin word is typed
    whole."""
    ranked = sorted(product(*map(enumerate, front)), key=lambda pairs: sum(n for n, _ in pairs))
    combinations = [[reading for _, reading in pairs] for pairs in ranked[:COMBINATIONS_MAX]]
    wholes = dict.fromkeys("".join(one) for one in combinations)
    shorts = dict.fromkeys(
        "".join([x if x == piece else x[0] for x, piece in zip(one, pieces, strict=True)])
        for one in combinations
    )
    return tuple(wholes), tuple(shorts)


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
    letters = plain(typed)
    for start in range(len(pieces)):
        taken = _matches(found, pieces, start, letters)
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
    known = readings.toned(character)
    return next((tone for tone in known if reading in _umlauts(readings.bare(tone))), "")


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
    letters = plain(typed)
    if not letters.isascii() or not all(map(_INITIAL.match, letters)):
        return []
    found: dict[str, None] = {}
    _split(letters, "", found, most)
    found[letters] = None
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
