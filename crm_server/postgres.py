"""A transaction on PostgreSQL by the driver's lowest layer: statements are prepared once on each
connection, and sent together where nobody waits for the first one's answer (adr/0048).

What is only written goes out with the next question, or with the end of the transaction.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, cast

import msgspec
import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import Engine, PoolProxiedConnection

PREPARED_MAX = 400
"""Statements that one connection keeps ready; the organisations of a pool have theirs apart."""

WAITING_MAX = 1000
"""What is only written waits for company at most in this number."""

ATTEMPTS_MAX = 40
"""More than the connections that lie in a pool, all of which may have been closed meanwhile."""

ANSWER_S_MAX = 300.0
"""Longer than any statement takes: after that, PostgreSQL hangs while its machine does not."""

_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Without a limit to the numbers of sockets, where the system has one."""

_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_INFERRED, _BOOL, _BYTES, _INT8 = 0, 16, 17, 20
"""Object ids of PostgreSQL's types; what stands in no particular one takes its column's."""

_TEXT, _BINARY = Format.TEXT, Format.BINARY

Value = tuple[bytes | None, int, Format]


class _Statement:
    """One statement on its way, and its result."""

    __slots__ = ("formats", "key", "result", "rows", "values")

    def __init__(self, schema: str, sql: str, params: Sequence[Any]) -> None:
        sent = [_sent(value) for value in params]
        self.key = (schema, sql, tuple([oid for _, oid, _ in sent]))
        self.values = [value for value, _, _ in sent]
        self.formats = [kind for _, _, kind in sent]
        self.result: PGresult | None = None
        self.rows: list[tuple[Any, ...]] | None = None


