"""Patroni in an environment of its own, from `requirements-failover.lock`: it is no part of the
product, and root's Python is closed to the ordinary user who runs it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.processes import ROOT

LOCK = ROOT / "requirements-failover.lock"
FOLDER = ROOT / "build" / "failover"
STAMP = FOLDER / "installed"
SYSTEM_PYTHON = "/usr/bin/python3"


def patroni() -> Path:
    """The program, installed if it is not yet."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not STAMP.is_file() or STAMP.read_text() != wanted:
        python = SYSTEM_PYTHON if os.geteuid() == 0 else sys.executable
        _run(python, "-m", "venv", "--clear", "--without-pip", str(FOLDER))
        _run(
            sys.executable, "-m", "pip", "--python", str(FOLDER / "bin" / "python"), "install",
            "-qq", "--disable-pip-version-check", "--no-deps", "--require-hashes",
            "--requirement", str(LOCK),
        )  # fmt: skip
        STAMP.write_text(wanted)
    return FOLDER / "bin" / "patroni"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
