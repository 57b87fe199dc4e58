"""Hints: nobody who is concerned is passed over, and what is heard counts."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from crm_desktop.sync.schedule import Schedule
from crm_server import hints
from crm_server.hints import Board
from crm_server.store import Tx
from tests.server import test_hints as at_the_server
from tests.simulator import test_hints as in_the_world
from tests.simulator.mutants.mutant import Mutant
from tests.sync import test_schedule as at_the_laptop


@contextmanager
def owners_alone() -> Generator[None]:
    """Only a record's owner is told, not those who see it by another key."""
    touched = hints.touched

    def of_persons(tx: Tx, since: int, keys: Collection[str]) -> frozenset[str]:
        return touched(tx, since, [key for key in keys if key.startswith("user:")])

    with patch.object(hints, "touched", of_persons):
        yield


@contextmanager
def losers_untold() -> Generator[None]:
    """Who loses sight of a root is not told, so that it stays on his device."""
    rows = Tx.ask

    def deaf(self: Tx, sql: str, *rest: Any) -> Any:
        return rows(self, sql.partition(" UNION SELECT key")[0], *_first_half(sql, rest))

    with patch.object(Tx, "ask", deaf):
        yield


def _first_half(sql: str, rest: tuple[Any, ...]) -> tuple[Any, ...]:
    return (rest[0][:3],) if " UNION SELECT key" in sql else rest


@contextmanager
def accounts_alone() -> Generator[None]:
    """A change below an account is not told, only one of the account itself."""
    ask = Tx.ask

    def narrow(self: Tx, sql: str, *rest: Any) -> Any:
        if "FROM record_root WHERE seq >" in sql:
            sql = sql.replace("AND r.seq >", "AND r.kind = 'account' AND r.seq >")
            sql = sql.replace("record_root WHERE seq >", "record_root WHERE id = root AND seq >")
        return ask(self, sql, *rest)

    with patch.object(Tx, "ask", narrow):
        yield


@contextmanager
def keys_for_ever() -> Generator[None]:
    """Which keys somebody holds is learnt when he comes, and never again."""
    look = Board.look

    def forgetful(self: Board, tx: Tx) -> Any:
        self.directory_seq = tx.clock().directory_seq
        for listener in self:
            listener.is_new = False
        return look(self, tx)

    with patch.object(Board, "look", forgetful):
        yield


@contextmanager
def deaf_while_running() -> Generator[None]:
    """A hint that comes while a run goes on is forgotten."""
    hinted = Schedule.hinted

    def deaf(self: Schedule, now_s: float, hi: int = 0) -> None:
        if not self._running:
            hinted(self, now_s, hi)

    with patch.object(Schedule, "hinted", deaf):
        yield


@contextmanager
def no_look_back() -> Generator[None]:
    """Whoever comes back is not told what was missed meanwhile."""
    join = Board.join

    def careless(self: Board, tx: Tx, listener: hints.Listener) -> bool:
        listener.seen = tx.clock().seq
        return join(self, tx, listener)

    with patch.object(Board, "join", careless):
        yield


MUTANTS = (
    Mutant("hints to owners alone", owners_alone, 11, in_the_world.play, {"seed": 1}),
    Mutant("hints of accounts alone", accounts_alone, 11, in_the_world.play, {"seed": 2}),
    Mutant(
        "no hint to who loses a root", losers_untold, 11,
        at_the_server.test_who_gets_an_account_is_told_and_so_is_who_loses_it,
    ),
    Mutant(
        "hints without a look back", no_look_back, 11,
        at_the_server.test_who_comes_back_hears_whether_something_was_missed,
    ),
    Mutant(
        "hints by former keys", keys_for_ever, 11,
        at_the_server.test_whose_keys_change_is_told_and_counts_by_the_new_ones,
    ),
    Mutant(
        "deaf while running", deaf_while_running, 11,
        at_the_laptop.test_a_hint_during_a_run_counts_where_the_run_came_too_early_for_it,
    ),
)  # fmt: skip