class Exchange:
    """A transaction of one organisation on a connection of the pool."""

    def __init__(self, engine: Engine, begin: str, schema: str) -> None:
        self._engine = engine
        self._schema = schema
        self._began = False
        self._waiting: list[_Statement] = [
            _Statement(schema, begin, ()),
            _Statement(schema, f'SET LOCAL search_path TO "{schema}"', ()),
        ]
        self._take_connection()

    def _take_connection(self) -> None:
        self._connection: PoolProxiedConnection = self._engine.raw_connection()
        driver = self._connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        self._pg: PGconn = driver.pgconn
        self._transformer = Transformer(cast("psycopg.Connection[Any]", driver))
        self._prepared: dict[tuple[Any, ...], bytes] = self._connection.info.setdefault(
            "prepared", {}
        )
        self._numbers: Iterator[int] = self._connection.info.setdefault("numbers", count())

    # -- statements ---------------------------------------------------------------------------

    def ask(self, sql: str, params: Sequence[Any]) -> Callable[[], list[tuple[Any, ...]]]:
        """Send a question with the next exchange; the rows of its answer, when they are needed,
        the same list each time."""
        statement = self._add(sql, params)

        def answer() -> list[tuple[Any, ...]]:
            if statement.rows is None:
                result = self._result(statement)
                self._transformer.set_pgresult(result)
                statement.rows = self._transformer.load_rows(0, result.ntuples, tuple)
            return statement.rows

        return answer

    def write(self, sql: str, params: Sequence[Any]) -> None:
        """Write with the next exchange."""
        self._add(sql, params)
        if len(self._waiting) >= WAITING_MAX:
            self._exchange()

    def touched(self, sql: str, params: Sequence[Any]) -> int:
        """Write now; the number of rows that it touched."""
        return self._result(self._add(sql, params)).command_tuples or 0

    def _add(self, sql: str, params: Sequence[Any]) -> _Statement:
        statement = _Statement(self._schema, sql, params)
        self._waiting.append(statement)
        return statement

    def _result(self, statement: _Statement) -> PGresult:
        if statement.result is None:
            self._exchange()
        assert statement.result is not None
        return statement.result

    # -- the end ------------------------------------------------------------------------------

    def commit(self) -> None:
        """Send what waits, and make it last."""
        if not self._began and len(self._waiting) == len(("BEGIN", "SET LOCAL")):
            return  # nothing was asked
        self._add("COMMIT", ())
        self._exchange()
        if self._pg.transaction_status != TransactionStatus.IDLE:
            raise psycopg.OperationalError("the transaction did not end")

    def rollback(self) -> None:
        """Take back all of it. A connection that cannot is given up."""
        self._waiting.clear()
        if not self._is_taken_back() and self._connection.is_valid:
            self._connection.invalidate()

    def _is_taken_back(self) -> bool:
        pg = self._pg
        if pg.pipeline_status != PipelineStatus.OFF or pg.status != ConnStatus.OK:
            return False
        if pg.transaction_status == TransactionStatus.IDLE:
            return True
        try:
            return pg.exec_(b"ROLLBACK").status == ExecStatus.COMMAND_OK
        except psycopg.Error:
            return False  # the connection ended, and the transaction with it

    def close(self) -> None:
        """Give the connection back to the pool."""
        self._connection.close()

    # -- the wire -----------------------------------------------------------------------------

    def _exchange(self) -> None:
        """Send all that waits at once, and read all the answers."""
        sent, self._waiting = self._waiting, []
        for _ in range(1 if self._began else ATTEMPTS_MAX):
            try:
                self._converse(sent)
            except psycopg.OperationalError:
                # Nothing was begun yet: a connection that was closed meanwhile gives its place to
                # another one. What was begun is over.
                if self._began or self._pg.status == ConnStatus.OK:
                    raise
                self._connection.invalidate()
                self._take_connection()
            else:
                self._began = True
                return
        raise psycopg.OperationalError("no connection answers")

    def _converse(self, sent: list[_Statement]) -> None:
        pg = self._pg
        if len(self._prepared) >= PREPARED_MAX:
            pg.exec_(b"DEALLOCATE ALL")
            self._prepared.clear()
        expected: list[tuple[_Statement, bytes]] = []
        ready = dict[tuple[Any, ...], bytes]()
        pg.enter_pipeline_mode()
        for statement in sent:
            name = self._prepared.get(statement.key) or ready.get(statement.key)
            if name is None:
                name = b"s%d" % next(self._numbers)
                ready[statement.key] = name
                _, sql, oids = statement.key
                pg.send_prepare(name, sql.encode(), oids)
                expected.append((statement, name))
            pg.send_query_prepared(name, statement.values, statement.formats)
            expected.append((statement, b""))
        pg.pipeline_sync()
        self._flush()
        failed: PGresult | None = None
        for statement, name in expected:
            result = self._next_result()
            if result is None or self._next_result() is not None:
                raise psycopg.OperationalError("the answers are not in step")
            if result.status not in _DONE:
                failed = failed or result
            elif name:
                self._prepared[statement.key] = name
            else:
                statement.result = result
        synced = self._next_result()
        if synced is None or synced.status != ExecStatus.PIPELINE_SYNC:
            raise psycopg.OperationalError("the answers are not in step")
        pg.exit_pipeline_mode()
        if failed is not None:
            raise _error(failed)

    # libpq would wait with the interpreter's lock held, and keep from going on who is waited for.

    def _flush(self) -> None:
        while self._pg.flush():
            if self._wait(EVENT_READ | EVENT_WRITE) & EVENT_READ:
                self._pg.consume_input()

    def _next_result(self) -> PGresult | None:
        while self._pg.is_busy():
            self._wait(EVENT_READ)
            self._pg.consume_input()
        return self._pg.get_result()

    def _wait(self, events: int) -> int:
        with _Selector() as selector:
            selector.register(self._pg.socket, events)
            ready = selector.select(ANSWER_S_MAX)
        if not ready:
            raise psycopg.OperationalError("no answer")
        return ready[0][1]


def _error(result: PGresult) -> psycopg.Error:
    if result.error_field(_SQLSTATE) is None:
        return psycopg.OperationalError(result.error_message.decode(errors="replace"))
    return errors.error_from_result(result)


_SQLSTATE = psycopg.pq.DiagnosticField.SQLSTATE


def _sent(value: object) -> Value:
    """A value as it travels."""
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("a text holds U+0000")
        return value.encode(), _INFERRED, _TEXT
    if value is True or value is False:
        return b"t" if value else b"f", _BOOL, _TEXT
    if isinstance(value, int):
        return b"%d" % value, _INT8, _TEXT
    if value is None:
        return None, _INFERRED, _TEXT
    if isinstance(value, list):
        return _array(cast("list[Any]", value)).encode(), _INFERRED, _TEXT
    if isinstance(value, msgspec.Raw):
        return bytes(value), _INFERRED, _TEXT
    if isinstance(value, bytes | bytearray):
        return bytes(value), _BYTES, _BINARY
    raise TypeError(type(value))


def _array(values: list[Any]) -> str:
    parts: list[str] = []
    for value in values:
        if isinstance(value, str):
            if "\0" in value:
                raise psycopg.DataError("a text holds U+0000")
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'"{escaped}"')
        else:
            parts.append(str(int(value)))
    return "{" + ",".join(parts) + "}"
