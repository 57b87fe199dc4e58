"""A PostgreSQL server for tests and measurements, on a Unix socket in a temporary folder.

PostgreSQL refuses to run as root, so root starts it as another user. Nothing listens on a network.

    with cluster() as postgres:
        url = postgres.create_database()

`python -m tests.support.postgres` starts one, prints a database's URL and waits for Ctrl-C.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

SUPERUSER = "crm"
DATABASE_VARIABLE = "CRM_TEST_DATABASE"
"""A child finds here the URL of a database that its parent has made for it."""

START_S = 30.0
STOP_S = 30.0

# Speed only: a test's data need not survive a power cut.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
}


class NoPostgres(Exception):
    """There is no PostgreSQL server on this machine."""


@dataclass(frozen=True)
class Cluster:
    """A running server; `folder` holds its socket."""

    folder: Path

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.folder}"

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"crm_{uuid.uuid4().hex[:12]}"
        self._execute("CREATE DATABASE {}", name)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Removes a database, ending whatever is still connected to it."""
        name = url.rpartition("?")[0].rpartition("/")[2]
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: LiteralString, name: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def connect(self) -> psycopg.Connection:
        """A connection for administration, outside any transaction."""
        return psycopg.connect(
            host=str(self.folder), user=SUPERUSER, dbname="postgres", autocommit=True
        )


@contextlib.contextmanager
def cluster(place: Path | None = None) -> Iterator[Cluster]:
    """Makes a cluster in a folder of `place`, runs it, and removes it again. Raises NoPostgres."""
    binaries = find_binaries()
    # Not pytest's own folder: that is long for a socket's path (107 bytes) and closed to others.
    folder = Path(tempfile.mkdtemp(prefix="crm-postgres-", dir=place))
    try:
        give_away(folder)
        data = folder / "data"
        run(binaries / "initdb", "-D", data, "-U", SUPERUSER, *INITDB_OPTIONS, cwd=folder)
        with running(binaries, folder, data):
            yield Cluster(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


INITDB_OPTIONS = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`: on the path, else Debian's newest version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not debian:
        raise NoPostgres("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return max(debian, key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0)).parent


@contextlib.contextmanager
def running(binaries: Path, folder: Path, data: Path) -> Iterator[None]:
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *options],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **ordinary_user(),
        )
    try:
        wait_until_ready(server, Cluster(folder))
        yield
    finally:
        stop(server)


def wait_until_ready(server: subprocess.Popen[Any], started: Cluster) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            started.connect().close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (started.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
            time.sleep(0.05)
        else:
            return


def stop(server: subprocess.Popen[Any]) -> None:
    server.send_signal(signal.SIGINT)  # "fast shutdown": does not wait for clients
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **ordinary_user(),
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def give_away(folder: Path) -> None:
    user = ordinary_user()
    if user:
        os.chown(folder, user["user"], user["group"])


def ordinary_user() -> dict[str, Any]:
    """As whom to run the server: ourselves, or for root the package's user, or nobody."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoPostgres("PostgreSQL does not run as root, and there is no user 'nobody' to run it as")


if __name__ == "__main__":
    with cluster() as postgres, contextlib.suppress(KeyboardInterrupt):
        print(postgres.create_database(), flush=True)
        signal.pause()
