"""What a mutant is, and how it is looked for."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest

from crm_desktop import signing
from crm_desktop.models.connection import Connection
from crm_server.store import ServerStore, sqlite_url
from tests.models.support import make_store
from tests.profile.test_profile import Office
from tests.server.test_hints import Listening
from tests.server.world import World as Acme
from tests.server.world import make_acme
from tests.simulator.mutants import planting
from tests.simulator.mutants.planting import meets, planted
from tests.simulator.violation import Violation
from tests.simulator.world import World

Plant = Callable[[], Any]
Made = Mapping[str, Any]
TABLE = Path(__file__).with_name("caught.json")


class TableIsOld(UserWarning):
    """A kept seed tells another story by now: `make mutants ARGS=--write` finds new ones."""


@dataclass(frozen=True)
class Mutant:
    """A bug, and the promise (a number of sync.md §3) that it breaks.

    The simulator catches it with a violation of that number; where it cannot see such a bug,
    `test` does, called with `arguments` and the fixtures that it names; or with each of `one_of` in
    turn until one notices.
    """

    name: str
    plant: Plant
    invariant: int
    test: Callable[..., object] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    one_of: Sequence[Mapping[str, Any]] = ()

    @property
    def caught_by(self) -> str:
        """Who notices, in words."""
        if self.test is None:
            return f"invariant {self.invariant}"
        return f"{self.test.__module__}.{self.test.__name__}"


@functools.cache
def prepared() -> None:
    """Templates are made before anything is broken: a process makes them once."""
    World(1, steps=0).run()


def caught_by(mutant: Mutant, seed: int) -> Violation | None:
    """The violation of the mutant's promise that a seed finds with the bug planted. Where the
    product just breaks off, or the bug had not struck yet, nobody has caught anything.

    Raises DoesNotFit.
    """
    prepared()
    with planted(mutant.plant) as planting:
        found = _violated(seed)
    planting.check()
    if found is None or found.__cause__ is not None or found.number != mutant.invariant:
        return None
    return found if planting.has_struck() else None


def _violated(seed: int) -> Violation | None:
    try:
        World(seed).run()
    except Violation as violation:
        return violation
    return None


def search(mutant: Mutant, seeds: Iterable[int]) -> tuple[int, Violation] | None:
    """The first of some seeds that catches it."""
    for seed in seeds:
        violation = caught_by(mutant, seed)
        if violation is not None and _holds(seed):
            return seed, violation
    return None


@functools.cache
def _holds(seed: int) -> bool:
    """Whether a seed finds nothing where nothing is planted."""
    return _violated(seed) is None


def noticed_with(mutant: Mutant) -> Made | None:
    """The arguments with which the mutant's own test fails with the bug planted, which ran. Raises
    DoesNotFit."""
    calls = mutant.one_of or (mutant.arguments,)
    return next((one for one in calls if _is_noticed(mutant, one)), None)


def _is_noticed(mutant: Mutant, arguments: Made) -> bool:
    assert mutant.test is not None
    with planted(mutant.plant) as planting:
        noticed = not _passes(mutant.test, arguments)
    planting.check()
    if noticed or not mutant.one_of:
        planting.check_struck()
    return noticed


_PASSES: dict[tuple[Callable[..., object], str], bool] = {}
"""What passed as things are: several mutants have one test, which need not be played for each."""


def passes(mutant: Mutant, arguments: Made) -> bool:
    """Whether the mutant's own test passes as things are."""
    assert mutant.test is not None
    one = mutant.test, repr(sorted(arguments.items()))
    if one not in _PASSES:
        _PASSES[one] = _passes(mutant.test, arguments)
    return _PASSES[one]


def _passes(test: Callable[..., object], arguments: Mapping[str, Any]) -> bool:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        made = dict(arguments)
        for name in inspect.signature(test).parameters:
            if name not in made:
                made[name] = _FIXTURES[name](Path(folder), stack, made)
        try:
            test(**made)
        except (Exception, pytest.fail.Exception):
            return False
        return True


def _store(folder: Path, stack: ExitStack, _made: Made) -> Any:
    return stack.enter_context(closing(make_store(folder / "crm-1.db")))


def _acme(folder: Path, stack: ExitStack, _made: Made) -> Any:
    made = stack.enter_context(closing(ServerStore(sqlite_url(folder / "acme.sqlite"))))
    made.create(organisation="Acme", slug="acme", epoch="e" * 32, at="2026-11-20T08:00:00Z")
    return make_acme(Acme(made))


def _listening(_folder: Path, _stack: ExitStack, made: Made) -> Any:
    listening = Listening(made["acme"].world, *made["acme"].everybody)
    assert listening.told() == []
    return listening


def _office(_folder: Path, stack: ExitStack, _made: Made) -> Any:
    made = Office()
    stack.enter_context(patch.object(signing, "_ask", made.ask))
    return made


def _tmp_path(folder: Path, _stack: ExitStack, _made: Made) -> Any:
    return folder


def _pair(_folder: Path, _stack: ExitStack, made: Made) -> Any:
    return made["acme"].shared_account("Alfred"), made["acme"].shared_account("Alfreds")


_FIXTURES: dict[str, Callable[[Path, ExitStack, Made], Any]] = {
    "store": _store, "acme": _acme, "office": _office, "tmp_path": _tmp_path, "pair": _pair,
    "listening": _listening,
}  # fmt: skip


def kept() -> dict[str, int]:
    """For each mutant the seed that caught it when the table was written."""
    return json.loads(TABLE.read_text()) if TABLE.exists() else {}


def keep(found: dict[str, int]) -> None:
    """Write the table."""
    TABLE.write_text(json.dumps(found, indent=2) + "\n")


@contextmanager
def without(where: type, method: str, statement: str) -> Generator[None]:
    """One SQL statement is never executed: `method` of a connection is deaf to it."""
    told = getattr(where, method)

    def deaf(self: Any, sql: str, *rest: Any) -> Any:
        return 0 if meets(sql, statement) else told(self, sql, *rest)

    with planting.patch.object(where, method, deaf):
        yield


def forget(c: Connection, of_state: str) -> None:
    """Drop changesets in a state (a condition in SQL), with their changes."""
    c.run(f"DELETE FROM op WHERE cs IN (SELECT n FROM changeset WHERE {of_state})")
    c.run(f"DELETE FROM changeset WHERE {of_state}")
