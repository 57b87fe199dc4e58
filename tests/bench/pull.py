"""What colleagues changed, fetched: a hundred rows into many, and a month's worth of absence."""

from __future__ import annotations

from tests.bench.machine import watched
from tests.bench.stage import Stage, change_accounts, child
from tests.bench.table import Row, Target, middle, milliseconds, seconds

CHANGED = 100
ROUNDS = 10
TIMES_GET = Target(12.0)
MANY_TIMES_FEW = Target(1.2)
FEW_SHARE = 100
"""The few, against which many are held, are so much fewer: 10,000 of 1,000,000."""

ABSENT_EDITS_SHARE, ABSENT_CHANGES_SHARE = 20, 2
"""Of 40,000 accounts 2,000 are edited by oneself and 20,000 by others."""

TIMES_ALONE = Target(2.0)


def measure(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """A pull of a hundred changed rows ÷ a bare GET on the same connection."""
    pulls, gets, foreign = _pulls(stage, runs, accounts)
    return [
        Row(f"pull of {CHANGED} rows into {accounts:_}".replace("_", "\u202f"), milliseconds(pulls),
            f"bare GET {milliseconds(gets)}", middle(pulls) / middle(gets), TIMES_GET, foreign)
    ]  # fmt: skip


def measure_many(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """The same pull into many accounts ÷ into few."""
    few, _, _ = _pulls(stage, runs, max(accounts // FEW_SHARE, CHANGED))
    many, _, foreign = _pulls(stage, runs, accounts)
    return [
        Row(f"pull of {CHANGED} rows into {accounts:_}".replace("_", "\u202f"), milliseconds(many),
            f"into few {milliseconds(few)}", middle(many) / middle(few), MANY_TIMES_FEW, foreign)
    ]  # fmt: skip


def measure_absence(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """One sync after a month without network ÷ its push and its pull, each measured alone."""
    edits, changes = accounts // ABSENT_EDITS_SHARE, accounts // ABSENT_CHANGES_SHARE
    returns: list[float] = []
    alone: list[float] = []
    with watched() as load:
        for _ in range(runs):
            with stage.server(accounts) as server:
                sender = stage.profile(server)
                child("sync", sender)
                child("edit", sender, str(edits), str(ABSENT_EDITS_SHARE))
                pushed = child("sync", sender)["seconds"]
            with stage.server(accounts) as server:
                reader, absent = stage.profile(server), stage.profile(server)
                child("sync", reader)
                child("sync", absent)
                child("edit", absent, str(edits), str(ABSENT_EDITS_SHARE))
                change_accounts(server.data, changes)
                pulled = child("sync", reader)["seconds"]
                returns.append(child("sync", absent)["seconds"])
            alone.append(pushed + pulled)
    ratio = middle([one / other for one, other in zip(returns, alone, strict=True)])
    words = f"back after {edits} own and {changes} others' edits"
    against = f"push and pull alone {seconds(alone)}"
    return [Row(words, seconds(returns), against, ratio, TIMES_ALONE, load.foreign)]


def _pulls(stage: Stage, runs: int, accounts: int) -> tuple[list[float], list[float], float | None]:
    pulls: list[float] = []
    gets: list[float] = []
    with watched() as load, stage.server(accounts) as server:
        profile = stage.profile(server)
        child("sync", profile)
        changed = min(CHANGED, accounts)
        for _ in range(runs):
            made = child("pull", profile, server.data, str(changed), str(ROUNDS))
            pulls.append(middle(made["pull"]))
            gets.append(middle(made["get"]))
    return pulls, gets, load.foreign
