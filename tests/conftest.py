"""What holds for every test: no display, no keyring, folders of its own, and PostgreSQL if asked.

Fixtures for everybody:

* `postgres`: a running server (`tests.support.postgres.Cluster`), one per test process
* `fresh_database`: the SQLAlchemy URL of a new, empty PostgreSQL database
"""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.postgres import Cluster, NoPostgres, cluster, find_binaries

# Before anything imports Qt, keyring or matplotlib.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
os.environ.pop("CRM_DESKTOP_PASSPHRASE", None)

# A font cache that outlives the tests: building it takes a second.
os.environ.setdefault("MPLCONFIGDIR", str(Path(__file__).parents[1] / "build" / "matplotlib"))

WITHOUT = "NO POSTGRESQL"
IN_CI = os.environ.get("CI", "") not in ("", "false", "0")

# On two busy cores a time limit per example fails for no reason; the test's own limit stays.
hypothesis.settings.register_profile("crm", deadline=None)
if not IN_CI:  # there, hypothesis picks its own profile, which plays the same examples every time
    hypothesis.settings.load_profile("crm")


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keeps tests out of the user's settings and data, and subprocesses too."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA", "CONFIG", "STATE", "CACHE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        yield home


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL server. Without one: skipped aloud, and in CI a failure."""
    missing = why_no_postgres()
    if missing and IN_CI:
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(f"{WITHOUT}: {missing}")
    with cluster() as started:
        yield started


def why_no_postgres() -> str:
    try:
        find_binaries()
    except NoPostgres as error:
        return str(error)
    return ""


@pytest.fixture
def fresh_database(postgres: Cluster) -> Iterator[str]:
    """The SQLAlchemy URL of a new, empty PostgreSQL database, dropped afterwards."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says once, where nobody overlooks it, that a whole store went untested."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if WITHOUT in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section("PostgreSQL", sep="!", yellow=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests did NOT run: PostgreSQL is not installed.")
