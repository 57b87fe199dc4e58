"""Mutations of JSON that keep it JSON most of the time: one value replaced, moved, or left out."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**62, 2**63 - 1, 2**63, -(2**63) - 1, 10**30,
    1.5, 1e308, "", "\x00", "a\x00b", "0" * 32, "f" * 32, "A" * 32, "0" * 31, "../..", "%s", "{0}",
    "'", '"', "a" * 300, "世" * 70_000, "ﬁ", "\u202e", "\u0085", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "2026-02-30", "1e999999", "NaN", "-0",
    "12.345JPY", "999999999999999", "account/" + "0" * 32, [], {}, [[]], {"": ""}, [None],
    ["b", "a"], ["a", "a"], ["a,b"], "insert", "set", "add", "remove", "delete", "restore", "acme",
)  # fmt: skip

_RAW = (b'"\\ud800"', b"1E400", b"-0", b"1" * 400, b"1" * 5000, b'"\xff"', b"NaN", b"[" * 200)


def mutate(data: bytes, rng: random.Random, size_max: int) -> bytes:
    """A relative of `data`; lines are messages of their own. Not JSON: unchanged."""
    lines = data.split(b"\n")
    index = rng.randrange(len(lines))
    head, line = (lines[index][:1], lines[index][1:]) if index == 0 else (b"", lines[index])
    if head in (b"{", b"["):
        head, line = b"", head + line
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return data
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _changed(value, rng)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    if rng.random() < 0.05:
        text = _raw(text, rng)
    lines[index] = head + text
    if rng.random() < 0.1:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    elif rng.random() < 0.05 and len(lines) > 1:
        del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)[:size_max]


def _raw(text: bytes, rng: random.Random) -> bytes:
    """What `json` would not write: a number, or a key twice."""
    colon = rng.choice([n for n, byte in enumerate(text) if byte == ord(":")] or [0])
    end = min((n for mark in b",}" if (n := text.find(mark, colon)) >= 0), default=len(text))
    return text[: colon + 1] + rng.choice(_RAW) + text[end:]


def _changed(value: Any, rng: random.Random) -> Any:
    places = list(_places(value))
    if not places:
        return _nasty(rng)
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0 | 1:
            holder[key] = _nasty(rng)
        case 2:
            other, at = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[at]))
        case 3:
            del holder[key]
        case 4 if isinstance(holder, list):
            holder.insert(
                rng.randrange(len(holder) + 1), copy.deepcopy(rng.choice([*holder, *NASTY]))
            )
        case 4:
            other, at = rng.choice(places)
            holder[str(at)] = json.loads(json.dumps(other[at]))
        case _:
            holder[key] = _bent(holder[key], rng)
    return value


def _nasty(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(NASTY))


def _bent(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool) or value is None:
        return _nasty(rng)
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 2, -value, 256, 2**32))
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        piece = rng.choice(("", "0", "\x00", " ", ",", "é", "\u202e", "'", "\n", "=", value[:8]))
        return value[:at] + piece + value[at + rng.randrange(2) :]
    return [value]


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            yield from _places(value[key])
