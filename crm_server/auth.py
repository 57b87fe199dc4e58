"""Signing in: opaque tokens kept as hashes, devices with a key of their own, guessing slowed down.

A refresh token stays good until its successor was used; a token presented after that (or beside a
used sibling) was copied, and who presents it has to register as a device of its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crm_core.catalog import CATALOG
from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.values import instant_of
from crm_core.wire import RefreshRequest, SignInRequest, SignInResponse
from crm_server.passwords import Passwords
from crm_server.rows import By
from crm_server.sealing import seal, unseal
from crm_server.service import INSERT_DEVICE, Service
from crm_server.standing import ACCESS, Principal, ask_holders, holder_in
from crm_server.store import Clock, Tx, write_clock
from crm_server.throttle import Throttle

ACCESS_S = 15 * 60
OFFLINE_DAYS = 30
REFRESH_DAYS = OFFLINE_DAYS + 30
DATABASE_KEY_HEX_MAX = 512
NAME_MAX = 200

REFRESH = "refresh"
KNOWN_MAX = 10_000
"""Tokens of which a process remembers who holds them."""


@dataclass(frozen=True, slots=True)
class _Person:
    """Who signs in, and in which organisation."""

    user: RecordId
    role: str
    clock: Clock


class Auth:
    """Signing in to one organisation. `file_bytes_max`: told to devices with each sign-in."""

    def __init__(
        self, service: Service, *, passwords: Passwords, server_key: bytes, file_bytes_max: int = 0
    ) -> None:
        self._service = service
        self._file_bytes_max = file_bytes_max
        self._store = service.store
        self._passwords = passwords
        self._key = server_key
        self._throttle = Throttle(service.store)
        self._known: dict[str, Principal] = {}

    # -- signing in -------------------------------------------------------------------------

    def sign_in(self, request: SignInRequest, address: str) -> SignInResponse:
        """Tokens for a login with its password; registers the device. Raises Refused `auth.*`."""
        _check_words(request)
        login, now = request.login.strip().casefold(), self._service.clock()
        self._throttle.check(login, address, now)
        with self._store.read() as tx:
            found = tx.row(
                "SELECT user_id,password_hash,disabled FROM credential WHERE login=?", (login,)
            )
        if not self._passwords.matches(found[1] if found else None, request.password):
            self._throttle.failed(login, address, now)
            raise Refused("auth.wrong", tr_noop("The login or the password is wrong."))
        assert found is not None
        if found[2]:
            raise Refused("auth.disabled", tr_noop("The login is disabled."))
        _check_device(request)
        self._throttle.passed(login, address)
        with self._store.write() as (tx, clock):
            person = _Person(RecordId(found[0]), self._role(tx, clock, found[0]), clock)
            return self._admit(tx, person, request)

    def _role(self, tx: Tx, clock: Clock, user: RecordId) -> str:
        person = self._service.directory(tx, clock).users.get(user)
        return person.role if person is not None else ""

    def _admit(self, tx: Tx, person: _Person, request: SignInRequest) -> SignInResponse:
        device, known_key = self._register(tx, person, request)
        tx.run("DELETE FROM token WHERE device=?", (device,))
        access, refresh = self._issue(tx, person, device, "")
        self._note(tx, person.user, device, "sign-in", request.login)
        return SignInResponse(
            access, refresh, ACCESS_S, person.user, device, person.clock.slug,
            self._service.now, person.clock.epoch, person.role, known_key, self._file_bytes_max,
        )  # fmt: skip

    def _register(self, tx: Tx, person: _Person, request: SignInRequest) -> tuple[str, str]:
        """The device's id here and, if it asks for it, the key of its database."""
        wanted = request.device_id
        row = tx.row(
            "SELECT user_id,delivered,pulled,sealed_key,revoked_at,cloned FROM device WHERE id=?",
            (wanted,),
        )
        clock = person.clock
        if row is None:
            self._new_device(tx, person, request, (wanted, clock.restored_at_seq, 0))
            return wanted, ""
        user, delivered, pulled, sealed, revoked_at, cloned = row
        if user != person.user:
            fresh = self._service.new_id()
            self._new_device(tx, person, request, (fresh, clock.restored_at_seq, 0))
            return fresh, ""
        if revoked_at:  # it signs in to leave what it has not sent
            tx.run("UPDATE device SET public_key=? WHERE id=?", (request.public_key, wanted))
            return wanted, ""
        if cloned:
            tx.run("UPDATE device SET cloned=? WHERE id=?", (False, wanted))
            fresh = self._service.new_id()
            self._new_device(tx, person, request, (fresh, delivered, pulled))
            key = self._release_key(tx, person, wanted, bytes(sealed)) if request.wants_key else ""
            if key:
                self._keep_key(tx, clock, fresh, key)  # the copy's database has the same one
            return fresh, key
        tx.run("UPDATE device SET public_key=? WHERE id=?", (request.public_key, wanted))
        self._seen(tx, person, wanted, request.app_version)
        if request.database_key:
            self._keep_key(tx, clock, wanted, request.database_key)
        if request.wants_key:
            return wanted, self._release_key(tx, person, wanted, bytes(sealed))
        return wanted, ""

    def _new_device(
        self, tx: Tx, person: _Person, request: SignInRequest, made: tuple[str, int, int]
    ) -> None:
        device, delivered, pulled = made
        now = self._service.now
        tx.run(
            INSERT_DEVICE,
            (
                device, person.user, request.public_key, delivered, pulled, b"", now, now, "",
                False,
            ),
        )  # fmt: skip
        if request.database_key:
            self._keep_key(tx, person.clock, device, request.database_key)
        values = {
            "user": person.user, "name": request.device_name, "os": request.os,
            "app_version": request.app_version, "created_at": now, "updated_at": now,
            "created_by": person.user, "updated_by": person.user,
        }  # fmt: skip
        values = {name: value[:NAME_MAX] for name, value in values.items()}
        self._write_record(tx, person, device, values)

    def _seen(self, tx: Tx, person: _Person, device: str, version: str) -> None:
        """The device is here, and with which version of the application."""
        tx.run("UPDATE device SET last_seen_at=? WHERE id=?", (self._service.now, device))
        if not version or "\0" in version:
            return
        row = self._service.work(tx, person.clock).row("device", RecordId(device))
        if row is not None and row.values.get("app_version") != version[:NAME_MAX]:
            now = self._service.now
            said = {"app_version": version[:NAME_MAX], "updated_at": now, "updated_by": person.user}
            self._write_record(tx, person, device, said)

    def _write_record(self, tx: Tx, person: _Person, device: str, values: dict[str, str]) -> None:
        work = self._service.work(tx, tx.clock())
        by = By(person.user, device, at=self._service.now)
        work.put(CATALOG["device"], RecordId(device), {**values}, by)
        work.flush()
        write_clock(tx, replace(work.clock, seq=work.seq))

    # -- tokens -----------------------------------------------------------------------------

    def refresh(self, request: RefreshRequest) -> SignInResponse:
        """New tokens for a refresh token signed by its device. Raises Refused."""
        with self._store.write() as (tx, clock):
            response: SignInResponse | None = None
            row = tx.row(
                "SELECT t.user_id,t.device,t.parent,d.public_key,c.disabled AND d.revoked_at=''"
                " FROM token t"
                " JOIN device d ON d.id = t.device JOIN credential c ON c.user_id = t.user_id"
                " WHERE t.hash=? AND t.use=? AND t.expires_at>?",
                (hash_of(request.refresh_token), REFRESH, self._service.now),
            )
            if row is None or row[1] != request.device_id or not _is_signed(request, row[3]):
                raise Refused("auth.required", tr_noop("The sign-in has ended."))
            if row[4]:
                raise Refused("auth.disabled", tr_noop("The login is disabled."))
            person = _Person(RecordId(row[0]), self._role(tx, clock, row[0]), clock)
            if self._was_copied(tx, hash_of(request.refresh_token), row[2]):
                tx.run("UPDATE device SET cloned=? WHERE id=?", (True, row[1]))
                self._note(tx, person.user, row[1], "clone", "")
            else:
                response = self._renew(tx, person, row[1], request)
        if response is None:
            raise Refused("device.clone", tr_noop("The installation was copied."))
        return response

    def _was_copied(self, tx: Tx, presented: str, parent: str) -> bool:
        """Whether a successor of the token, or another successor of its parent, was used."""
        found = tx.row(
            "SELECT 1 FROM token WHERE use=? AND used=? AND hash<>?"
            " AND (parent=? OR (parent=? AND parent<>''))",
            (REFRESH, True, presented, presented, parent),
        )
        return found is not None

    def _renew(
        self, tx: Tx, person: _Person, device: str, request: RefreshRequest
    ) -> SignInResponse:
        presented = hash_of(request.refresh_token)
        tx.run("UPDATE token SET used=? WHERE hash=?", (True, presented))
        tx.run("DELETE FROM token WHERE device=? AND expires_at<=?", (device, self._service.now))
        self._seen(tx, person, device, request.app_version)
        access, refresh = self._issue(tx, person, device, presented)
        return SignInResponse(
            access, refresh, ACCESS_S, person.user, device, person.clock.slug,
            self._service.now, person.clock.epoch, person.role, "", self._file_bytes_max,
        )  # fmt: skip

    def _issue(self, tx: Tx, person: _Person, device: str, parent: str) -> tuple[str, str]:
        now = self._service.clock()
        made: list[str] = []
        for use, life in (
            (ACCESS, dt.timedelta(seconds=ACCESS_S)),
            (REFRESH, dt.timedelta(days=REFRESH_DAYS)),
        ):
            token = f"{person.clock.slug}.{secrets.token_urlsafe(32)}"
            tx.run(
                "INSERT INTO token(hash,use,user_id,device,expires_at,parent,used)"
                " VALUES (?,?,?,?,?,?,?)",
                (hash_of(token), use, person.user, device, instant_of(now + life), parent, False),
            )
            made.append(token)
        return made[0], made[1]

    def authenticate(self, token: str, *, revoked_too: bool = False) -> Principal:
        """Who holds an access token. A revoked device may only park."""
        hashed = hash_of(token)
        with self._store.read() as tx:
            asked = ask_holders(tx, (hashed,), self._service.now)
            return holder_in(asked, hashed, revoked_too=revoked_too)

    def holders(self, hashes: Sequence[str]) -> list[Principal | Exception]:
        """Who holds each of some access tokens, named by their hashes, or why nobody does."""
        found: list[Principal | Exception] = []
        with self._store.read() as tx:
            asked = ask_holders(tx, hashes, self._service.now)
            for hashed in hashes:
                try:
                    found.append(holder_in(asked, hashed))
                except Refused as refused:
                    found.append(refused)
        self._known.update(
            (x, y) for x, y in zip(hashes, found, strict=True) if isinstance(y, Principal)
        )
        while len(self._known) > KNOWN_MAX:
            self._known.pop(next(iter(self._known)), None)
        return found

    def held_by(self, hashed: str) -> Principal | None:
        """Who held an access token, named by its hash, when it was last looked at; whether it is
        still good is asked again with his request (`standing.Tokens`)."""
        return self._known.get(hashed)

    def good(self, tx: Tx, hashes: Collection[str]) -> frozenset[str]:
        """Those of some access tokens, named by their hashes, that still let somebody in."""
        found = tx.rows(
            "SELECT t.hash FROM token t JOIN device d ON d.id = t.device"
            " JOIN credential c ON c.user_id = t.user_id WHERE t.hash = ANY(?) AND t.use=?"
            " AND t.expires_at>? AND d.revoked_at = '' AND NOT c.disabled",
            ([*hashes], ACCESS, self._service.now),
        )
        return frozenset(hashed for (hashed,) in found)

    def sign_out(self, who: Principal) -> None:
        """End all tokens of a device."""
        with self._store.note() as tx:
            tx.run("DELETE FROM token WHERE device=?", (who.device,))
            self._note(tx, who.user, who.device, "sign-out", "")

    # -- the key of the device's database -----------------------------------------------------

    def keep_key(self, who: Principal, database_key: str) -> None:
        """Seal the key of a device's database for the day it is lost."""
        with self._store.note() as tx:
            self._keep_key(tx, tx.clock(), who.device, database_key)

    def _keep_key(self, tx: Tx, clock: Clock, device: str, database_key: str) -> None:
        if len(database_key) > DATABASE_KEY_HEX_MAX:
            raise Refused("request.malformed", tr_noop("The key is too long."))
        sealed = seal(self._key, database_key.encode(), f"{clock.slug}/{device}")
        tx.run("UPDATE device SET sealed_key=? WHERE id=?", (sealed, device))

    def _release_key(self, tx: Tx, person: _Person, device: str, sealed: bytes) -> str:
        if not sealed:
            return ""
        opened = unseal(self._key, sealed, f"{person.clock.slug}/{device}")
        if opened is None:
            return ""
        self._note(tx, person.user, device, "key-released", device)
        return opened.decode()

    def _note(self, tx: Tx, actor: RecordId, device: str, event: str, subject: str) -> None:
        note_event(tx, self._service, Principal(actor, device, "", ""), event, subject)


