"""A profile made without a server, and the command line on it, within this process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_core.wire import Mark, Page, SignInResponse, WireRow
from crm_desktop import keychain, profile, signing
from crm_desktop.__main__ import main
from crm_desktop.keychain import Cost, Secrets
from crm_desktop.models.outbox import Outbox
from crm_desktop.settings import Settings

PASSPHRASE = "a long passphrase"
NANCY, ANDREW, JANET = (RecordId(digit * 32) for digit in "123")
PEOPLE = {NANCY: "nancy", ANDREW: "fuller", JANET: "janet"}
DEVICE = DeviceId("d" * 32)
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens on the discard port."""


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


@dataclass
class Counter:
    """nancy's profile; `run` gives a command."""

    folder: Path
    seq: int = 0

    def run(self, *words: str, stdin: str = "", passphrase: str | None = PASSPHRASE) -> Ran:
        """Give a command as the shell would."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            if passphrase is not None:
                patch.setenv("CRM_DESKTOP_PASSPHRASE", passphrase)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                try:
                    code = main(["--profile", str(self.folder), *words])
                except SystemExit as ended:
                    code = int(ended.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    def did(self, *words: str) -> Any:
        """Give a command that has to succeed; its JSON."""
        ran = self.run(*words, "--json")
        assert ran.code == 0, ran
        return ran.json

    def add(self, kind: str, *fields: str) -> str:
        """A new record; its id."""
        return self.did("add", kind, *fields)["id"]

    def receive(self, kind: str, rows: Mapping[RecordId, Mapping[str, Value]]) -> None:
        """Let rows come in as a synchronisation would bring them."""
        self.seq += 1
        page = Page(kind, tuple(WireRow(key, self.seq, {**body}) for key, body in rows.items()))
        with contextlib.closing(profile.open_profile(self.folder, PASSPHRASE)) as opened:
            Outbox(opened.store).apply([page], Mark(self.seq))


def open_counter(folder: Path) -> Counter:
    """A new profile of nancy's, whose colleagues are known."""
    settings = Settings(NOWHERE, "acme", "nancy", NANCY, DEVICE, "passphrase", "k" * 32)
    secrets = Secrets.fresh()
    wrapped = keychain.wrap("k" * 32, secrets, PASSPHRASE, Cost(1024, 1, 1))
    answer = SignInResponse(
        "access", "refresh", 900, NANCY, DEVICE, "acme", "2026-11-22T08:00:00Z", "epoch", "rep"
    )
    signing._found(folder, settings, secrets, wrapped, answer).close()
    counter = Counter(folder)
    counter.receive("user", {key: {"login": name, "name": name} for key, name in PEOPLE.items()})
    return counter
