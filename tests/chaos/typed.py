"""What people type: commands whose values are found nowhere else."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.ledger import Shown
from tests.e2e.people import Desk

TEXTS = ("short_name", "industry", "source", "stage_reason", "ext_source")
OWNERS = ("ann", "bob", "zoe")
SILENT = ("import", "doctor", "restore")
"""What answers without the changeset that it made."""

HOT = 3
"""So few accounts are what everybody works on, most of the time."""

IMPORTED_MAX = (40, 40, 40, 300)


@dataclass(frozen=True)
class Typed:
    """A command that writes: its name in the ledger, its words, the values it is to write, and the
    record they go to where that is known."""

    word: str
    words: Sequence[str]
    values: tuple[tuple[str, str], ...] = ()
    record: str = ""


@dataclass(frozen=True)
class Typist:
    """Somebody at a device who is about to type; `token` marks what he types now."""

    desk: Desk
    shown: Shown
    token: str
    folder: Path
    chance: random.Random
    is_alone: bool

    def next(self) -> Typed:
        """The next command."""
        if not self.shown:
            return self._add()
        weights, acts = zip(*self._habits(), strict=True)
        (act,) = self.chance.choices(acts, weights)
        return act()

    def _habits(self) -> Sequence[tuple[int, Callable[[], Typed]]]:
        leads = self.desk.login == "lea"
        return (
            (42, self._set), (13, self._add), (8, self._import), (8, self._tag),
            (16 if leads else 0, self._hand_over), (5, self._delete), (4, self._undo),
            (16, self._resolve), (4 * self.is_alone, self._repair),
            (4 * self.is_alone, self._restore),
        )  # fmt: skip

    def _account(self) -> Mapping[str, Any]:
        known = sorted(self.shown.values(), key=lambda row: (row["name"], row["id"]))
        return self.chance.choice(known[:HOT] if self.chance.random() < 0.7 else known)

    def _written(self, word: str, values: tuple[tuple[str, str], ...]) -> Typed:
        record = self._account()["id"]
        words = ("set", "account", record, *map("=".join, values), "--json")
        return Typed(word, words, values if word == "set" else (), record)

    def _set(self) -> Typed:
        names = self.chance.sample(TEXTS, self.chance.randint(1, 3))
        return self._written("set", tuple((name, f"{name} {self.token}.") for name in names))

    def _hand_over(self) -> Typed:
        return self._written("hand over", (("owner", self.chance.choice(OWNERS)),))

    def _add(self) -> Typed:
        values = tuple(
            (name, f"{name} {self.token}.") for name in ("name", "short_name", "industry")
        )
        return Typed("add", ("add", "account", *map("=".join, values), "--json"), values)

    def _tag(self) -> Typed:
        record = self._account()["id"]
        words = ("set", "account", record, f"tags+={self.token}.", "--json")
        return Typed("tag", words, (("tags", f"{self.token}."),), record)

    def _delete(self) -> Typed:
        return Typed("delete", ("delete", "account", self._account()["id"], "--json"))

    def _undo(self) -> Typed:
        return Typed("undo", ("undo", "--json"))

    def _resolve(self) -> Typed:
        open_ = [x["id"] for x in self.desk.json("conflicts") if x["state"] == "open"]
        if not open_:
            return self._set()
        take = self.chance.choice(("mine", "theirs", "base"))
        return Typed(
            "resolve", ("resolve", self.chance.choice(sorted(open_)), "--take", take, "--json")
        )

    def _repair(self) -> Typed:
        return Typed("doctor", ("doctor", "--repair", "--json"))

    def _restore(self) -> Typed:
        """A backup of this moment takes the place of what it was made of."""
        file = self.folder / f"{self.desk.profile.name}-{self.token}.crmbackup"
        self.desk.run("backup", str(file))
        return Typed("restore", ("restore-backup", str(file), "--json"))

    def _import(self) -> Typed:
        file = self.folder / f"{self.token}.csv"
        rows = range(self.chance.randint(2, self.chance.choice(IMPORTED_MAX)))
        names = [f"Import {self.token}r{n}." for n in rows]
        lines = [f"{name},{self.token}r{n}" for n, name in enumerate(names)]
        file.write_text("\n".join(["Name,External id", *lines]) + "\n", "utf-8")
        words = ("import", "account", str(file), "--key", "ext_id", "--json")
        return Typed("import", words, tuple(("name", name) for name in names))
