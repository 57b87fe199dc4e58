"""People at their devices: the client's command line on a profile of each one's own."""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from crm_desktop import paths, policy
from crm_desktop.cli.arguments import make_parser
from crm_desktop.i18n import language
from crm_desktop.keychain import Cost
from crm_desktop.profile import Machine, open_profile
from tests.e2e.processes import (
    CRM_DESKTOP,
    PASSPHRASE,
    PASSPHRASE_VARIABLE,
    Ran,
    called,
    run,
)
from tests.e2e.server import ORGANISATION, PASSWORD, Server

DONE, FAILED, USAGE, WAITS_FOR_YOU, NOT_REACHABLE, SIGNED_OUT = range(6)
"""The exit codes of the command line."""

Door: TypeAlias = "Callable[[Sequence[str], str], Ran]"
"""How a command is given: its words and its standard input."""


def as_process(words: Sequence[str], stdin: str = "") -> Ran:
    """Run the installed command as a process of its own."""
    return run([CRM_DESKTOP, *words], stdin=stdin, env={PASSPHRASE_VARIABLE: PASSPHRASE})


def inside(words: Sequence[str], stdin: str = "") -> Ran:
    """Run the same command within this process, which saves starting one.

    The parser is made once, not for each command: that would take half the time of every story.
    A profile made so has a key that is cheap to unwrap; whoever opens it later profits too.
    """
    from crm_desktop import profile
    from crm_desktop.__main__ import main
    from crm_desktop.cli import commands

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, PASSPHRASE_VARIABLE, PASSPHRASE)
        patch.setattr(profile, "this_machine", cheap_machine)
        patch.setattr(commands, "make_parser", kept_parser)
        return called(main, words, stdin)


def kept_parser(version: str) -> argparse.ArgumentParser:
    """The command line's own parser, one for each language."""
    return _parser(version, language())


@functools.cache
def _parser(version: str, _language: str) -> argparse.ArgumentParser:
    return make_parser(version)


def cheap_machine() -> Machine:
    """A machine without a keyring, on which a guess at a passphrase costs next to nothing."""
    return Machine(None, policy.read(paths.machine_policy()), Cost(1024, 1, 1))


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at one device."""

    login: str
    profile: Path
    door: Door

    def run(self, *words: str, code: int = DONE, stdin: str = "") -> Ran:
        """Give a command, which has to end with `code`."""
        ran = self.door(["--profile", str(self.profile), *words], stdin)
        assert ran.code == code, f"{self.login}: crm-desktop {' '.join(words)}: {ran}"
        return ran

    def json(self, *words: str, code: int = DONE) -> Any:
        """Give a command and read the JSON that it prints."""
        return json.loads(self.run(*words, "--json", code=code).out)

    def sign_in(self, url: str, *, password: str = PASSWORD, code: int = DONE) -> Ran:
        """Sign in at the server, for the first time or again."""
        return self.run(
            "login", "--server", url, "--organisation", ORGANISATION, "--user", self.login,
            "--password-stdin", stdin=password + "\n", code=code,
        )  # fmt: skip

    def sync(self, code: int = DONE) -> Any:
        """One full synchronisation; its counts."""
        return self.json("sync", code=code)

    def add(self, kind: str, **fields: str) -> str:
        """A new record; its id."""
        return self.json("add", kind, *_words(fields))["id"]

    def set(self, kind: str, record_id: str, **fields: str) -> Any:
        """Edit fields of a record."""
        return self.json("set", kind, record_id, *_words(fields))

    def show(self, kind: str, record_id: str) -> Any:
        """A record as this device holds it."""
        return self.json("show", kind, record_id)

    def ids(self, kind: str, *words: str) -> set[str]:
        """The ids of the records of a kind that this device lists."""
        return {row["id"] for row in self.json("list", kind, "--limit", "1000", *words)}

    def conflicts(self, record_id: str) -> list[Any]:
        """The open conflicts on one record, as this device holds them."""
        return [
            row
            for row in self.json("conflicts")
            if _names(row["record"], record_id) and row["state"] == "open"
        ]

    def conflict(self, record_id: str) -> Any:
        """The one open conflict on a record."""
        (found,) = self.conflicts(record_id)
        return found

    def integrity(self) -> str:
        """SQLite's own verdict on the file of this device: "ok", or what is wrong."""
        with (
            contextlib.closing(open_profile(self.profile, PASSPHRASE)) as profile,
            profile.store.reader() as connection,
        ):
            return connection.value("PRAGMA integrity_check")

    def status(self, code: int = DONE) -> Any:
        """What the device says of itself."""
        return self.json("status", code=code)


def _words(fields: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in fields.items()]


def _names(link: str, record_id: str) -> bool:
    return link.rpartition("/")[2] == record_id


@dataclass
class World:
    """A server and the people around it; each story brings its own people and records."""

    server: Server
    folder: Path
    door: Door
    _numbers: itertools.count[int]
    url: str = ""

    def desk(self, login: str, *, device: str = "laptop") -> Desk:
        """A device of somebody who is known at the server, signed in and up to date."""
        desk = Desk(login, self.folder / f"{login}-{device}", self.door)
        replace(desk, door=inside).sign_in(self.url or self.server.url)
        desk.sync()
        return desk

    def people(self, *roles: str) -> list[Desk]:
        """New people of one new team, one for each role, each at a device of his own."""
        team = f"Team {next(self._numbers)}"
        logins = [f"{role}{next(self._numbers)}" for role in roles]
        for login, role in zip(logins, roles, strict=True):
            self.server.add_user(login, role, team)
        return [self.desk(login) for login in logins]
