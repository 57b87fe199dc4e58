"""The exit codes of the command line: 0 done … 5 not signed in, and one clear line on stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.people import DONE, FAILED, NOT_REACHABLE, USAGE, WAITS_FOR_YOU, Desk, World

pytestmark = pytest.mark.parametrize("store", ["sqlite"])


@pytest.fixture
def rep(world: World) -> Desk:
    """A representative, in step with the server."""
    (desk,) = world.people("rep")
    return desk


def test_0_done(rep: Desk) -> None:
    assert rep.run("status", code=DONE).err == ""


@pytest.mark.parametrize(
    "words",
    [
        ["show", "account", "0" * 31 + "1"],
        ["add", "account", "name="],
        ["add", "contact", "full_name=Ann", "email=ann@"],
        ["add", "nonsense", "name=x"],
        ["add", "account", "name=x", "nonsense=1"],
        ["add", "order", "number=1"],
        ["undo"],
    ],
)
def test_1_failed_with_one_line_that_says_what(rep: Desk, words: list[str]) -> None:
    ran = rep.run(*words, code=FAILED)
    assert len(ran.err.strip().splitlines()) == 1
    assert ran.out == ""


@pytest.mark.parametrize("words", [["nonsense"], ["show", "account"], ["list"], ["sync", "--no"]])
def test_2_usage(rep: Desk, words: list[str]) -> None:
    assert rep.run(*words, code=USAGE).err


def test_3_waits_for_this_user(world: World) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Gourmet Lanchonetes", phone="1")
    for desk, phone in ((rep, "2"), (lead, "3")):
        desk.sync()
        desk.set("account", account, phone=phone)
    lead.sync()
    for command in ("sync", "status", "doctor"):
        rep.run(command, code=WAITS_FOR_YOU)
    assert rep.status(code=WAITS_FOR_YOU)["needs_you"] == 1


def test_4_not_reachable(own_world: World) -> None:
    (desk,) = own_world.people("rep")
    own_world.server.stop()
    assert len(desk.run("sync", code=NOT_REACHABLE).err.strip().splitlines()) == 1


def test_a_profile_that_does_not_exist_is_named(world: World, tmp_path: Path) -> None:
    desk = Desk("nobody", tmp_path / "nothing", world.door)
    ran = desk.run("list", "account", code=FAILED)
    assert "login" in ran.err.lower() or "sign in" in ran.err.lower()
