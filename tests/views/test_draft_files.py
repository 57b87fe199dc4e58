"""Files on forms that are not saved: kept through a crash, with their record once it is saved."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pytestqt.qtbot import QtBot

from crm_core.errors import Unavailable
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import BlobOffer
from crm_desktop.models import attaching, draft_files
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.store import Store
from crm_desktop.runtime.files import FileDesk
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.kit.files import FilesSection
from crm_desktop.views.panes.complaints.pane import ComplaintsPane
from crm_desktop.views.panes.visits.pane import VisitsPane
from crm_desktop.views.shell.unsaved import NEW, Unsaved, find_unsaved
from tests.views.company import KEY, make_store, people
from tests.views.front import InFront

Rest = Callable[[], None]
ME, OWL = (RecordId(f"{n:032x}") for n in (1, 2))
NOW = dt.datetime(2026, 10, 13, 9, 0, tzinfo=dt.UTC)
BERLIN = ZoneInfo("Europe/Berlin")
FILES = 2


class Office:
    """A server that nobody reaches."""

    def offer(self, sha256: str, size: int) -> BlobOffer:
        raise Unavailable("Nobody answers.")

    def refresh(self) -> None:
        """The token is good."""


def make(folder: Path) -> Store:
    account: dict[str, Value] = {"name": "Hungry Owl", "owner": ME, "type": "customer"}
    return make_store(folder, [*people(ME), ("account", OWL, account)], user=ME)


def desk_of(store: Store, hub: DataHub, lanes: Lanes) -> FileDesk:
    blobs = Blobs(store.path.parent / "files", KEY)
    made = FileDesk(store, lambda: blobs, hub, lanes, Office)  # type: ignore[arg-type]
    hub.files = made
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def desk(store: Store, hub: DataHub, lanes: Lanes) -> Iterator[FileDesk]:
    made = desk_of(store, hub, lanes)
    yield made
    made.stop()


@pytest.fixture
def complaint(desk: FileDesk, hub: DataHub, in_front: InFront, rest: Rest) -> ComplaintsPane:
    made = in_front(ComplaintsPane(hub, now=lambda: NOW), 1104, 800)
    made.new_record()
    rest()
    return made


@pytest.fixture
def visit(desk: FileDesk, hub: DataHub, in_front: InFront, rest: Rest) -> VisitsPane:
    made = in_front(VisitsPane(hub, clock=lambda: NOW, zone=BERLIN), 1100, 1000)
    made.new_record()
    rest()
    return made


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{n}.jpg" for n in range(FILES)]
    for path in made:
        path.write_bytes(path.name.encode() * 50)
    return made


def lines(section: FilesSection) -> list[str]:
    return [line.text for line in section.lines]


def attached(store: Store, kind: str, record: str) -> list[str]:
    with store.reader() as c:
        found = attaching.attached_to(c, [(kind, RecordId(record))])
    return sorted(one.name for one in found)


def kept(store: Store, key: str) -> list[str]:
    with store.reader() as c:
        return sorted(one.name for one in draft_files.drafted(c, key))


def fill(pane: ComplaintsPane) -> None:
    form = pane.intake
    form.editor("account").restore(f"account/{OWL}\tHungry Owl")
    form.editor("subject").restore("Broken jars")
    form.editor("remedy_sought").restore("Credit note")
    form.editor("need").restore("fast")


def test_a_new_complaint_takes_its_photos_along(
    complaint: ComplaintsPane, store: Store, photos: list[Path], rest: Rest
) -> None:
    complaint.intake_files.add(photos)
    rest()
    rest()
    assert all("sent when this is saved" in line for line in lines(complaint.intake_files))
    fill(complaint)
    complaint.intake.send()
    rest()
    assert attached(store, "complaint", complaint.record_id) == ["0.jpg", "1.jpg"]
    assert kept(store, "complaint/intake") == []
    complaint.new_record()
    rest()
    assert lines(complaint.intake_files) == []


def test_who_gives_a_new_complaint_up_gives_its_photos_up(
    complaint: ComplaintsPane, store: Store, photos: list[Path], rest: Rest
) -> None:
    complaint.intake_files.add(photos)
    rest()
    complaint.intake._cancel()
    rest()
    assert kept(store, "complaint/intake") == []
    assert not [x for x in (store.path.parent / "files").rglob("*") if x.is_file()]


def test_a_photo_is_taken_off_a_form(
    complaint: ComplaintsPane, store: Store, photos: list[Path], rest: Rest
) -> None:
    complaint.intake_files.add(photos)
    rest()
    rest()
    line = next(x for x in complaint.intake_files.lines if x.file.name == "0.jpg")
    acts = {act.text(): act for act in complaint.intake_files.menu_of(line.file).actions()}
    acts["Take off"].trigger()
    rest()
    assert kept(store, "complaint/intake") == ["1.jpg"]


def test_a_new_visit_takes_its_photos_along(
    visit: VisitsPane, store: Store, photos: list[Path], rest: Rest
) -> None:
    files, card = visit.week.side.files, visit.week.side.card
    assert files.isVisible()
    files.add(photos)
    rest()
    rest()
    assert len(lines(files)) == FILES
    card.editor("account").restore(f"account/{OWL}\tHungry Owl")
    visit.save()
    rest()
    assert attached(store, "visit", card.record_id) == ["0.jpg", "1.jpg"]
    assert kept(store, "visit/week") == []
    assert store.meta("draft:visit/week") is None


def test_what_is_typed_for_a_new_visit_is_kept_and_comes_back(
    visit: VisitsPane, store: Store, rest: Rest
) -> None:
    card = visit.week.side.card
    card.editor("objectives").restore("Show the new jars")
    card.edited.emit()
    visit.week.draft.leave()
    rest()
    assert "new jars" in str(store.meta("draft:visit/week"))
    visit.week.calendar.choose("")
    visit.week.side.show_card(shown=False)
    visit.new_record()
    rest()
    assert card.editor("objectives").value() == "Show the new jars"


def test_who_gives_a_new_visit_up_gives_all_of_it_up(
    visit: VisitsPane, store: Store, photos: list[Path], rest: Rest
) -> None:
    card = visit.week.side.card
    card.editor("objectives").restore("Show the new jars")
    card.edited.emit()
    visit.week.side.files.add(photos)
    rest()
    card.cancelled.emit()
    rest()
    assert kept(store, "visit/week") == []
    assert store.meta("draft:visit/week") is None
    visit.new_record()
    rest()
    assert not card.editor("objectives").value()
    assert lines(visit.week.side.files) == []


def test_a_form_with_nothing_but_photos_is_told_at_the_next_start(
    complaint: ComplaintsPane, hub: DataHub, photos: list[Path], rest: Rest
) -> None:
    complaint.intake_files.add(photos)
    rest()
    found: list[tuple[Unsaved, ...]] = []
    find_unsaved(hub, found.append, owner=hub)
    rest()
    rest()
    assert [(one.kind, one.id) for one in found[0]] == [("complaint", NEW)]


@pytest.mark.timeout(120)
def test_photos_on_a_form_survive_a_kill(
    hub: DataHub, in_front: InFront, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    words = [sys.executable, "-m", "tests.views.photographer", str(folder)]
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "attached\n"
        process.send_signal(signal.SIGKILL)
    store = Store.open(folder / "crm-1.db", KEY)
    assert kept(store, "complaint/intake") == ["jar.jpg"]
    with store.reader() as c:
        [one] = draft_files.drafted(c, "complaint/intake")
    content = Blobs(folder / "files", KEY).read(one.file.sha256, 1000)
    store.close()
    assert content == b"a photo of a jar"
