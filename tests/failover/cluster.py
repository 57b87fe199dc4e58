"""Three nodes of PostgreSQL under Patroni, etcd and HAProxy, on loopback, as an ordinary user.

The configuration is that of docs/admin/failover, with this machine's ports and folders filled in.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TypeVar, cast

import psutil
import psycopg

from tests.e2e.processes import ROOT, free_port
from tests.failover.install import patroni
from tests.support.postgres import find_binaries, give_away, ordinary_user

_T = TypeVar("_T")

HOST = "127.0.0.1"
NODES = ("pg1", "pg2", "pg3")
PASSWORDS = {
    "superuser_password": "drill-superuser",
    "replication_password": "drill-replication",
    "rewind_password": "drill-rewind",
}
APPLICATION_PASSWORD = "drill-crm"
DATABASE = "crm"
READY_S = 90.0
TEMPLATES = ROOT / "docs" / "admin" / "failover"
PROGRAMS = {"etcd": "etcd-server", "haproxy": "haproxy"}


@dataclass(frozen=True, slots=True)
class Way:
    """How the cluster is set up: `direct` without a balancer; `asynchronous` so that commits wait
    for no standby, which is what the drill must be able to find fault with."""

    direct: bool = False
    asynchronous: bool = False


class Missing(Exception):
    """A program of the drill is not installed."""


@dataclass
class Node:
    """One machine of three, as far as one machine can play it: Patroni and its PostgreSQL."""

    name: str
    folder: Path
    port: int = field(default_factory=free_port)
    rest_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def pids(self) -> list[psutil.Process]:
        """Patroni and every process of this node's PostgreSQL."""
        found: list[psutil.Process] = []
        mine = str(self.folder)
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if any(mine in word for word in words):
                found.append(process)
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.extend(process.children(recursive=True))
        return list({process.pid: process for process in found}.values())

    def senders(self) -> list[psutil.Process]:
        """What sends the log to the standbys, where this node is the primary."""
        return [one for one in self.pids() if "walsender" in " ".join(one.cmdline())]

    def signal(self, number: int) -> None:
        """The same signal to everything on this node, at once."""
        for process in self.pids():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill_postgres(self) -> None:
        """`kill -9` for PostgreSQL's first process alone; Patroni lives."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """The machine is gone: nothing on it gets a chance to put anything in order."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.process = None


