"""Servers for the stories: one real process per store and test session, on SQLite and PostgreSQL.

Each story brings its own people and records, so that stories on one server never meet.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_desktop import keychain
from tests.e2e.nursery import Nursery
from tests.e2e.people import Door, World, as_process, inside
from tests.e2e.processes import start
from tests.e2e.proxy import Proxy, proxy_before
from tests.e2e.server import Server, serving
from tests.support.postgres import Cluster
from tests.support.secret_service import missing
from tests.support.secret_service import secret_service as running_secret_service

DOORS: dict[str, Door] = {"process": as_process, "inside": inside}
STORES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server process on SQLite."""
    with serving(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server(
    tmp_path_factory: pytest.TempPathFactory, postgres: Cluster
) -> Iterator[Server]:
    """A server process on PostgreSQL."""
    url = postgres.create_database()
    with serving(tmp_path_factory.mktemp("server") / "data", url) as server:
        yield server
    postgres.drop_database(url)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The name of the store below the server."""
    return request.param


@pytest.fixture
def door() -> Door:
    """How commands are given: within this process, unless CRM_E2E_DOOR=process."""
    return DOORS[os.environ.get("CRM_E2E_DOOR", "inside")]


@pytest.fixture
def world(store: str, door: Door, request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A running server and room for new people; shared with other stories."""
    server: Server = request.getfixturevalue(f"{store}_server")
    return World(server, tmp_path, door, _NUMBERS)


@pytest.fixture
def own_world(
    store: str, door: Door, request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery
) -> Iterator[World]:
    """A server of this story alone, for stories that stop or restore it; unless CRM_E2E_DOOR is
    "process", without the time that loading its code takes."""
    url = request.getfixturevalue("fresh_database") if store == "postgresql" else ""
    begin = start if door is as_process else nursery.start
    with serving(tmp_path / "server", url, begin) as server:
        yield World(server, tmp_path, door, _NUMBERS)


@pytest.fixture
def secret_service(tmp_path: Path) -> Iterator[keychain.Vault]:
    """The keyring of a real Secret Service; skipped where this machine has none to start."""
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
    with running_secret_service(tmp_path / "keyring"):
        from keyring.backends.SecretService import Keyring

        yield Keyring()


@pytest.fixture
def proxy(world: World) -> Iterator[Proxy]:
    """A proxy in front of the server; the people of this story go through it."""
    with proxy_before(world.server.url) as made:
        world.url = made.url
        yield made
