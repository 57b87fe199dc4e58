"""The frozen application is tried as a whole, because packaging shapes imports."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from installers.__main__ import freeze

pytestmark = [pytest.mark.slow, pytest.mark.longest, pytest.mark.timeout(900)]


def run(folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a frozen program as a laptop would: without this checkout or its environment."""
    home = {"HOME": str(folder.parent), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    known = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return subprocess.run(
        [folder / program, *words],
        cwd=folder.parent,
        env={**home, **known, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_frozen_programs_work_without_this_checkout(tmp_path: Path) -> None:
    """One test, since the build takes a minute and each of several processes would make its own."""
    folder = freeze(tmp_path / "frozen")
    passes_its_selftest(folder)
    knows_the_catalog(folder)
    makes_an_organisation(folder, tmp_path / "data")


def passes_its_selftest(folder: Path) -> None:
    done = run(folder, "crm-desktop", "--selftest")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    for part in ("store", "encryption", "keyring", "tls", "search", "catalog", "charts", "qt"):
        assert report[part]["ok"], report[part]


def knows_the_catalog(folder: Path) -> None:
    done = run(folder, "crm-desktop", "kinds", "--json")
    assert done.returncode == 0, done.stderr
    assert "account" in done.stdout


def makes_an_organisation(folder: Path, data: Path) -> None:
    done = run(folder, "crm-server", "--data", str(data), "init", "--organisation", "北京")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "bei-jing"
