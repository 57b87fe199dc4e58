"""How a device and its user stand with the server: what was given out, and the keys held so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_server.store import Answer, Tx

GenerationRow = tuple[int, int, str, frozenset[str]]

_keys = msgspec.json.Decoder(frozenset[str]).decode


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as his token says."""

    user: RecordId
    device: str
    role: str
    organisation: str


@dataclass(frozen=True, slots=True)
class DeviceStanding:
    """The highest seq given out to a device, and that of its last pull; how far it said that it
    has come, and when that was noted; how much unsent work it said to hold (None: nothing)."""

    delivered: int = 0
    pulled: int = 0
    cursor: int | None = None
    cursor_at: str | None = None
    unsent: int | None = None


class Standing:
    """How some devices and their users stand, asked for in one exchange with whatever follows."""

    def __init__(self, tx: Tx, askers: Sequence[Principal]) -> None:
        self._devices = tx.ask(
            "SELECT d.id,d.delivered,d.pulled,x.cursor,x.at,t.unsent FROM device d"
            " LEFT JOIN reached x ON x.device = d.id LEFT JOIN told t ON t.device = d.id"
            " WHERE d.id = ANY(?)",
            ([who.device for who in askers],),
        )
        self._scopes = tx.ask(
            "SELECT user_id,gen,seq,at,keys FROM user_scope WHERE user_id = ANY(?)"
            " ORDER BY user_id,gen",
            ([who.user for who in askers],),
        )

    def device(self, who: Principal) -> DeviceStanding:
        """How the device stands that asks."""
        return self._by_device.get(who.device, DeviceStanding())

    @cached_property
    def _by_device(self) -> dict[str, DeviceStanding]:
        return {device: DeviceStanding(*known) for device, *known in self._devices()}

    def generations(self, who: Principal) -> list[GenerationRow]:
        """(gen, seq, at, keys) of the user, oldest first."""
        return self._by_user.get(who.user, [])

    @cached_property
    def _by_user(self) -> dict[str, list[GenerationRow]]:
        found: dict[str, list[GenerationRow]] = {}
        for user, gen, seq, at, keys in self._scopes():
            found.setdefault(user, []).append((gen, seq, at, _keys(keys)))
        return found


class Tokens:
    """Whether access tokens, named by their hashes, still let somebody in, as a transaction sees
    it. Tokens never change hands: who holds one may be known from before."""

    def __init__(self, tx: Tx, hashes: Iterable[str], now: str) -> None:
        self._asked = ask_holders(tx, hashes, now)

    def check(self, hashed: str) -> None:
        """Raises Refused `auth.*` or `device.revoked` where a token is no longer good."""
        holder_in(self._asked, hashed)


ACCESS = "access"


def ask_holders(tx: Tx, hashes: Iterable[str], now: str) -> Answer:
    """Ask who holds access tokens."""
    return tx.ask(
        "SELECT t.hash,t.user_id,t.device,d.revoked_at,c.disabled,k.slug FROM token t"
        " JOIN device d ON d.id = t.device JOIN credential c ON c.user_id = t.user_id"
        " CROSS JOIN clock k WHERE t.hash = ANY(?) AND t.use=? AND t.expires_at>?",
        ([*hashes], ACCESS, now),
    )


def holder_in(asked: Answer, hashed: str, *, revoked_too: bool = False) -> Principal:
    """Who holds an access token. A revoked device may only park."""
    row = next((row for row in asked() if row[0] == hashed), None)
    if row is None:
        raise Refused("auth.required", tr_noop("The sign-in has ended."))
    _, user, device, revoked_at, disabled, slug = row
    if revoked_at and not revoked_too:
        raise Refused("device.revoked", tr_noop("The device was withdrawn."))
    if disabled and not revoked_at:
        raise Refused("auth.disabled", tr_noop("The login is disabled."))
    return Principal(RecordId(user), device, "", slug)
