"""Marking words for translation; the looking-up lives with whoever shows them."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from typing_extensions import override

Param: TypeAlias = "str | int | Message"


def tr_noop(text: str) -> str:
    """Mark `text` for the translators and return it unchanged."""
    return text


class Message(msgspec.Struct, frozen=True):
    """A sentence for a person: an English template with `{named}` places and what fills them."""

    template: str
    params: dict[str, Param] = msgspec.field(default_factory=dict[str, Param])

    @override
    def __str__(self) -> str:
        return self.template.format(**{name: str(value) for name, value in self.params.items()})
