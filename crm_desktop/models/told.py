"""What a person was told once for good: the names of it, as JSON under a name of their own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from crm_desktop.models.store import Store


def told(store: Store, name: str) -> frozenset[str] | None:
    """What was told already; None where nobody has looked yet."""
    kept = store.meta(name)
    return None if kept is None else frozenset(msgspec.json.decode(kept, type=list[str]))


def note_told(store: Store, name: str, known: Iterable[str]) -> None:
    """All of `known` is told from now on; what is not among it is forgotten, as it is gone."""
    store.set_meta(name, msgspec.json.encode([*known]).decode())
