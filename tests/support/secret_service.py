"""A real Secret Service for tests: a message bus and GNOME's keyring of our own, in a folder.

Debian has both (`apt-get install dbus gnome-keyring`); where they are missing, tests that need them
are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
START_S = 15.0
ADDRESS = "DBUS_SESSION_BUS_ADDRESS"

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>{address}</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""
"""A bus that starts nothing by itself: a locked keyring would take the place of ours."""


def missing() -> str:
    """What this machine lacks, as a reason to skip; "" where nothing is missing."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"no Secret Service here: {' and '.join(absent)} (Debian: dbus, gnome-keyring)"
    return ""


@contextmanager
def secret_service(folder: Path) -> Iterator[None]:
    """An unlocked keyring, which this process talks to within the block."""
    folder.mkdir(mode=0o700)
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with pytest.MonkeyPatch.context() as patch, _bus(folder, home) as address:
        patch.setenv(ADDRESS, address)
        for name, value in home.items():
            patch.setenv(name, value)
        patch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        with _keyring(folder):
            yield


@contextmanager
def _bus(folder: Path, home: dict[str, str]) -> Iterator[str]:
    address = f"unix:path={folder / 'bus'}"
    config = folder / "bus.conf"
    config.write_text(BUS.format(address=address))
    words = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"]
    with _running(words, folder / "bus.log", {**os.environ, **home}):
        _wait_for((folder / "bus").exists, "the message bus", folder / "bus.log")
        yield address


@contextmanager
def _keyring(folder: Path) -> Iterator[None]:
    words = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
    with _running(words, folder / "keyring.log", dict(os.environ), b"a password of the test\n"):
        _wait_for(_answers, "the keyring", folder / "keyring.log")
        yield


def _answers() -> bool:
    import secretstorage  # Linux alone has it

    with closing(secretstorage.dbus_init()) as connection:
        return secretstorage.check_service_availability(connection)


@contextmanager
def _running(
    words: list[str], log: Path, env: dict[str, str], typed: bytes = b""
) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=out, stderr=out, env=env, start_new_session=True
        )
    assert process.stdin is not None
    process.stdin.write(typed)
    process.stdin.close()
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(is_there: Callable[[], bool], what: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not is_there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
