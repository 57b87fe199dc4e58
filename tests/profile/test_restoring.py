"""A backup with another key takes a profile's place in one step, whenever the machine dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import CrmError
from crm_desktop import profile, signing
from crm_desktop.cli.backups import restore_backup, write_backup
from crm_desktop.models import attaching, file_states, journal
from crm_desktop.models.outbox import Outbox
from tests.profile.test_profile import Office, sign_in

STEPS = ("set_aside", "write_atomically", "point_to", "save")


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office()
    monkeypatch.setattr(signing, "_ask", made.ask)
    return made


@pytest.fixture
def backup(office: Office, tmp_path: Path) -> Path:
    """Of another device of hers, with work that it had not sent."""
    with closing(sign_in(tmp_path / "other", phrase="other")) as opened:
        change = Change("account", opened.store.new_id(), Op.INSERT, {"name": "Alfreds"})
        journal.commit(opened.store, [change], label="New")
        write_backup(opened, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies_at", range(6))
def test_a_kill_while_a_backup_is_restored_leaves_a_profile_that_opens(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int, after: bool
) -> None:
    folder = tmp_path / "mine"
    sign_in(folder).close()
    with monkeypatch.context() as patched:
        _let_die(patched, dies_at, after=after)
        with suppress(Killed):
            restore_backup(folder, backup, "other")
    opened = [one for phrase in ("p", "other") for one in _opened(folder, phrase)]
    assert len(opened) == 1, "one of the two, whole"
    with closing(opened[0]) as one:
        assert one.store.identity.user == one.settings.user
        unsent = Outbox(one.store).unsent()
        assert (b"Alfreds" in unsent) == (one.store.identity.device == _device(tmp_path / "other"))
        assert one.settings.device == one.store.identity.device


def _opened(folder: Path, phrase: str) -> Iterator[profile.Profile]:
    with suppress(CrmError):
        yield profile.open_profile(folder, phrase)


def _device(folder: Path) -> str:
    return profile.required_settings(folder).device


def _let_die(patched: pytest.MonkeyPatch, dies_at: int, *, after: bool) -> None:
    """Before or after the n-th of the steps that change what lies in the folder."""
    count = iter(range(1000))

    def dying(step: Any) -> Any:
        def run(*arguments: Any) -> Any:
            is_last = next(count) == dies_at
            if is_last and not after:
                raise Killed
            done = step(*arguments)
            if is_last:
                raise Killed
            return done

        return run

    for name in STEPS:
        patched.setattr(profile, name, dying(getattr(profile, name)))


def test_an_attached_file_that_was_not_sent_comes_with_the_backup(
    office: Office, tmp_path: Path
) -> None:
    with closing(sign_in(tmp_path / "other", phrase="other")) as opened:
        account = opened.store.new_id()
        change = Change("account", account, Op.INSERT, {"name": "Alfreds"})
        journal.commit(opened.store, [change], label="New")
        made = [
            attaching.attach_bytes(opened.store, opened.blobs, ("account", account), content, "a")
            for content in (b"unsent", b"sent")
        ]
        with opened.store.writing() as c:
            file_states.note_sent(c, made[1].sha256)
        write_backup(opened, tmp_path / "backup.zip")
    restore_backup(tmp_path / "mine", tmp_path / "backup.zip", "other")
    with closing(profile.open_profile(tmp_path / "mine", "other")) as restored:
        assert restored.blobs.read(made[0].sha256, 100) == b"unsent"
        attaching.tidy(restored.store, restored.blobs, restored.store.clock())
        with restored.store.reader() as c:
            stand = [file_states.file_of(c, one.sha256).state.value for one in made]
        assert stand == ["queued", "absent"]


def test_after_a_restore_the_server_is_not_thought_to_have_the_key_and_no_key_is_forgotten(
    backup: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    with closing(sign_in(folder)) as opened:
        before = opened.settings
    assert before.escrowed
    restore_backup(folder, backup, "other")
    now = profile.required_settings(folder)
    assert (now.escrowed, now.former_keys) == ("", (before.key_name,))
