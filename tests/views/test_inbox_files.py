"""The queue of files in the inbox: where each is on its way, and trying a refused one again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from crm_core.errors import Unavailable
from crm_core.ids import RecordId
from crm_core.wire import BlobOffer, End, Left
from crm_desktop.models import attaching, file_states
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.files import FileDesk
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.sync.failures import of_answer
from crm_desktop.views.panes.inbox.entries import Tab, groups
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.stuck import StuckView
from tests.views.company import KEY

Rest = Callable[[], None]


class Office:
    """A server that takes files, or says why it does not."""

    def __init__(self) -> None:
        self.problem: Exception | None = Unavailable("Nobody answers.")
        self.asked: list[str] = []

    def offer(self, sha256: str, size: int) -> BlobOffer:
        self.asked.append(sha256)
        if self.problem is not None:
            raise self.problem
        return BlobOffer(size, complete=True)

    def refresh(self) -> None:
        """The token is good."""


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def desk(
    store: Store, hub: DataHub, lanes: Lanes, office: Office, tmp_path: Path
) -> Iterator[FileDesk]:
    blobs = Blobs(tmp_path / "files", KEY)
    made = FileDesk(store, lambda: blobs, hub, lanes, lambda: office)  # type: ignore[arg-type]
    hub.files = made
    yield made
    made.stop()


@pytest.fixture
def pane(desk: FileDesk, hub: DataHub, qtbot: QtBot, rest: Rest) -> InboxPane:
    made = InboxPane(hub)
    qtbot.addWidget(made)
    hub.changed.connect(made.take_summary)
    made.resize(1100, 700)
    made.show()
    rest()
    made.show_queue()
    return made


@pytest.fixture
def attach(
    desk: FileDesk, known: dict[str, list[RecordId]], tmp_path: Path, rest: Rest
) -> Callable[[str], None]:
    """Attaches a file of this name to an account."""

    def attach_one(name: str) -> None:
        path = tmp_path / name
        path.write_bytes(name.encode() * 100)
        parent = ("account", known["account"][0])
        desk.attach(parent, [path], owner=desk, failed=_fail)
        rest()
        rest()

    return attach_one


def _fail(error: Exception) -> None:
    raise error


def files(pane: InboxPane) -> dict[str, str]:
    contents = pane._contents
    assert contents is not None
    found = next((x for x in groups(contents, Tab.QUEUE) if x.name == "Files"), None)
    return {x.title: x.second.partition(" · ")[0] for x in found.entries} if found else {}


def account_name(pane: InboxPane) -> str:
    contents = pane._contents
    assert contents is not None
    return contents.files[0].title


def show_file(pane: InboxPane) -> None:
    key = next(key for key in pane.side.tree.keys if key.startswith("f/"))
    assert pane.side.tree.choose(key)


def test_each_file_says_where_it_is(
    pane: InboxPane, store: Store, desk: FileDesk, attach: Callable[[str], None], rest: Rest
) -> None:
    attach("a.jpg")
    attach("plan.pdf")
    assert files(pane) == {"a.jpg": "waiting to be sent", "plan.pdf": "waiting to be sent"}
    with store.reader() as c:
        first = attaching.under_way(c)[0].file.file
    with store.writing() as c:
        file_states.note_sending(c, first.sha256, first.size * 2 // 5)
    desk.changed.emit()
    rest()
    assert files(pane)["a.jpg"] == "sending, 40 %"


def test_it_is_told_what_a_file_belongs_to_and_leads_there(
    pane: InboxPane, known: dict[str, list[RecordId]], attach: Callable[[str], None], qtbot: QtBot
) -> None:
    attach("a.jpg")
    show_file(pane)
    with qtbot.waitSignal(pane.opened) as opened:
        qtbot.mouseClick(pane._step._open, Qt.MouseButton.LeftButton)
    assert opened.args == ["account", known["account"][0]]
    assert "piece by piece" in pane._step._words.text()


def test_a_refused_file_says_why_and_is_tried_again(
    pane: InboxPane, office: Office, attach: Callable[[str], None], qtbot: QtBot, rest: Rest
) -> None:
    office.problem = of_answer(409, "file.no_room", {})
    attach("a.jpg")
    assert "no room" in files(pane)["a.jpg"]
    show_file(pane)
    assert pane._step._state.text() == "Held up · " + account_name(pane)
    assert "no room" in pane._step._words.text()
    office.problem = None
    qtbot.mouseClick(pane._step._retry, Qt.MouseButton.LeftButton)
    rest()
    rest()
    assert files(pane) == {"a.jpg": "sent"}, "until its record is sent too"


def test_on_a_metered_network_it_is_said_that_files_wait(
    pane: InboxPane, desk: FileDesk, office: Office, attach: Callable[[str], None], rest: Rest
) -> None:
    desk.rests = lambda: True
    desk.look_at_network()
    attach("a.jpg")
    assert files(pane) == {"a.jpg": "waits: this network is metered"}
    assert office.asked == []


def test_a_colleagues_file_that_nobody_asked_for_is_not_under_way(pane: InboxPane) -> None:
    assert files(pane) == {}


def test_a_file_whose_account_went_to_somebody_else_can_still_be_had(
    pane: InboxPane, store: Store, attach: Callable[[str], None], tmp_path: Path, rest: Rest,
    qtbot: QtBot,
) -> None:  # fmt: skip
    attach("jar.jpg")
    outbox, contents = Outbox(store), pane._contents
    assert contents is not None
    left = Left((contents.files[0].under_way.record,))
    outbox.finish((left,), End(outbox.state().cursor + 1, 0, 0))
    pane.side.show_tab(Tab.WAITING)
    pane.refresh()
    rest()
    assert isinstance(pane.shown, StuckView)
    assert not pane.stuck._copy.isVisible()
    qtbot.mouseClick(pane.stuck._file, Qt.MouseButton.LeftButton)
    [dialog] = pane.findChildren(QFileDialog)
    with qtbot.waitSignal(pane.said):
        dialog.fileSelected.emit(str(tmp_path / "kept.jpg"))
    dialog.reject()
    assert (tmp_path / "kept.jpg").read_bytes() == (tmp_path / "jar.jpg").read_bytes()
