"""What holds for every test: no display, no keyring, folders of its own, and PostgreSQL if asked.

Long tests come first, so that a worker does not sit over one when the other has nothing left.

Fixtures for everybody:

* `postgres`: a running server (`tests.support.postgres.Cluster`), one per test process
* `fresh_database`: the SQLAlchemy URL of a new, empty PostgreSQL database
* `nursery`: server processes that need not load their code (`tests.e2e.nursery`)
* `demo_company`: the file of a store with the demo company, made once per test process
"""

import gc
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from crm_desktop.i18n import SOURCE_LANGUAGE, language, set_language
from tests.e2e.nursery import Nursery, loaded
from tests.support.postgres import Cluster, NoPostgres, cluster, find_binaries
from tests.support.tables import copied

# Before anything imports Qt, keyring or matplotlib.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
os.environ.pop("CRM_DESKTOP_PASSPHRASE", None)

# A font cache that outlives the tests: building it takes a second.
os.environ.setdefault("MPLCONFIGDIR", str(Path(__file__).parents[1] / "build" / "matplotlib"))

MEMORY = Path("/dev/shm")
MEMORY_WANTED = 4 * 1024**3


def may_be_used(folder: Path) -> bool:
    """Whether a file system has room for the tests' files and lets programs be started."""
    if not folder.is_dir() or shutil.disk_usage(folder).free < MEMORY_WANTED:
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


# Files in memory where there is such a place: thousands of small databases wait for no disk, and
# PostgreSQL makes and drops the tables of hundreds of tests in a third of the time.
IN_MEMORY = MEMORY if may_be_used(MEMORY) else None
if IN_MEMORY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

# Whoever has told Python to keep no compiled code would wait for it at each of hundreds of starts
# and, in the tests' own modules, at each run for thousands of assertions to be rewritten.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

COLLECT_AFTER_OBJECTS = 10_000

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


@pytest.fixture(scope="session", autouse=True)
def copied_tables() -> Iterator[None]:
    """A server's file on SQLite begins with a copy of its tables."""
    with copied():
        yield


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """What a test says in another language, the next one does not, even if it failed half-way."""
    yield
    if language() != SOURCE_LANGUAGE:
        set_language(SOURCE_LANGUAGE)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL server. Without one: skipped aloud, and in CI a failure."""
    missing = why_no_postgres()
    if missing and IN_CI:
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(f"{WITHOUT}: {missing}")
    with cluster(IN_MEMORY) as started:
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


@pytest.fixture(scope="session")
def demo_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The closed file of a store with the whole demo company, to be copied."""
    from tests.support.demo import demo_file

    return demo_file(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where servers come from that a test needs for itself, without the time they take to load."""
    with loaded() as made:
        yield made


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with what takes longest, so that what is shared out in the end is short; the others
    keep the order that chance gave them."""
    items.sort(key=lambda item: [item.get_closest_marker(x) is None for x in ("longest", "slow")])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Almost nothing dies while modules load: looking for it would take a quarter of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """As both programs do when they have loaded: no collection looks at the code again, and the
    next comes after more than a few hundred objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)


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
