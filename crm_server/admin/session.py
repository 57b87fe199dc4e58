"""What the commands share: the open organisations, answers, and how commands are declared."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from crm_server.organisations import Organisation, Organisations

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command prints: words for a person, or data with `--json`."""

    words: str
    data: Json


class Session:
    """One run of the command line."""

    def __init__(self, data: Path, database_url: str, slug: str) -> None:
        self.data = data
        self.database_url = database_url
        self._slug = slug
        self.organisations = Organisations(data, database_url)

    @property
    def organisation(self) -> Organisation:
        """The organisation that the command is about."""
        return self.organisations.open(self._slug)

    def close(self) -> None:
        """Give back what was opened."""
        self.organisations.close()


Run = Callable[[Session, argparse.Namespace], Answer | None]


class Commands(Protocol):
    """Where commands are declared: what argparse gives for sub-commands."""

    def add_parser(
        self, name: str, *, help: str = ..., description: str = ...
    ) -> argparse.ArgumentParser:
        """Declare one more."""
        ...


def command(commands: Commands, name: str, run: Run, help_text: str) -> argparse.ArgumentParser:
    """Declare a command."""
    made = commands.add_parser(name, help=help_text, description=help_text)
    made.add_argument("--json", action="store_true", help="print JSON")
    made.set_defaults(run=run)
    return made
