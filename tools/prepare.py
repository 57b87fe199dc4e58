"""Sets this checkout up, for `make`: system packages, environment, locked packages, commands.

    python3 tools/prepare.py run|test

Standard library only, since it runs before anything is installed. A second run finds everything in
place and returns at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".prepared"
LOCK = ROOT / "requirements.lock"
PACKAGES = ROOT / "tools" / "packages"
OLDEST_PYTHON = (3, 11)


def main(goal: str) -> None:
    prepare(goal)
    compile_translations()


def prepare(goal: str) -> None:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed. "
            "Name one: make PYTHON=/path/to/python3.11 …"
        )
    # Two `make` at once must not install into one environment: the second one waits here.
    with Path(__file__).open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        install_system_packages(goal)
        key = fingerprint()
        if not STAMP.is_file() or STAMP.read_text() != key:
            create_environment()
            install_locked_packages()
            STAMP.write_text(key)


def fingerprint() -> str:
    """Changes whenever the environment would have to be filled anew."""
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for part in (LOCK.read_bytes(), Path(__file__).read_bytes(), project_table()):
        digest.update(part)
    return digest.hexdigest()


def project_table() -> bytes:
    """What the installed commands come from; the tools' settings below it change often."""
    return (ROOT / "pyproject.toml").read_bytes().split(b"\n[tool.ruff", 1)[0]


def install_system_packages(goal: str) -> None:
    """Installs what is missing, or says how; without what the window needs it goes no further."""
    if not shutil.which("dpkg-query"):
        say("Not a Debian system: tools/packages/*.txt lists the libraries Qt and the tests need.")
        return
    needed = missing(listed("run"))
    if importlib.util.find_spec("ensurepip") is None and environment_version() is None:
        needed.insert(0, "python3-venv")
    wanted = missing(listed("test")) if goal == "test" else []
    if not needed + wanted:
        return
    if os.geteuid() == 0:
        apt_install(needed + wanted)
        return
    command = "sudo apt-get install --no-install-recommends " + " ".join(needed + wanted)
    if needed:
        sys.exit(f"System packages are missing. Install them, then start again:\n\n    {command}\n")
    say(f"Some tests need system packages and will be skipped. To run them:\n\n    {command}\n")


def listed(name: str) -> list[str]:
    lines = (PACKAGES / f"{name}.txt").read_text().splitlines()
    return [word for line in lines for word in line.partition("#")[0].split()]


def missing(packages: list[str]) -> list[str]:
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,  # it fails when one of them is unknown, which is an answer
    )
    answers = asked.stdout.splitlines()
    return [package for package in packages if f"{package} installed" not in answers]


def apt_install(packages: list[str]) -> None:
    say("Installing system packages: " + " ".join(packages))
    if "postgresql" in packages:
        keep_postgresql_from_starting()
    # confold: keeps the file that keep_postgresql_from_starting() wrote, without a question
    options = ["-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    apt_get("update", "-qq")
    apt_get("install", *options, *packages)


def apt_get(*arguments: str) -> None:
    """Quiet when it works: the packages' own scripts have much to say."""
    done = subprocess.run(
        ["apt-get", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\napt-get {arguments[0]} failed; its words are above.")


def keep_postgresql_from_starting() -> None:
    """The tests make their own cluster in a temporary folder; the package need not start one."""
    settings = Path("/etc/postgresql-common/createcluster.conf")
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text("create_main_cluster = false\n")


def create_environment() -> None:
    if environment_version() == sys.version_info[:2]:
        return
    say("Creating the virtual environment .venv")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def environment_version() -> tuple[int, ...] | None:
    """The version of the environment's Python; None when there is none, or one that cannot run."""
    ask = [VENV / "bin" / "python", "-c", "import sys, pip; print(*sys.version_info[:2])"]
    try:
        asked = subprocess.run(ask, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(map(int, asked.stdout.split()))


def install_locked_packages() -> None:
    say("Installing the locked packages (a minute or two the first time)")
    # The lock is complete, so there is nothing to resolve; with hashes, nothing else can slip in.
    pip_install("--no-deps", "--require-hashes", "--requirement", str(LOCK))
    pip_install("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))


def pip_install(*arguments: str) -> None:
    quiet = ["-qq", "--disable-pip-version-check", "--no-input"]
    subprocess.run(
        [VENV / "bin" / "python", "-m", "pip", "install", *quiet, *arguments],
        stdin=subprocess.DEVNULL,
        check=True,
    )


def compile_translations() -> None:
    """Each time, since a pull may bring new words; what is current is left alone."""
    subprocess.run([VENV / "bin" / "python", ROOT / "tools" / "i18n.py", "compile"], check=True)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        sys.exit(__doc__)
    main(sys.argv[1])
