"""What a command works with: the words it was given, the profile, and where it answers."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from crm_core.catalog import entity_of
from crm_core.entity import Entity
from crm_core.errors import NotFound
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_desktop.cli.arguments import Arguments
from crm_desktop.cli.report_forms import Press
from crm_desktop.i18n import tr
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.profile import PassphraseNeeded, Profile, open_profile

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

CELL_WIDTH_MAX = 40
ID_PREFIX_MIN = 8


@dataclass
class Desk:
    """One call of the command line."""

    arguments: Arguments
    passphrase: str | None = None
    press: Press | None = None

    @property
    def entity(self) -> Entity:
        """The entity of the kind that the command names."""
        return entity_of(self.arguments.kind)

    @contextmanager
    def profile(self) -> Generator[Profile]:
        """The profile, open; a person at a terminal is asked for a passphrase that is missing."""
        try:
            opened = open_profile(self.arguments.folder, self.passphrase)
        except PassphraseNeeded:
            if not sys.stdin.isatty():
                raise
            self.passphrase = ask(tr("Passphrase: "))
            opened = open_profile(self.arguments.folder, self.passphrase)
        try:
            yield opened
        finally:
            opened.close()

    def record(self, c: Connection) -> Row:
        """The record that KIND and ID name (an id, its beginning, or a unique label)."""
        kind, text = self.entity.kind, self.arguments.id.strip()
        plain = text.lower().replace("-", "")
        if is_id(plain):
            found = [RecordId(plain)]
        else:
            found = labels.find_by_prefix(c, kind, plain) if _may_be_prefix(plain) else []
            found = found or labels.find_by_label(c, kind, text)
        row = queries.record(c, kind, found[0]) if len(found) == 1 else None
        if row is None:
            several = len(found) > 1
            raise NotFound(
                tr_noop("Several {kind} records are meant by '{id}'; name one by its whole id.")
                if several
                else tr_noop("There is no {kind} '{id}' here, or you may not see it."),
                kind=kind,
                id=text[:60],
            )
        return row

    def answer(self, data: Json, human: Iterable[str]) -> None:
        """Print the result: as JSON where that was asked for, else in words."""
        if self.arguments.json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
            return
        for line in human:
            sys.stdout.write(line + "\n")

    def remark(self, text: str) -> None:
        """Say something that is not the result; programs that read JSON are spared it."""
        if not self.arguments.json:
            sys.stderr.write(text + "\n")


def ask(prompt: str) -> str:
    """A secret typed at the terminal, unseen."""
    import getpass

    return getpass.getpass(prompt)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows in columns that stand below each other, Chinese characters being two wide."""
    cells = [[_one_line(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    while _width(words) > CELL_WIDTH_MAX:
        words = words[: -2 if not words.endswith("…") else -3] + "…"
    return words


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _may_be_prefix(text: str) -> bool:
    return len(text) >= ID_PREFIX_MIN and all(letter in "0123456789abcdef" for letter in text)
