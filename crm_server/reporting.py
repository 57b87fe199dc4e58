"""Views for reporting on PostgreSQL: the live records of an organisation as ordinary tables, for a
role that can read nothing else (sync.md §2.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.errors import UserProblem
from crm_core.fields import Field, Kind
from crm_core.i18n import tr_noop
from crm_server.engines import connected
from crm_server.store import ServerStore

ROLE = re.compile(r"[a-z_][a-z0-9_-]{0,62}\Z")

LEFT_OUT = frozenset(("conflict", "device", "role", "role_permission", "saved_view"))
"""What is no business of a report; conflicts repeat values of all kinds of fields."""

STATEMENT_TIMEOUT = "15min"
"""A report that runs longer is given up: its snapshot keeps the database from tidying up."""

_MARK = "crm-server"
"""In the schema's comment, which keeps what was asked for."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a report may see, and who reads."""

    schema: str
    views: tuple[str, ...]
    roles: tuple[str, ...]
    personal: bool


def give_access(
    store: ServerStore, role: str, *, personal: bool = False, password: str = ""
) -> Access:
    """Make the views, and the role where there is none, and let it read them. `personal`: with the
    fields that are personal, for all who read. Raises UserProblem."""
    if not ROLE.match(role):
        raise UserProblem(tr_noop("'{role}' is no name of a role."), role=role[:60])
    _refuse_others(store)
    try:
        with connected(store.engine) as connection:
            _make_role(connection, role, password)
            return _rebuild(connection, store, personal=personal, more=(role,))
    except ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise UserProblem(
            tr_noop(
                "The database's user may not do that. It needs the right to make roles: as a"
                " superuser, ALTER ROLE … CREATEROLE."
            )
        ) from error


def end_access(store: ServerStore, role: str) -> Access:
    """Let a role read no more. Raises UserProblem where it could not."""
    _refuse_others(store)
    with connected(store.engine) as connection:
        if role not in _readers(connection, report_schema(store)):
            raise UserProblem(tr_noop("'{role}' reads no reports here."), role=role[:60])
        name, schema = sql.Identifier(role), sql.Identifier(report_schema(store))
        for words in (
            "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
            "REVOKE ALL ON SCHEMA {schema} FROM {role}",
        ):
            _run(connection, sql.SQL(words).format(schema=schema, role=name))
        return _rebuild(connection, store, personal=_is_personal(connection, store) or False)


def rebuild_reports(store: ServerStore) -> Access | None:
    """The views anew, with today's kinds and fields; None where nobody asked for any."""
    if not store.postgres:
        return None
    with connected(store.engine) as connection:
        personal = _is_personal(connection, store)
        if personal is None:
            return None
        return _rebuild(connection, store, personal=personal)


def report_schema(store: ServerStore) -> str:
    """The schema of an organisation's reports."""
    return f"{store.schema.removeprefix('crm_')}_report"


def _refuse_others(store: ServerStore) -> None:
    if not store.postgres:
        raise UserProblem(tr_noop("Views for reports need PostgreSQL."))


