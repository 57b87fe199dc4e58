"""Whether two answers mean the same: what is new may be added, and what was given out by chance or
by a clock (ids, seqs, tokens, moments) may differ, but then everywhere in the same way."""

from __future__ import annotations

import json
import re
from typing import Any

ID = re.compile(r"[0-9a-f]{32}")
SEQS = frozenset(("seq", "base_seq", "cursor", "hi", "resume_hi", "gc_floor", "restored_at_seq"))
TOKENS = frozenset(("access_token", "refresh_token"))
BY_CHANCE = TOKENS | {"at", "time", "server_time", "total", "detail"}
GROWS = "schema"
"""A server tells how new its catalog is."""


class Differs(AssertionError):
    """An answer means something else than it did."""


class Names:
    """What was called so then is called so now."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.seqs: dict[int, int] = {0: 0}
        self.tokens: dict[str, str] = {}

    def request(self, text: str) -> str:
        """A recorded request in today's names."""
        for then, now in self.tokens.items():
            text = text.replace(then, now)
        text = ID.sub(lambda found: self.ids.get(found[0], found[0]), text)
        try:
            return json.dumps(self._renumbered(json.loads(text)))
        except json.JSONDecodeError:
            return text

    def _renumbered(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._renumbered(member, name) for name, member in value.items()}
        if isinstance(value, list):
            return [self._renumbered(member, key) for member in value]
        return self.seqs.get(value, value) if key in SEQS and isinstance(value, int) else value

    def compare(self, then: str, now: str) -> None:
        """Raise Differs unless both answers, single messages or lines, mean the same."""
        old, new = then.splitlines(), now.splitlines()
        if _says_hello(new) and not _says_hello(old):
            del new[0]  # a server with a newer catalog says so to each older client
        if len(old) != len(new):
            raise Differs(f"{len(old)} lines became {len(new)}:\n{then}\n{now}")
        for one, other in zip(old, new, strict=True):
            self._same(json.loads(one), json.loads(other), "")

    def _same(self, then: Any, now: Any, key: str) -> None:
        if key in BY_CHANCE or key.endswith("_at"):
            if key in TOKENS:
                self.tokens[then] = now
            return
        if isinstance(then, dict) and isinstance(now, dict):
            for name, member in then.items():
                if name not in now:
                    raise Differs(f"{name} is missing: {then} became {now}")
                self._same(member, now[name], name)
        elif isinstance(then, list) and isinstance(now, list):
            now = [member for member in now if not _is_added(member)]
            if len(then) != len(now):
                raise Differs(f"{key}: {then} became {now}")
            for one, other in zip(then, now, strict=True):
                self._same(one, other, key)
        elif key in SEQS and isinstance(then, int):
            self._named(self.seqs, then, now, key)
        elif isinstance(then, str) and isinstance(now, str):
            self._same_text(then, now, key)
        elif then != now and not (key == GROWS and then < now):
            raise Differs(f"{key}: {then} became {now}")

    def _same_text(self, then: str, now: str, key: str) -> None:
        old, new = ID.findall(then), ID.findall(now)
        if ID.sub("", then) != ID.sub("", now) or len(old) != len(new):
            raise Differs(f"{key}: {then} became {now}")
        for one, other in zip(old, new, strict=True):
            self._named(self.ids, one, other, key)

    def _named(self, known: dict[Any, Any], then: Any, now: Any, key: str) -> None:
        if known.setdefault(then, now) != now:
            raise Differs(f"{key}: {then} is {known[then]} and {now}")


def _is_added(member: Any) -> bool:
    """A decided conflict keeps, beside the parked values, the one that stood until then (adr/0058);
    whoever does not know the mark shows one side more."""
    return isinstance(member, dict) and member.get("stood") is True


def _says_hello(lines: list[str]) -> bool:
    return len(lines) > 1 and json.loads(lines[0]).get("type") == "hello"
