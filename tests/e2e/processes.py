"""Real processes for tests: started quietly, ended by their own pid, never left behind."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CRM_SERVER = str(BIN / "crm-server")
CRM_DESKTOP = str(BIN / "crm-desktop")
PASSPHRASE = "a long passphrase"
PASSPHRASE_VARIABLE = "CRM_DESKTOP_PASSPHRASE"
START_S = 30.0
STOP_S = 10.0
COMMAND_S = 110.0

UNCHECKED = ssl.create_default_context()
UNCHECKED.check_hostname = False
UNCHECKED.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- out ---\n{self.out}\n--- err ---\n{self.err}"


class Process(Protocol):
    """A process in the background, as `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our own environment and some more; programs may keep their compiled code, as installed."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **(extra or {})}


def run(
    command: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None,
    within_s: float = COMMAND_S,
) -> Ran:  # fmt: skip
    """Run a command to its end; its exit code is the caller's to judge."""
    done = subprocess.run(
        command,
        input=stdin.encode(),
        capture_output=True,
        env=environment(env),
        timeout=within_s,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def called(main: Callable[[list[str]], int | None], words: Sequence[str], stdin: str = "") -> Ran:
    """Call a program's `main` within this process, as if it had been started."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    before, sys.stdin = sys.stdin, given
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*words])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdin = before
    return Ran(code or 0, _said(out), _said(err))


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def start(
    command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in the background; both its streams go to `log`."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment(env),
            start_new_session=True,
        )


def stop(process: Process) -> None:
    """Ask a process to end; after a while, end it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process: Process) -> None:
    """`kill -9`: the process gets no chance to put anything in order."""
    process.kill()
    process.wait()


def ended_within(process: Process, seconds: float) -> bool:
    """Whether a process ends by itself before the instant comes."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(url: str, process: Process, log: Path) -> None:
    """Return once an HTTP server answers at `url`, with whatever status."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            with contextlib.closing(urllib.request.urlopen(url, timeout=5, context=UNCHECKED)):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace")
                raise RuntimeError(f"The server did not start:\n{said}") from None
            time.sleep(0.02)
