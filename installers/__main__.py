"""`make package`: freezes the application into build/frozen/crm-desktop and tries it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
SOURCE_DATE = "1763683200"
"""With a fixed hash seed and date two builds are the same to the bit."""

UNRESOLVED = "Library not found: could not resolve"
"""PyInstaller only warns of a missing library and ships a bundle that fails elsewhere."""

NEEDED = ("libxcb", "libxkb", "libEGL", "libssl", "libpython")


def main() -> int:
    folder = freeze(BUILD / "frozen")
    for program in ("crm-desktop", "crm-server"):
        subprocess.run([folder / program, "--version"], check=True)
    return subprocess.run([folder / "crm-desktop", "--selftest"], check=False).returncode


def freeze(out: Path) -> Path:
    """Build the one-folder application below `out`; raises on a warning that would break it."""
    command = [
        sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
        "--distpath", str(out), "--workpath", str(BUILD / "pyinstaller"),
        str(ROOT / "installers" / "crm.spec"),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": SOURCE_DATE}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"PyInstaller failed:\n{done.stdout}\n{done.stderr}")
    lost = [
        line
        for line in done.stderr.splitlines()
        if UNRESOLVED in line and any(name in line for name in NEEDED)
    ]
    if lost:
        raise RuntimeError("The bundle would lack libraries:\n" + "\n".join(lost))
    return out / "crm-desktop"


if __name__ == "__main__":
    sys.exit(main())
