"""The demo's ground: a server process with the demo company, and nancy's profile in step with it.

The window itself is `app`'s; `__main__` brings the two together.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop import signing
from crm_desktop.i18n import tr
from crm_desktop.models.outbox import Outbox

FOLDER = Path("build") / "demo"
PASSWORD = "demo"
PASSPHRASE = "demo"
FIRST = "nancy"

LOGINS = (
    ("nancy", tr_noop("Nancy Davolio, sales representative")),
    ("margaret", tr_noop("Margaret Peacock, key-account manager")),
    ("fuller", tr_noop("Andrew Fuller, leads all territories")),
    ("buchanan", tr_noop("Steven Buchanan, leads his team")),
    ("service", tr_noop("Service: every complaint")),
    ("it", tr_noop("IT: users and devices")),
)
"""Who is offered on the sign-in page, and what to see as him."""

START_S = 60.0
STOP_S = 10.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Ready:
    """A demo that runs: where nancy's profile lies, and where the server listens."""

    profile: Path
    server: str
    organisation: str


def has_display() -> bool:
    """Whether a window could be seen by anybody."""
    if os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def running(*, fresh: bool, folder: Path = FOLDER) -> Generator[Ready]:
    """The demo's server and nancy's profile, first synchronised; the server ends with the block."""
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "server"
    if not data.exists():
        _say(tr("Making the demo company (once) …"))
        _make_company(data)
    with _serving(data, folder / "server.log") as url:
        _say(tr("The demo's server listens at {url}.", url=url))
        yield _nancy(folder / "profile", url)


def _nancy(path: Path, url: str) -> Ready:
    """Sign nancy in (the server's port is another one each time) and fetch what is hers."""
    from crm_desktop.sync.runner import Runner

    opened = signing.sign_in(path, url, "", FIRST, PASSWORD, PASSPHRASE)
    try:
        run = Runner(Outbox(opened.store), opened.session).run()
        if run.failure is not None:
            raise run.failure
        return Ready(path, url, opened.settings.organisation)
    finally:
        opened.close()


def _make_company(data: Path) -> None:
    """Made beside its place and moved there whole, so that half a company is never served."""
    raw = data.with_name(f"{data.name}.new")
    shutil.rmtree(raw, ignore_errors=True)
    done = subprocess.run(
        [*server_command(), "--data", str(raw), "demo"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        detail = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserProblem(
            tr_noop("The demo company could not be made: {detail}"), detail=" ".join(detail[-1:])
        )
    raw.replace(data)


@contextmanager
def _serving(data: Path, log: Path) -> Generator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*server_command(), "--data", str(data), "serve", "--port", str(port)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        _wait_until_it_answers(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def server_command() -> list[str]:
    """How to start the server: beside this program where it is frozen, else as a module."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).with_stem("crm-server"))]
    return [sys.executable, "-m", "crm_server"]


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            # The loopback needs no proxy, whatever the environment says.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{url}/ping", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(POLL_S)
    raise Unavailable(tr_noop("The demo's server did not start; see {file}."), file=str(log))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
