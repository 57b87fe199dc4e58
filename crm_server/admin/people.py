"""Commands about users, teams and territories."""

from __future__ import annotations

import argparse
import sys

from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import SYSTEM, RecordId
from crm_core.roles import ROLES
from crm_server.admin.session import Answer, Commands, Json, Session, command
from crm_server.devices import devices_of, revoke
from crm_server.load import load
from crm_server.people import (
    Named,
    NewUser,
    add_user,
    disable_user,
    ensure,
    find,
    live,
    set_password,
)
from crm_server.service import Service


def add_commands(commands: Commands) -> None:
    """Declare user, team and territory."""
    user = commands.add_parser("user", help="colleagues who sign in").add_subparsers(required=True)
    add = command(user, "add", _add, "add a user; a new team or territory is made")
    add.add_argument("login")
    add.add_argument("--role", required=True, choices=ROLES)
    add.add_argument("--name", default="")
    add.add_argument("--team", default="")
    add.add_argument("--territory", default="")
    add.add_argument("--password-stdin", action="store_true", required=True)
    command(user, "list", _list, "list the users")
    disable = command(user, "disable", _disable, "end a user's access")
    disable.add_argument("login")
    disable.add_argument(
        "--revoke-devices",
        action="store_true",
        help="withdraw all devices too: they leave their unsent work, then nobody can read them",
    )
    change = command(user, "password", _password, "give a user a new password")
    change.add_argument("login")
    change.add_argument("--password-stdin", action="store_true", required=True)
    move = command(user, "move", _move, "put a user into another role, team or territory")
    move.add_argument("login")
    move.add_argument("--role", choices=ROLES)
    move.add_argument("--team")
    move.add_argument("--territory")
    _add_places(commands)


def _add_places(commands: Commands) -> None:
    team = commands.add_parser("team", help="teams").add_subparsers(required=True)
    add = command(team, "add", _add_team, "add a team, or name its lead")
    add.add_argument("name")
    add.add_argument("--lead", default="", metavar="LOGIN")
    command(team, "list", _list_teams, "list the teams")
    territory = commands.add_parser("territory", help="territories").add_subparsers(required=True)
    place = command(territory, "add", _add_territory, "add a territory, or move it in the tree")
    place.add_argument("name")
    place.add_argument("--parent", default="", metavar="NAME")
    command(territory, "list", _list_territories, "list the territories")


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _add(session: Session, options: argparse.Namespace) -> Answer:
    there = session.organisation
    new = NewUser(
        options.login, _read_password(), options.role, options.name, options.team,
        options.territory,
    )  # fmt: skip
    user = add_user(there.service, session.organisations.passwords, new)
    return Answer(f"{options.login} added", {"id": user, "login": options.login})


def _list(session: Session, options: argparse.Namespace) -> Answer:
    with session.organisation.service.store.read() as tx:
        users = sorted(live(tx, "user"), key=lambda user: str(user.values.get("login")))
        names = {
            x.id: str(x.values.get("name")) for k in ("team", "territory") for x in live(tx, k)
        }
    rows: list[Json] = [
        {
            "id": user.id,
            **{name: _text(user.values.get(name)) for name in ("login", "name", "role")},
            **{
                k: names.get(RecordId(_text(user.values.get(k))), "") for k in ("team", "territory")
            },
            "active": user.values.get("active") is not False,
        }
        for user in users
    ]
    words = "\n".join("  ".join(str(value) for value in _cells(row)) for row in rows)
    return Answer(words, rows)


def _cells(row: Json) -> list[Json]:
    return list(row.values())[1:] if isinstance(row, dict) else []


def _text(value: Value) -> str:
    return str(value) if value is not None else ""


def _disable(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    user = _user(service, options.login)
    disable_user(service, options.login)
    withdrawn = devices_of(service, user.id) if options.revoke_devices else []
    revoke(service, withdrawn)
    said = f"{options.login} disabled"
    if options.revoke_devices:
        said += f", {len(withdrawn)} devices withdrawn"
    return Answer(said, {"login": options.login, "revoked": [*withdrawn]})


def _password(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    user = _user(service, options.login)
    hashed = session.organisations.passwords.hash(_read_password())
    set_password(service, options.login, user.id, hashed)
    return Answer(f"{options.login} has a new password", {"login": options.login})


def _move(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    user = _user(service, options.login)
    values: dict[str, Value] = {}
    if options.role:
        values["role"] = options.role
    for kind in ("team", "territory"):
        name = getattr(options, kind)
        if name is not None:
            values[kind] = ensure(service, kind, name) if name else None
    load(service, [("user", user.id, values)], SYSTEM)
    return Answer(f"{options.login} moved", {"login": options.login})


def _user(service: Service, login: str) -> Named:
    found = find(service, "user", "login", login.casefold())
    if found is None:
        raise NotFound(tr_noop("There is no login '{login}'."), login=login[:60])
    return found


def _add_team(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    team = ensure(service, "team", options.name)
    if options.lead:
        load(service, [("team", team, {"lead": _user(service, options.lead).id})], SYSTEM)
    return Answer(options.name, {"id": team, "name": options.name})


def _add_territory(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    territory = ensure(service, "territory", options.name)
    if options.parent:
        parent = ensure(service, "territory", options.parent)
        if parent == territory or _lies_below(service, parent, territory):
            raise UserProblem(tr_noop("'{name}' cannot be part of itself."), name=options.name[:60])
        load(service, [("territory", territory, {"parent": parent})], SYSTEM)
    return Answer(options.name, {"id": territory, "name": options.name})


def _lies_below(service: Service, place: RecordId, above: RecordId) -> bool:
    with service.store.read() as tx:
        return above in service.directory(tx, tx.clock()).lineage(place)


def _list_teams(session: Session, options: argparse.Namespace) -> Answer:
    return _list_places(session, "team", "lead")


def _list_territories(session: Session, options: argparse.Namespace) -> Answer:
    return _list_places(session, "territory", "parent")


def _list_places(session: Session, kind: str, other: str) -> Answer:
    with session.organisation.service.store.read() as tx:
        found = sorted(live(tx, kind), key=lambda place: str(place.values.get("name")))
    rows: list[Json] = [
        {"id": x.id, "name": _text(x.values.get("name")), other: _text(x.values.get(other))}
        for x in found
    ]
    return Answer("\n".join(_text(x.values.get("name")) for x in found), rows)
