"""Photos attached without a network arrive once each, byte for byte, whoever is killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import time
from pathlib import Path

import pytest

from crm_core.ids import RecordId
from crm_desktop.models import attaching
from crm_desktop.profile import open_profile
from crm_desktop.sync.file_calls import FileCalls
from crm_desktop.sync.file_runner import FileRunner
from tests.e2e import processes
from tests.e2e.people import FAILED, NOT_REACHABLE, PASSPHRASE, PASSPHRASE_VARIABLE, Desk, World

PHOTOS = int(os.environ.get("CRM_PHOTOS", "24"))
KILLS = int(os.environ.get("CRM_PHOTO_KILLS", "6"))
SEED = 20261122
SIZES = (0, 1, 30_000, 1024 * 1024, 2_500_000)
PATIENCE_S = 110.0


def photo(folder: Path, number: int, rng: random.Random) -> Path:
    """A file of one of the sizes at which something may go wrong; none is like another."""
    size = SIZES[number] if number < len(SIZES) else rng.randrange(20_000, 3_000_000)
    path = folder / f"photo {number:03}.jpg"
    path.write_bytes(rng.randbytes(size))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_travels_from_one_person_to_another(world: World, tmp_path: Path) -> None:
    rep, lead, stranger = world.people("rep", "lead", "rep")
    account = rep.add("account", name="Alfreds")
    path = photo(tmp_path, 4, random.Random(1))
    made = rep.json("attach", "account", account, str(path))
    assert made["kind"] == "attachment"
    assert rep.status()["pending"] == 2
    done = rep.sync()
    assert (done["pushed"], done["verified"]) == (2, True)
    assert rep.status()["pending"] == 0
    lead.sync()
    assert lead.show("attachment", made["id"])["sha256"] == sha256(path)
    (tmp_path / "in").mkdir()
    got = lead.json("fetch-attachment", made["id"], str(tmp_path / "in"))
    assert got["file"] == str(tmp_path / "in" / path.name)
    assert sha256(Path(got["file"])) == sha256(path)
    assert (
        "exists already"
        in lead.run("fetch-attachment", made["id"], str(tmp_path / "in"), code=FAILED).err
    )
    stranger.sync()
    stranger.run("fetch-attachment", made["id"], str(tmp_path / "x"), code=FAILED)


def test_without_a_server_a_file_that_is_not_here_cannot_be_had(
    own_world: World, tmp_path: Path
) -> None:
    rep, lead = own_world.people("rep", "lead")
    account = rep.add("account", name="Alfreds")
    made = rep.json("attach", "account", account, str(photo(tmp_path, 2, random.Random(1))))
    rep.sync()
    lead.sync()
    own_world.server.kill()
    lead.run("fetch-attachment", made["id"], str(tmp_path / "x"), code=NOT_REACHABLE)
    rep.run("fetch-attachment", made["id"], str(tmp_path / "x"))
    own_world.server.serve()
    lead.run("fetch-attachment", made["id"], str(tmp_path / "y"))


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_file_that_the_server_does_not_take_waits_and_holds_up_nothing(
    own_world: World, tmp_path: Path
) -> None:
    rep, lead = own_world.people("rep", "lead")
    own_world.server.stop()
    own_world.server.serve("--file-size", "1")
    account = rep.add("account", name="Alfreds")
    large, small = photo(tmp_path, 4, random.Random(1)), photo(tmp_path, 2, random.Random(1))
    for path in (large, small):
        rep.run("attach", "account", account, str(path))
    rep.sync()
    assert rep.status()["pending"] == 1
    lead.sync()
    assert [row["name"] for row in lead.json("list", "attachment")] == [small.name]
    assert "1 MB" in rep.run("attach", "account", account, str(large), code=FAILED).err
    assert sha256(large)


@pytest.mark.parametrize("store", ["sqlite"])
def test_what_the_server_would_not_take_is_told_when_attaching_without_a_network(
    own_world: World, tmp_path: Path
) -> None:
    own_world.server.stop()
    own_world.server.serve("--file-size", "1")
    (rep,) = own_world.people("rep")
    account = rep.add("account", name="Alfreds")
    own_world.server.kill()
    large, small = photo(tmp_path, 4, random.Random(1)), photo(tmp_path, 2, random.Random(1))
    said = rep.run("attach", "account", account, str(large), code=FAILED).err
    assert "1 MB" in said
    assert large.name in said
    rep.run("attach", "account", account, str(small))
    assert rep.status()["pending"] == 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store", ["sqlite"])
def test_photos_arrive_once_each_whoever_is_killed(own_world: World, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    rep, lead = own_world.people("rep", "lead")
    account = rep.add("account", name="Alfreds")
    rep.sync()
    paths = [photo(tmp_path, number, rng) for number in range(PHOTOS)]
    attached = {"client": 0, "server": 0}
    for kill in range(KILLS):
        attach_some(rep, account, paths[kill::KILLS])
        later_s = rng.uniform(0, 0.3) if kill >= 2 else 0.0  # each side once for certain
        attached[kill_one(own_world, rep, later_s, ("client", "server")[kill % 2])] += 1
    assert min(attached.values()) >= KILLS // 4, f"kills that struck: {attached}"
    assert rep.sync()["verified"] is True
    assert rep.status()["pending"] == 0
    lead.sync()
    rows = lead.json("list", "attachment", "--limit", "1000")
    assert sorted(row["name"] for row in rows) == [path.name for path in paths]
    fetched = fetch_all(lead, [row["id"] for row in rows], tmp_path)
    assert fetched == {path.name: sha256(path) for path in paths}
    own_world.server.admin("check")
    assert rep.integrity() == "ok"


def attach_some(rep: Desk, account: str, paths: list[Path]) -> None:
    with contextlib.closing(open_profile(rep.profile, PASSPHRASE)) as profile:
        for path in paths:
            parent = ("account", RecordId(account))
            attaching.attach_path(profile.store, profile.blobs, parent, path)


def kill_one(world: World, rep: Desk, later_s: float, whom: str) -> str:
    """Kill one side so long after files are on their way; "client": it had ended before."""
    words = [processes.CRM_DESKTOP, "--profile", str(rep.profile), "sync", "--json"]
    log = world.folder / "sync.log"
    syncing = processes.start(words, log, env={PASSPHRASE_VARIABLE: PASSPHRASE})
    wait_for_a_file(world)
    time.sleep(later_s)
    ended = syncing.poll() is not None
    if whom == "client":
        processes.kill(syncing)
    else:
        world.server.kill()
        syncing.wait(PATIENCE_S)
        world.server.serve()
    return "client" if ended else whom


def wait_for_a_file(world: World) -> None:
    """Until files are on their way."""
    folder = world.server.data / "files"
    before = bytes_in(folder)
    until_s = time.monotonic() + PATIENCE_S / 4
    while bytes_in(folder) == before and time.monotonic() < until_s:
        time.sleep(0.01)


def bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def fetch_all(lead: Desk, ids: list[str], folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    with contextlib.closing(open_profile(lead.profile, PASSPHRASE)) as profile:
        for record_id in ids:
            attaching.want(profile.store, RecordId(record_id))
        done = FileRunner(profile.files, FileCalls(profile.session)).run()
        assert (done.fetched, done.failure) == (len(ids), None)
        for record_id in ids:
            with profile.store.reader() as c:
                one = attaching.attachment(c, RecordId(record_id))
            out = folder / "out" / one.name
            out.parent.mkdir(exist_ok=True)
            profile.blobs.copy_out(one.file.sha256, out)
            found[one.name] = sha256(out)
    return found