def _make_role(connection: Connection, role: str, password: str) -> None:
    name = sql.Identifier(role)
    known = connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    if known.first() is None:
        _run(connection, sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
        for setting, value in (
            ("default_transaction_read_only", "on"), ("statement_timeout", STATEMENT_TIMEOUT),
        ):  # fmt: skip
            words = sql.SQL("ALTER ROLE {} SET {} TO {}")
            _run(connection, words.format(name, sql.Identifier(setting), sql.Literal(value)))
    if password:
        words = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
        _run(connection, words.format(name, sql.Literal(_sealed(connection, role, password))))


def _sealed(connection: Connection, role: str, password: str) -> str:
    """A password as PostgreSQL keeps it, so that it stands in no log of its statements."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()


def _rebuild(
    connection: Connection, store: ServerStore, *, personal: bool, more: tuple[str, ...] = ()
) -> Access:
    schema = report_schema(store)
    found = connection.exec_driver_sql("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,))
    if found.first() is not None and _is_personal(connection, store) is None:
        raise UserProblem(
            tr_noop("There is a schema '{schema}' that is none of ours."), schema=schema
        )
    _run(connection, sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    roles = tuple(dict.fromkeys((*_readers(connection, schema), *more)))
    for (view,) in connection.exec_driver_sql(
        "SELECT viewname FROM pg_views WHERE schemaname = %s", (schema,)
    ).all():
        _run(connection, sql.SQL("DROP VIEW {}").format(sql.Identifier(schema, view)))
    kinds = [entity for kind, entity in sorted(CATALOG.items()) if kind not in LEFT_OUT]
    for entity in kinds:
        _run(connection, _view(store.schema, schema, entity, personal=personal))
    said = sql.Literal(json.dumps({"by": _MARK, "personal": personal}))
    _run(connection, sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), said))
    for role in roles:
        names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        _run(connection, sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}").format(**names))
        words = "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
        _run(connection, sql.SQL(words).format(**names))
    return Access(schema, tuple(entity.kind for entity in kinds), roles, personal)


def _readers(connection: Connection, schema: str) -> tuple[str, ...]:
    """The roles that were let in, the owner aside."""
    found = connection.exec_driver_sql(
        "SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = %s AND a.grantee <> n.nspowner ORDER BY 1",
        (schema,),
    )
    return tuple(str(role) for (role,) in found)


def _is_personal(connection: Connection, store: ServerStore) -> bool | None:
    """Whether the views hold personal fields; None where there are none of ours."""
    said = connection.exec_driver_sql(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s",
        (report_schema(store),),
    ).scalar()
    try:
        kept = json.loads(said or "{}")
    except ValueError:
        return None
    return bool(kept.get("personal")) if kept.get("by") == _MARK else None


def _run(connection: Connection, statement: sql.Composed) -> None:
    words = statement.as_string(None)
    connection.exec_driver_sql(words, execution_options={"no_parameters": True})


# -- one kind, one view ---------------------------------------------------------------------------


def _view(store: str, schema: str, entity: Entity, *, personal: bool) -> sql.Composed:
    # A barrier: no function in a report's condition sees rows that the view leaves out.
    words = (
        "CREATE VIEW {view} WITH (security_barrier) AS SELECT id, seq, {columns}"
        " FROM {record} WHERE kind = {kind} AND NOT deleted"
    )
    columns = [column for field in entity.fields if personal or not field.personal
               for column in _columns(field)]  # fmt: skip
    return sql.SQL(words).format(
        view=sql.Identifier(schema, entity.kind), record=sql.Identifier(store, "record"),
        kind=sql.Literal(entity.kind), columns=sql.SQL(", ").join(columns),
    )  # fmt: skip


def _columns(field: Field) -> Iterator[sql.Composed]:
    for ending, expression in COLUMNS[field.kind].items():
        yield sql.SQL("{} AS {}").format(
            sql.SQL(expression).format(x=sql.Literal(field.name)),
            sql.Identifier(field.name + ending),
        )


_TEXT: Mapping[str, LiteralString] = {"": "body ->> {x}"}
_MANY: Mapping[str, LiteralString] = {
    "": "CASE jsonb_typeof(body -> {x}) WHEN 'array' THEN"
    " ARRAY(SELECT jsonb_array_elements_text(body -> {x})) END"
}

COLUMNS: Mapping[Kind, Mapping[str, LiteralString]] = {
    Kind.TEXT: _TEXT,
    Kind.NOTE: _TEXT,
    Kind.CHOICE: _TEXT,
    Kind.FLAG: {"": "(body ->> {x})::boolean"},
    Kind.WHOLE: {"": "(body ->> {x})::bigint"},
    Kind.DECIMAL: {"": "(body ->> {x})::numeric"},
    Kind.MONEY: {
        "": "substring(body ->> {x} FROM '^-?[0-9.]+')::numeric",
        "_currency": "substring(body ->> {x} FROM '[A-Z]+$')",
    },
    Kind.DAY: {"": "(body ->> {x})::date"},
    Kind.INSTANT: {"": "(body ->> {x})::timestamptz"},
    Kind.DURATION: {"": "(body ->> {x})::bigint"},
    Kind.PHONE: _TEXT,
    Kind.EMAIL: _TEXT,
    Kind.URL: _TEXT,
    Kind.ADDRESS_PART: _TEXT,
    Kind.PLACE: {
        "_latitude": "split_part(body ->> {x}, ',', 1)::numeric",
        "_longitude": "nullif(split_part(body ->> {x}, ',', 2), '')::numeric",
    },
    Kind.PERSON_NAME: _TEXT,
    Kind.LINK: _TEXT,
    Kind.LINKS: _MANY,
    Kind.TAGS: _MANY,
    Kind.ORDER: _TEXT,
    Kind.JSON: {"": "body -> {x}"},
}
"""The columns of a field: what stands behind its name, and how it is read from a record's body."""
