"""Backup and restore on both stores: a new epoch, and what the lost history may not spoil."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import UserProblem
from crm_core.ids import RecordId
from crm_server import backup as backups
from crm_server.backup import backup, start_epoch
from crm_server.checking import check_store
from crm_server.moments import parse_moment
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from tests.server.test_merging import parked_values, resolution
from tests.server.world import Acme

NEW_EPOCH = "f" * 32


def lose(acme: Acme, file: Path) -> None:
    """Go back to a backup, as `restore` does."""
    import io

    import zstandard

    with file.open("rb") as source, acme.world.store.note() as tx:
        reader = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(source), "utf-8")
        lines = backups._lines(reader, file)
        next(lines)
        given_out = backups._seq_of(tx)
        backups._replace_all(tx, lines, file)
        start_epoch(tx, NEW_EPOCH, acme.world.time, given_out)


def test_a_restored_server_holds_what_was_backed_up(acme: Acme, tmp_path: Path) -> None:
    account = acme.shared_account(phone="000")
    acme.clash(account)
    backup(acme.world.service, tmp_path / "b")
    acme.nancy.push(acme.nancy.set("account", account, industry="lost"))
    lose(acme, tmp_path / "b")
    assert check_store(acme.world.store).problems == ()
    acme.nancy.pull()
    body = acme.nancy.body("account", account)
    assert (body["phone"], body.get("industry")) == ("222", None)
    assert acme.nancy.epoch == NEW_EPOCH


def test_clients_bring_todays_edits_back_under_their_original_bases(
    acme: Acme, tmp_path: Path
) -> None:
    account = acme.shared_account(phone="000")
    backup(acme.world.service, tmp_path / "b")
    first = acme.nancy.changeset(acme.nancy.set("account", account, phone="111"))
    acme.nancy.send(first)
    second = acme.nancy.changeset(acme.nancy.set("account", account, phone="112"))
    new = acme.nancy.changeset(acme.nancy.insert("account", name="Today's"))
    acme.nancy.send(second, new)
    lose(acme, tmp_path / "b")
    acme.nancy.pull()
    answer = acme.nancy.send(first, second, new)
    assert [result.result for result in answer.results] == ["applied"] * 3
    acme.fuller.pull()
    assert acme.fuller.body("account", account)["phone"] == "112"


def test_a_base_of_lost_history_counts_for_nothing_but_its_value(
    acme: Acme, tmp_path: Path
) -> None:
    account = acme.shared_account(phone="000")
    backup(acme.world.service, tmp_path / "b")
    acme.nancy.push(acme.nancy.set("account", account, phone="111"))
    edit = acme.nancy.set("account", account, phone="112")
    lose(acme, tmp_path / "b")
    acme.nancy.pull()
    result = acme.nancy.push(edit)
    assert result.result == "conflict"  # "111" is not what stands


def asked_behind_a_backup(acme: Acme, folder: Path) -> tuple[RecordId, ChangeSet, RecordId]:
    """An account, what fuller said of its phone behind a backup, and the question that nancy, who
    said otherwise, has about it."""
    account = acme.shared_account(phone="000")
    theirs = acme.fuller.changeset(acme.fuller.set("account", account, phone="222"))
    backup(acme.world.service, folder)
    acme.fuller.send(theirs)
    conflict = acme.nancy.push(acme.nancy.set("account", account, phone="111")).changes[0]
    acme.nancy.pull()
    return account, theirs, RecordId(conflict.conflict_id)


@pytest.mark.parametrize("is_seen_again", [True, False])
def test_a_decision_about_a_question_that_was_lost_is_an_edit_like_any_other(
    acme: Acme, tmp_path: Path, is_seen_again: bool
) -> None:
    account, theirs, question = asked_behind_a_backup(acme, tmp_path / "b")
    changes = resolution(acme.nancy, question, account, "333")
    decided = acme.nancy.changeset(*changes, atomic=True)
    assert acme.nancy.send(decided).results[0].result == "applied"
    lose(acme, tmp_path / "b")
    for device in (acme.nancy, acme.fuller):
        device.pull()
    if is_seen_again:
        acme.fuller.send(theirs)
    (told,) = acme.nancy.send(decided).results
    acme.fuller.pull()
    stands = acme.fuller.body("account", account)["phone"]
    asked = [parked_values(row.body) for row in acme.fuller.of_kind("conflict")]
    if is_seen_again:
        assert (told.result, stands, asked) == ("applied", "333", [])
    else:
        assert (told.result, stands, asked) == ("conflict", "000", [["333"]])


def test_the_offer_of_a_decision_about_a_question_that_was_lost_lies_nowhere_and_says_so(
    acme: Acme, tmp_path: Path
) -> None:
    _, _, question = asked_behind_a_backup(acme, tmp_path / "b")
    close = acme.nancy.set("conflict", question, state="resolved")
    lose(acme, tmp_path / "b")
    acme.nancy.pull()
    assert acme.nancy.push(replace(close, op=Op.OFFER), atomic=True).result == "rejected"


def test_a_device_may_name_versions_it_was_given_before_the_loss(
    acme: Acme, tmp_path: Path
) -> None:
    account = acme.shared_account(phone="000")
    backup(acme.world.service, tmp_path / "b")
    late = acme.world.device("nancy")
    late.pull()
    edit = late.set("account", account, phone="111")
    lose(acme, tmp_path / "b")
    acme.world.service.register_device(late.user, late.device)  # unknown to the backup
    late.pull()
    assert late.push(edit).result == "applied"
    forged = Change("account", account, Op.SET, {"phone": "1"}, {}, 1 << 60)
    assert late.push(forged).changes[0].code == "changeset.forged"


@pytest.mark.parametrize("hours", [1, -24 * 8])
def test_seqs_of_two_restores_of_one_backup_never_meet(
    acme: Acme, tmp_path: Path, hours: int
) -> None:
    """The clock of the server may have been put right in between."""
    backup(acme.world.service, tmp_path / "b")
    seqs: list[int] = []
    for _ in range(2):
        lose(acme, tmp_path / "b")
        with acme.world.store.read() as tx:
            seqs.append(tx.clock().seq)
        acme.nancy.pull()
        acme.nancy.push(acme.nancy.insert("account", name="A"))
        acme.world.passes(hours=hours)
    assert seqs[1] > seqs[0] + 100


@pytest.fixture
def organisations(tmp_path: Path) -> Organisations:
    made = Organisations(tmp_path / "one", passwords=Passwords(memory_kib=8, passes=1))
    there = made.create("Acme", "acme")
    add_user(there.service, made.passwords, NewUser("nancy", "sesame", "rep", team="Sales"))
    return made


def test_a_backup_moves_to_another_server(organisations: Organisations, tmp_path: Path) -> None:
    rows = backup(organisations.open().service, tmp_path / "b")
    other = Organisations(tmp_path / "two")
    done = backups.restore(other, tmp_path / "b")
    assert (done.slug, done.rows, done.warnings) == ("acme", rows, ())
    with other.open("acme").service.store.read() as tx:
        assert tx.row("SELECT login FROM credential") == ("nancy",)
        assert tx.clock().epoch == done.epoch
    other.close()
    organisations.close()


def test_an_old_backup_is_taken_with_a_warning(
    organisations: Organisations, tmp_path: Path
) -> None:
    backup(organisations.open().service, tmp_path / "b")
    later = parse_moment("2030-01-01T00:00:00Z")
    assert later is not None
    other = Organisations(tmp_path / "two", clock=lambda: later + dt.timedelta(0))
    (warning,) = backups.restore(other, tmp_path / "b").warnings
    assert "60" in str(warning)
    other.close()
    organisations.close()


def test_a_cut_or_foreign_file_restores_nothing(
    organisations: Organisations, tmp_path: Path
) -> None:
    whole = tmp_path / "b"
    backup(organisations.open().service, whole)
    before = organisations.open().service.store
    for name, content in (
        ("cut", whole.read_bytes()[:-200]), ("foreign", b"PK\3\4 no backup at all"), ("empty", b""),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserProblem, match=name):
            backups.restore(organisations, tmp_path / name)
    with before.read() as tx:
        assert tx.row("SELECT login FROM credential") == ("nancy",)
    organisations.close()


def test_a_backup_never_overwrites(organisations: Organisations, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("precious")
    with pytest.raises(UserProblem):
        backup(organisations.open().service, tmp_path / "b")
    assert (tmp_path / "b").read_text() == "precious"
    organisations.close()


def test_the_servers_key_is_no_part_of_a_backup(
    organisations: Organisations, tmp_path: Path
) -> None:
    import zstandard

    backup(organisations.open().service, tmp_path / "b")
    key = (organisations.folder / "server.key").read_text().strip()
    with (tmp_path / "b").open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read().decode()
    assert key not in text
    assert '"nancy"' in text
    organisations.close()
