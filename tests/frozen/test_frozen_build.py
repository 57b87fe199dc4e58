"""The frozen application is tried as a whole, because packaging shapes imports."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from installers.__main__ import freeze

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("frozen")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return freeze(tmp_path_factory.mktemp("frozen"))


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


def test_frozen_client_passes_its_selftest(folder: Path) -> None:
    done = run(folder, "crm-desktop", "--selftest")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    for part in ("store", "encryption", "keyring", "tls", "search", "catalog", "qt"):
        assert report[part]["ok"], report[part]


def test_frozen_command_line_knows_the_catalog(folder: Path) -> None:
    done = run(folder, "crm-desktop", "kinds", "--json")
    assert done.returncode == 0, done.stderr
    assert "account" in done.stdout


def test_frozen_server_makes_an_organisation(folder: Path, tmp_path: Path) -> None:
    done = run(
        folder, "crm-server", "--data", str(tmp_path / "s"), "init", "--organisation", "北京"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "bei-jing"
