"""Users, teams and territories: records that IT keeps, with the credentials beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value, values_in
from crm_core.i18n import tr_noop
from crm_core.ids import ALL_ROOT, SYSTEM, RecordId
from crm_core.masks import MASK, MASKABLE, maskable
from crm_core.roles import ROLES, Action
from crm_core.switches import EVERYBODY, OFF, ON, POLICY
from crm_server.load import LoadRow, load
from crm_server.passwords import Passwords
from crm_server.service import Service
from crm_server.standing import ACCESS
from crm_server.store import Tx
from crm_server.tables import FOREVER


@dataclass(frozen=True, slots=True)
class Named:
    """A record of the directory."""

    id: RecordId
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class NewUser:
    """A colleague to add; `team` and `territory` by name, made where they are new."""

    login: str
    password: str
    role: str
    name: str = ""
    team: str = ""
    territory: str = ""


def live(tx: Tx, kind: str) -> list[Named]:
    """All live records of a kind that everybody sees."""
    found = tx.rows(
        "SELECT r.id, r.body::text FROM record_root rr"
        " JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
        " WHERE rr.root = ? AND rr.kind = ? AND rr.gone_seq = ? AND NOT r.deleted",
        (ALL_ROOT, kind, FOREVER),
    )
    return [Named(RecordId(record_id), values_in(body)) for record_id, body in found]


def find(service: Service, kind: str, field: str, value: str) -> Named | None:
    """The live record of a kind with this value."""
    with service.store.read() as tx:
        return next((x for x in live(tx, kind) if x.values.get(field) == value), None)


def add_user(service: Service, passwords: Passwords, new: NewUser) -> RecordId:
    """Add a user with his credentials."""
    login = new.login.strip().casefold()
    if new.role not in ROLES:
        raise _unknown_role(new.role)
    if not login or find(service, "user", "login", login):
        raise UserProblem(tr_noop("The login '{login}' is taken or empty."), login=login)
    hashed = passwords.hash(new.password)
    values: dict[str, Value] = {
        "login": login, "name": new.name or new.login, "role": new.role, "active": True
    }  # fmt: skip
    for kind, name in (("team", new.team), ("territory", new.territory)):
        if name:
            values[kind] = ensure(service, kind, name)
    user = service.new_id()
    load(service, [("user", user, values)], SYSTEM)
    set_password(service, login, user, hashed)
    return user


def ensure(service: Service, kind: str, name: str) -> RecordId:
    """The team or territory of this name, made where it is new."""
    found = find(service, kind, "name", name)
    if found is not None:
        return found.id
    made = service.new_id()
    load(service, [(kind, made, {"name": name})], SYSTEM)
    return made


def turn(service: Service, switch: str, *, on: bool) -> None:
    """Switch on or off what everybody may enter (`crm_core.switches`); devices hear of it with
    their next sync."""
    with service.store.read() as tx:
        known = [
            x.id for x in live(tx, "role_permission")
            if (x.values.get("role"), x.values.get("entity"), x.values.get("action"))
            == (EVERYBODY, POLICY, switch)
        ]  # fmt: skip
    values: dict[str, Value] = {
        "role": EVERYBODY, "entity": POLICY, "action": switch, "level": ON if on else OFF,
    }  # fmt: skip
    load(service, [("role_permission", x, values) for x in known or [service.new_id()]], SYSTEM)


def mask(service: Service, role: str, wanted: Mapping[str, frozenset[str]]) -> None:
    """Withhold these fields, by kind, from everybody in a role, and nothing else. Devices hear of
    it with their next sync. Raises UserProblem."""
    if role not in ROLES:
        raise _unknown_role(role)
    for kind, fields in wanted.items():
        if unknown := sorted(fields - maskable(kind)):
            raise UserProblem(
                tr_noop("'{name}' cannot be withheld. What can be: {known}."),
                name=f"{kind}.{unknown[0]}", known=", ".join(_all_maskable()),
            )  # fmt: skip
    with service.store.read() as tx:
        known = {
            str(x.values.get("entity")): x.id for x in live(tx, "role_permission")
            if (x.values.get("role"), x.values.get("action")) == (role, Action.READ)
        }  # fmt: skip
    rows: list[LoadRow] = []
    for kind in sorted(MASKABLE):
        fields = wanted.get(kind, frozenset())
        if fields or kind in known:
            names: list[Value] = [*sorted(fields)]
            values: dict[str, Value] = {
                "role": role, "entity": kind, "action": Action.READ, "masked": names
            }  # fmt: skip
            rows.append(("role_permission", known.get(kind) or service.new_id(), values))
    load(service, rows, SYSTEM)


def masked(service: Service) -> dict[str, list[str]]:
    """What is withheld, by role."""
    with service.store.read() as tx:
        found = service.directory(tx, tx.clock()).masked
    return {role: sorted(x.removeprefix(MASK) for x in keys) for role, keys in found.items()}


def _all_maskable() -> list[str]:
    return [f"{kind}.{field}" for kind in sorted(MASKABLE) for field in sorted(maskable(kind))]


def _unknown_role(role: str) -> UserProblem:
    return UserProblem(
        tr_noop("There is no role '{role}'. Roles: {known}."), role=role, known=", ".join(ROLES)
    )


def set_password(service: Service, login: str, user: RecordId, hashed: str) -> None:
    """Keep a password's hash for a login."""
    with service.store.note() as tx:
        tx.run(
            "INSERT INTO credential(login,user_id,password_hash,disabled) VALUES (?,?,?,?)"
            " ON CONFLICT(login) DO UPDATE SET password_hash=excluded.password_hash",
            (login.casefold(), user, hashed, False),
        )


def disable_user(service: Service, login: str) -> None:
    """End a user's access: his login at once; what he wrote stays. That a device of his may still
    renew its tokens shows only where it was withdrawn: then it leaves its unsent work."""
    user = find(service, "user", "login", login.casefold())
    if user is None:
        raise NotFound(tr_noop("There is no login '{login}'."), login=login[:60])
    load(service, [("user", user.id, {"active": False})], SYSTEM)
    with service.store.note() as tx:
        tx.run("UPDATE credential SET disabled=? WHERE user_id=?", (True, user.id))
        tx.run("DELETE FROM token WHERE user_id=? AND use=?", (user.id, ACCESS))
