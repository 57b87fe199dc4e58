"""Connections that hand a small request over in one piece. Head and body by themselves are two
messages to the system and, on the other side, two turns of the server."""

from __future__ import annotations

from typing import Any

from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

ONE_PIECE_BYTES_MAX = 64 * 1024
"""A larger body is not copied behind its head."""


class _Holding(HTTPConnection):
    """Holds what a request sends until all of it is there."""

    _held: list[bytes] | None = None

    @override
    def request(self, *args: Any, **options: Any) -> None:
        self._held = []
        try:
            super().request(*args, **options)
            self._let_go()
        finally:
            self._held = None

    @override
    def send(self, data: Any) -> None:
        held = self._held
        if held is not None and isinstance(data, bytes) and len(data) <= ONE_PIECE_BYTES_MAX:
            held.append(data)
            return
        self._let_go()
        super().send(data)

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held:
            super().send(b"".join(held))


class _SecureHolding(_Holding, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Holding  # pyright: ignore[reportAssignmentType]  # as its own class is one


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureHolding  # pyright: ignore[reportAssignmentType]


class OnePiece(HTTPAdapter):
    """Requests in one piece."""

    @override
    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