class Cluster:
    """The nodes with what keeps them together; `url` is for the server."""

    def __init__(self, folder: Path, way: Way) -> None:
        self.folder = folder
        self.way = way
        self.balancer_port = free_port()
        self.etcd_port = free_port()
        self.nodes = {name: Node(name, folder / name) for name in NODES}
        self._others: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the database, through the balancer or naming all nodes."""
        who = f"postgresql+psycopg://crm:{APPLICATION_PASSWORD}@"
        if not self.way.direct:
            return f"{who}{HOST}:{self.balancer_port}/{DATABASE}"
        hosts = "&".join(f"host={HOST}:{node.port}" for node in self.nodes.values())
        return f"{who}/{DATABASE}?{hosts}&target_session_attrs=read-write"

    # -- starting -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; returns once a primary with a synchronous standby takes writes."""
        self._start_etcd()
        for node in self.nodes.values():
            self.start_node(node)
        if not self.way.direct:
            self._start_haproxy()
        primary = wait_for(self.primary, "a primary")
        wait_for(lambda: self.followers() or None, "a standby to fail over to")
        with self.connect(primary) as connection:
            connection.execute(f"CREATE ROLE crm LOGIN PASSWORD '{APPLICATION_PASSWORD}'")
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER crm")

    def _start_etcd(self) -> None:
        url, peer = f"http://{HOST}:{self.etcd_port}", f"http://{HOST}:{free_port()}"
        self._run(
            "etcd", "etcd", "--name", "drill", "--data-dir", str(self.folder / "etcd"),
            "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"drill={peer}", "--unsafe-no-fsync",
        )  # fmt: skip

    def start_node(self, node: Node) -> None:
        """Start a node, or start it again."""
        node.folder.mkdir(exist_ok=True, mode=0o700)
        give_away(node.folder)
        config = self._filled(
            "patroni.yml", node.folder / "patroni.yml", name=node.name, host=HOST,
            port=node.port, rest_port=node.rest_port, folder=node.folder, network=f"{HOST}/32",
            etcd_hosts=f"{HOST}:{self.etcd_port}", bin_dir=find_binaries(), **PASSWORDS,
        )  # fmt: skip
        node.process = self._run(node.name, "patroni", str(config))

    def _start_haproxy(self) -> None:
        servers = "\n".join(
            f"    server {node.name} {HOST}:{node.port} check port {node.rest_port}"
            for node in self.nodes.values()
        )
        config = self._filled(
            "haproxy.cfg", self.folder / "haproxy.cfg", host=HOST, servers=servers,
            balancer_port=self.balancer_port,
        )  # fmt: skip
        self._others.append(self._run("haproxy", "haproxy", "-db", "-f", str(config)))

    def _filled(self, template: str, to: Path, **values: object) -> Path:
        text = Template((TEMPLATES / template).read_text()).substitute(values)
        if self.way.asynchronous:
            text = text.replace("synchronous_mode: true", "synchronous_mode: false")
            text = text.replace("synchronous_mode_strict: true", "synchronous_mode_strict: false")
        to.write_text(text)
        to.chmod(0o644)
        return to

    def _run(self, name: str, program: str, *words: str) -> subprocess.Popen[bytes]:
        path = find_program(program)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = cast("subprocess.Popen[bytes]", subprocess.Popen(
                [path, *words], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **ordinary_user(),
            ))  # fmt: skip
        if program != "patroni":
            self._others.append(process)
        return process

    def stop(self) -> None:
        """End everything."""
        for node in self.nodes.values():
            node.signal(signal.SIGCONT)
            node.kill()
        for process in self._others:
            process.kill()
            process.wait()

    # -- looking ------------------------------------------------------------------------------

    def primary(self) -> Node | None:
        """The node that says of itself that it is the primary."""
        return next((x for x in self.nodes.values() if answers(x, "/primary")), None)

    def synchronous(self) -> list[str]:
        """The standbys without which the primary answers no commit."""
        return [name for name, node in self.nodes.items() if answers(node, "/synchronous")]

    def followers(self) -> list[str]:
        """The standbys of which one will take the primary's place."""
        return self.standbys() if self.way.asynchronous else self.synchronous()

    def standbys(self) -> list[str]:
        """The nodes that follow the primary."""
        return [name for name, node in self.nodes.items() if answers(node, "/replica")]

    def timeline(self, node: Node) -> int:
        """How often a standby was promoted, plus one."""
        with urllib.request.urlopen(f"http://{HOST}:{node.rest_port}/patroni", timeout=3) as told:
            return int(json.load(told)["timeline"])

    def connect(self, node: Node, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection to one node."""
        return psycopg.connect(
            host=HOST, port=node.port, user="postgres", dbname=database, autocommit=True,
            password=PASSWORDS["superuser_password"], connect_timeout=5,
        )  # fmt: skip


def answers(node: Node, path: str) -> bool:
    """Whether Patroni says yes to a question about its node."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{node.rest_port}{path}", timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.HTTPError):
        return False


def wait_for(question: Callable[[], _T | None], what: str, seconds: float = READY_S) -> _T:
    """The first answer that is not None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = question()
        if found is not None:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"{what} did not come within {seconds:.0f} s")


def find_program(name: str) -> str:
    """The path of a program, Debian's folder for administrators included."""
    if name == "patroni":
        return str(patroni())
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(f"{name} is not installed (Debian: apt-get install {PROGRAMS[name]})")
    return found


@contextlib.contextmanager
def running(programs: Sequence[str], way: Way) -> Iterator[Cluster]:
    """A running cluster in a folder of its own, removed again."""
    for name in programs:
        find_program(name)
    folder = Path(tempfile.mkdtemp(prefix="crm-failover-"))
    give_away(folder)
    folder.chmod(0o755)
    cluster = Cluster(folder, way)
    try:
        cluster.start()
        yield cluster
    except BaseException:
        for log in sorted(folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}")
        raise
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
