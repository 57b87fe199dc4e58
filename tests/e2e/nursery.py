"""Servers that begin where the loading of their code has ended: each is a fork of a program that
has loaded all of it and waits. Nine tenths of a server's start are loading.

    with loaded() as nursery:
        process = nursery.start([CRM_SERVER, "--data", "…", "serve"], log)

The process is one of its own, in a session of its own, and dies by `kill -9` like any other.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tests.e2e.processes import ROOT, environment

ORDER_BYTES = 1 << 16

LOADED = (
    "crm_server.admin.main", "crm_server.http", "sqlalchemy.dialects.sqlite", "uvicorn",
    "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.h11_impl",
)  # fmt: skip


class Order(msgspec.Struct):
    """What to be."""

    command: list[str]
    log: str
    environment: dict[str, str]


class Forked:
    """A process of the nursery, used as `subprocess.Popen` is."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.pid = int(line.recv(ORDER_BYTES))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self._ended_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one. Raises `subprocess.TimeoutExpired`."""
        code = self._ended_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int, /) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _ended_within(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._line], [], [], seconds)[0]:
            self.returncode = int(self._line.recv(ORDER_BYTES))
            self._line.close()
        return self.returncode


class Nursery:
    """The program that waits; `line` leads to it."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def start(self, command: Sequence[str], log: Path) -> Forked:
        """Start `crm-server` with these words in the background; both its streams go to `log`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = Order([*command], str(log), environment())
        with theirs:
            socket.send_fds(self._line, [msgspec.json.encode(order)], [theirs.fileno()])
        return Forked(ours)


@contextlib.contextmanager
def loaded() -> Iterator[Nursery]:
    """A nursery; it ends with the block, its servers when they are told to."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            waiting = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()], cwd=ROOT, env=environment(), start_new_session=True,
            )  # fmt: skip
        try:
            yield Nursery(ours)
        finally:
            ours.close()
            waiting.wait()


def main(line: socket.socket) -> int:
    """Load, wait, and be the server of each order in a process of its own."""
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    from crm_server.admin.main import main as serve

    command = born(line)
    if not command:
        return 0
    sys.argv[:] = command
    return serve(command[1:])


def born(line: socket.socket) -> list[str]:
    """Returns in each server with its command, and at the end, with none, in who waited."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks after those who watch
    while True:
        said, passed, *_ = socket.recv_fds(line, ORDER_BYTES, 1)
        if not said:
            return []
        if os.fork() == 0:
            line.close()
            return watched(msgspec.json.decode(said, type=Order), socket.socket(fileno=passed[0]))
        os.close(passed[0])


def watched(order: Order, line: socket.socket) -> list[str]:
    """Returns in the server; who watches it tells its number and its exit code, and ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        line.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):  # of tests that have ended
            line.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    line.close()
    os.setsid()
    with Path(order.log).open("ab") as out, Path(os.devnull).open("rb") as nothing:
        for stream, number in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(order.environment)
    return order.command


if __name__ == "__main__":
    sys.exit(main(socket.socket(fileno=int(sys.argv[1]))))