def note_event(tx: Tx, service: Service, who: Principal, event: str, subject: str) -> None:
    """Write down who did what to rights, keys and devices."""
    tx.run(
        "INSERT INTO audit(id,at,actor,device,event,subject) VALUES (?,?,?,?,?,?)",
        (service.new_id(), service.now, who.user, who.device, event, subject[:NAME_MAX]),
    )


def organisation_of(token: str) -> str:
    """The organisation that a token belongs to; the token alone says it."""
    return token.partition(".")[0]


def hash_of(token: str) -> str:
    """The form in which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check_words(request: SignInRequest) -> None:
    """No store takes U+0000, and these words are kept before anything else is known of them."""
    words = (request.login, request.device_name, request.os, request.app_version)
    if any("\0" in word for word in words):
        raise Refused("request.malformed", tr_noop("A word holds a control character."))


def _check_device(request: SignInRequest) -> None:
    if not is_id(request.device_id) or _public_key(request.public_key) is None:
        raise Refused("request.malformed", tr_noop("The device's id or key is malformed."))


def _public_key(text: str) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError:
        return None


def _is_signed(request: RefreshRequest, public_key: str) -> bool:
    key = _public_key(public_key)
    if key is None:
        return False
    try:
        key.verify(bytes.fromhex(request.signature), (request.refresh_token + request.at).encode())
    except (InvalidSignature, ValueError):
        return False
    return True
