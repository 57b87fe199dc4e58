"""Long text that several people write at once: what one side added, the other cannot take away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.simulator.ledger import Place, Said


def lost(
    said: Said, place: Place, before: Any, after: Any, earlier: Iterable[Said] = (),
    merged: Iterable[Place] = (),
) -> Iterator[str]:  # fmt: skip
    """Lines that stood there, that the author of the next text never had before his eyes, and that
    are gone with it. What he typed over had stood on what he typed `earlier`, the last first;
    `merged`: places in records that gave their place to this one."""
    texts = [x for one in (place, *merged) for change in typed_at(said, one) for x in change]
    for one in earlier:
        for old, new in typed_at(one, place):
            texts += (old, new) if new in texts else ()
    saw = _lines(*texts)
    left = _lines(after)
    return (line for line in sorted(_lines(before)) if line not in saw and line not in left)


def holds(said: Said, place: Place, text: Any) -> bool:
    """Whether a text has every line that a changeset adds there."""
    there = _lines(text)
    return all(_lines(new) - _lines(old) <= there for old, new in typed_at(said, place))


def typed_at(said: Said, place: Place) -> Iterator[tuple[Any, Any]]:
    """(old, new) of each change there."""
    for change in said.changeset.changes:
        if (change.kind, change.id) == place[:2] and place[2] in change.new:
            yield change.old.get(place[2]), change.new[place[2]]


def takes_away(line: str, old: Any, new: Any) -> bool:
    """Whether a text that stands for another one lacks a line of it."""
    return line in _lines(old) - _lines(new)


def _lines(*texts: Any) -> frozenset[str]:
    return frozenset(line for text in texts if text for line in str(text).splitlines())
