"""Start to the first painted list: against a bare window, and with many accounts against few.

The passphrase's deliberate slowness is not counted: the profiles' keys are wrapped at the lowest
cost, as where the operating system's keyring hands them over.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from crm_desktop.models.sql import layout
from crm_desktop.models.store import Store
from crm_desktop.profile import open_profile
from tests.bench.machine import watched
from tests.bench.stage import Stage, child
from tests.bench.table import Row, Target, middle, seconds
from tests.e2e.processes import PASSPHRASE, PASSPHRASE_VARIABLE, environment

SHELL_TIMES_BARE = Target(1.8)
TIMES_BARE = Target(2.6)
MANY_TIMES_FEW = Target(1.2)
FEW = 1000
PATIENCE_S = 60.0
STARTS = 3
"""A start is short and uneven: each run counts so many of them; one where it is only tried."""


def measure(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """Bare window, start with few accounts and start with many, in turn."""
    few = profile_of(stage, FEW)
    many = profile_of(stage, accounts)
    bare_s: list[float] = []
    shell_s: list[float] = []
    few_s: list[float] = []
    many_s: list[float] = []
    for profile in (few, many):
        until_painted("painted", profile)
    with watched() as load:
        for _ in range((STARTS if accounts >= FEW else 1) * runs):
            bare_s.append(until_painted("bare")["painted"])
            at = until_painted("painted", few)
            shell_s.append(at["window"])
            few_s.append(at["painted"])
            many_s.append(until_painted("painted", many)["painted"])
    return [
        Row("start to the first paint of the shell", seconds(shell_s),
            f"bare window {seconds(bare_s)}", middle(shell_s) / middle(bare_s), SHELL_TIMES_BARE,
            load.foreign),
        Row("start to first painted list", seconds(few_s), f"bare window {seconds(bare_s)}",
            middle(few_s) / middle(bare_s), TIMES_BARE, load.foreign),
        Row(f"start with {accounts:_} accounts".replace("_", "\u202f"), seconds(many_s),
            f"with {FEW} {seconds(few_s)}", middle(many_s) / middle(few_s), MANY_TIMES_FEW,
            load.foreign),
    ]  # fmt: skip


def until_painted(module: str, *words: str | Path) -> dict[str, float]:
    """Seconds from starting a program to the paints that it reports; it ends with the last."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *map(str, words)]
    began_s = time.monotonic()
    ran = subprocess.run(
        command,
        env=environment({PASSPHRASE_VARIABLE: PASSPHRASE, "QT_QPA_PLATFORM": "offscreen"}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    reports = [line.split(" at ") for line in ran.stdout.splitlines() if " at " in line]
    seen = {name: float(at) - began_s for name, at in reversed(reports)}
    if "painted" not in seen:
        raise RuntimeError(f"{module} painted no list: {ran.stdout}{ran.stderr}")
    return seen


def profile_of(stage: Stage, accounts: int) -> Path:
    """A synchronised profile with so many accounts; kept between runs of the bench."""
    kept = stage.kept / f"profile-{accounts}-{stage.client_fingerprint}"
    if not kept.exists():
        with stage.server(min(FEW, accounts)) as server:
            profile = stage.profile(server)
            child("sync", profile)
        with closing(open_profile(profile, PASSPHRASE)) as opened:
            grow(opened.store, accounts)
        shutil.move(profile, kept)
    return kept


def grow(store: Store, accounts: int) -> None:
    """Copy the accounts under new ids and names until there are so many."""
    fields = [f'"{name}"' for name in layout("account").fields if name not in ("name", "uscc")]
    listed = ", ".join(fields)
    with store.writing() as connection:
        while (have := connection.value("SELECT count(*) FROM account")) < accounts:
            connection.run(
                f"INSERT INTO account (id, seq, deleted, name, {listed}) SELECT randomblob(16),"
                f" seq, 0, name || ' ' || hex(randomblob(2)), {listed} FROM account LIMIT ?",
                (accounts - have,),
            )
    with store.writing() as connection:
        # Of accounts only: what it says of the still empty index makes SQLite read all of it.
        connection.run("ANALYZE account")
    store.checkpoint()
