"""The files of a record in the window: dropped, pasted, shown, opened, saved, taken off."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crm_core.errors import CrmError, Unavailable, UserProblem
from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_core.wire import BlobOffer
from crm_desktop.models import attaching, file_states
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime.files import OPENED, FileDesk, remove_opened
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.sync.files import Piece
from crm_desktop.views.kit.file_acts import FileActs
from crm_desktop.views.kit.files import FilesSection
from crm_desktop.views.kit.pictures import PIXELS_MAX, as_png, shrunk, tile
from tests.views.company import KEY, make_store, receive

Rest = Callable[[], None]
ACCOUNT = new_uuid7()


class Office:
    """A server that takes and gives files; `down`: nobody answers."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.down = False
        self.problem: CrmError | None = None

    def offer(self, sha256: str, size: int) -> BlobOffer:
        self._answer()
        return BlobOffer(size, complete=True) if sha256 in self.files else BlobOffer(0)

    def send(self, sha256: str, size: int, offset: int, content: bytes) -> BlobOffer:
        self._answer()
        self.files[sha256] = self.files.get(sha256, b"") + content
        return BlobOffer(size, complete=True)

    def fetch(self, sha256: str, offset: int, length: int) -> Piece:
        self._answer()
        whole = self.files[sha256]
        return Piece(whole[offset : offset + (length or len(whole))], len(whole))

    def refresh(self) -> None:
        """The token is good."""

    def _answer(self) -> None:
        if self.problem is not None:
            raise self.problem
        if self.down:
            raise Unavailable("Nobody answers.")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_store(tmp_path, [("account", ACCOUNT, {"name": "Alfreds"})])
    yield made
    made.close()


@pytest.fixture
def desk(
    store: Store, hub: DataHub, lanes: Lanes, office: Office, tmp_path: Path
) -> Iterator[FileDesk]:
    blobs = Blobs(tmp_path / "files", KEY)
    made = FileDesk(store, lambda: blobs, hub, lanes, lambda: office)
    hub.files = made
    yield made
    made.stop()


@pytest.fixture
def section(desk: FileDesk, hub: DataHub, qtbot: QtBot, rest: Rest) -> Iterator[FilesSection]:
    host = QWidget()
    qtbot.addWidget(host)
    made = FilesSection(hub, host, has_pin=True)
    host.resize(320, 500)
    made.resize(320, 500)
    host.show()
    made.show_record("account", ACCOUNT)
    rest()
    yield made
    host.hide()


def picture(path: Path, width: int = 800, height: int = 600) -> Path:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkGreen)
    path.write_bytes(as_png(image))
    return path


def mime_of(*paths: Path) -> QMimeData:
    made = QMimeData()
    made.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return made


def state(store: Store, sha256: str) -> str:
    with store.reader() as c:
        return file_states.file_of(c, sha256).state.value


def colleagues_file(store: Store, office: Office, content: bytes, name: str) -> RecordId:
    record, sha256 = new_uuid7(), hashlib.sha256(content).hexdigest()
    office.files[sha256] = content
    values = {"name": name, "sha256": sha256, "size": len(content)}
    receive(store, [("attachment", record, {"parent": any_link("account", ACCOUNT), **values})])
    return record


def test_what_is_dropped_is_attached_and_sent(
    section: FilesSection, office: Office, tmp_path: Path, rest: Rest
) -> None:
    path, mime = picture(tmp_path / "gasket.png"), QMimeData()
    mime = mime_of(path)
    actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    entered = QDragEnterEvent(
        QPointF(5, 5).toPoint(), actions, mime, buttons, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(section, entered)
    assert entered.isAccepted()
    dropped = QDropEvent(QPointF(5, 5), actions, mime, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(section, dropped)
    rest()
    [line] = section.lines
    assert line.text == "gasket.png: 2.2 KB · sent" or line.text.endswith("sent")
    assert line.has_picture
    assert list(office.files.values()) == [path.read_bytes()]


def test_text_dropped_is_no_file(section: FilesSection, rest: Rest) -> None:
    mime = QMimeData()
    mime.setText("Alfreds")
    entered = QDragEnterEvent(
        QPointF(5, 5).toPoint(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(section, entered)
    assert not section.add_from(mime)
    rest()
    assert section.lines == []


def test_without_a_network_it_waits_and_says_so(
    section: FilesSection, office: Office, tmp_path: Path, rest: Rest
) -> None:
    office.down = True
    section.add([picture(tmp_path / "a.png"), picture(tmp_path / "b.png", 300)])
    rest()
    assert [line.text.partition(" · ")[2] for line in section.lines] == ["waiting to be sent"] * 2
    assert section.sending == "0 of 2 sent, the rest goes on when online."


def test_a_picture_is_pasted_as_a_file(
    section: FilesSection, office: Office, qtbot: QtBot, rest: Rest
) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)
    section.actions()
    paste = next(x for x in section.actions() if x.shortcut().toString() == "Ctrl+V")
    paste.trigger()
    rest()
    rest()
    [line] = section.lines
    assert line.file.name.endswith(".png")
    assert shrunk(next(iter(office.files.values())), QSize(100, 100)).size() == QSize(40, 30)


def test_a_file_too_large_is_told_at_once(
    section: FilesSection, store: Store, tmp_path: Path, rest: Rest
) -> None:
    store.set_meta(attaching.META_BYTES_MAX, str(1024 * 1024))
    large = tmp_path / "film.mp4"
    large.write_bytes(bytes(1024 * 1024 + 1))
    section.add([large])
    rest()
    assert "film.mp4" in section.problem
    assert "1 MB" in section.problem
    assert section.lines == []


def test_each_file_of_a_drop_that_is_too_large_is_named(
    section: FilesSection, store: Store, tmp_path: Path, rest: Rest
) -> None:
    store.set_meta(attaching.META_BYTES_MAX, str(1024 * 1024))
    for name in ("film.mp4", "tour.mov"):
        (tmp_path / name).write_bytes(bytes(1024 * 1024 + 1))
    section.add([tmp_path / "film.mp4", picture(tmp_path / "a.png"), tmp_path / "tour.mov"])
    rest()
    assert "film.mp4" in section.problem
    assert "tour.mov" in section.problem
    assert [line.file.name for line in section.lines] == ["a.png"]
    section.add([tmp_path / "tour.mov"])
    rest()
    assert "film.mp4" not in section.problem


def test_a_file_that_the_server_refuses_says_why_and_is_tried_again_when_asked(
    section: FilesSection, office: Office, tmp_path: Path, rest: Rest
) -> None:
    from crm_desktop.sync.failures import of_answer

    office.problem = of_answer(409, "file.no_room", {})
    section.add([picture(tmp_path / "a.png")])
    rest()
    [line] = section.lines
    assert "no room" in line.text
    office.problem = None
    acts = {act.text(): act for act in section.menu_of(line.file).actions()}
    acts["Try again"].trigger()
    rest()
    assert section.lines[0].text.endswith("sent")


def test_a_colleagues_file_is_fetched_when_somebody_wants_it(
    section: FilesSection, store: Store, office: Office, rest: Rest
) -> None:
    colleagues_file(store, office, b"words" * 1000, "offer.pdf")
    section.refresh()
    rest()
    [line] = section.lines
    assert line.text.endswith("not on this device")
    line.click()
    rest()
    assert section.lines[0].text.endswith("on this device")


def test_the_files_of_an_account_that_is_kept_come_by_themselves(
    section: FilesSection, store: Store, office: Office, desk: FileDesk, rest: Rest
) -> None:
    section._pin.click()
    rest()
    colleagues_file(store, office, b"words", "offer.pdf")
    desk.transfer()
    rest()
    section.refresh()
    rest()
    assert section._pin.isChecked()
    assert section.lines[0].text.endswith("on this device")


def test_a_picture_is_looked_at_over_the_window(
    section: FilesSection, tmp_path: Path, qtbot: QtBot, rest: Rest
) -> None:
    section.add([picture(tmp_path / "a.png")])
    rest()
    section.lines[0].click()
    rest()
    assert section.acts is not None
    assert section.acts.preview is not None
    assert section.acts.preview.isVisible()
    assert section.acts.preview.name == "a.png"
    qtbot.keyClick(section.acts.preview, Qt.Key.Key_Escape)
    assert not section.acts.preview.isVisible()


def test_a_document_is_opened_as_a_copy_that_goes_away(
    section: FilesSection, desk: FileDesk, tmp_path: Path, rest: Rest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    opened: list[Path] = []

    def opening(url: QUrl) -> bool:
        opened.append(Path(url.toLocalFile()))
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", opening)
    document = tmp_path / "offer.pdf"
    document.write_bytes(b"%PDF words")
    section.add([document])
    rest()
    section.lines[0].click()
    rest()
    [copy] = opened
    assert copy.read_bytes() == b"%PDF words"
    if os.name != "nt":
        assert copy.stat().st_mode & 0o777 == 0o600
        assert copy.parent.parent.stat().st_mode & 0o777 == 0o700
    desk.stop()
    assert not copy.parent.parent.exists()


def test_what_a_crash_left_open_is_removed_at_the_next_start(store: Store, tmp_path: Path) -> None:
    left = tmp_path / "crm-desktop-open-x"
    left.mkdir()
    (left / "offer.pdf").write_text("words")
    store.set_meta(OPENED, str(left))
    remove_opened(store)
    assert not left.exists()
    assert store.meta(OPENED) is None


def test_only_our_own_folder_is_removed(store: Store, tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.mkdir()
    store.set_meta(OPENED, str(other))
    remove_opened(store)
    assert other.exists()


@pytest.mark.parametrize("name", ["setup.exe", "run.sh", "page.html", "link.desktop", "macro.docm"])
def test_what_may_be_a_program_is_saved_and_never_opened(
    section: FilesSection, tmp_path: Path, rest: Rest, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def never(_url: QUrl) -> bool:
        raise AssertionError("it was opened")

    saved: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", never)
    monkeypatch.setattr(FileActs, "ask_save", lambda _, file: saved.append(file.name))
    path = tmp_path / name
    path.write_bytes(b"x")
    section.add([path])
    rest()
    line = section.lines[0]
    acts = {act.text(): act for act in section.menu_of(line.file).actions()}
    assert not acts["Open file"].isEnabled()
    line.click()
    assert saved == [name]


def test_a_file_is_saved_where_the_user_wants_it(
    section: FilesSection, tmp_path: Path, rest: Rest
) -> None:
    path = picture(tmp_path / "a.png")
    section.add([path])
    rest()
    assert section.acts is not None
    section.acts.save(section.lines[0].file, tmp_path / "out.png")
    rest()
    assert (tmp_path / "out.png").read_bytes() == path.read_bytes()


def test_a_file_taken_off_comes_back_with_undo(
    section: FilesSection, hub: DataHub, tmp_path: Path, rest: Rest
) -> None:
    section.add([picture(tmp_path / "a.png")])
    rest()
    acts = {act.text(): act for act in section.menu_of(section.lines[0].file).actions()}
    acts["Take off"].trigger()
    rest()
    assert section.problem == ""
    assert section.lines == []
    hub.undo()
    rest()
    assert [line.file.name for line in section.lines] == ["a.png"]


def test_a_picture_of_any_claimed_size_costs_nothing(tmp_path: Path) -> None:
    claimed = bytearray(as_png(QImage(1, 1, QImage.Format.Format_RGB32)))
    side = int(PIXELS_MAX**0.5) + 1
    claimed[16:24] = side.to_bytes(4, "big") * 2
    for broken in (bytes(claimed), b"", b"no picture", bytes(claimed[:40])):
        with pytest.raises(UserProblem):
            shrunk(broken, QSize(100, 100))


def test_a_tile_is_filled(tmp_path: Path) -> None:
    found = tile(picture(tmp_path / "a.png", 900, 100).read_bytes(), QSize(44, 34))
    assert found.size() == QSize(44, 34)
    assert found.pixelColor(0, 0).green() > 50
    assert found.pixelColor(43, 33).green() > 50


def test_on_a_metered_network_only_what_somebody_asked_for_travels(
    section: FilesSection, store: Store, office: Office, desk: FileDesk, tmp_path: Path, rest: Rest
) -> None:
    desk.rests = lambda: True
    desk.look_at_network()
    section.add([picture(tmp_path / "a.png")])
    rest()
    assert section.sending == "0 of 1 sent, the rest waits: metered."
    colleagues_file(store, office, b"words", "offer.pdf")
    section.refresh()
    rest()
    line = next(one for one in section.lines if one.file.name == "offer.pdf")
    line.click()
    rest()
    assert {one.text.rpartition(" · ")[2] for one in section.lines} == {
        "waits: this network is metered", "on this device",
    }  # fmt: skip
    desk.rests = lambda: False
    desk.look_at_network()
    rest()
    assert section.sending == ""


def test_how_many_files_go_and_whether_all_are_photos(
    section: FilesSection, office: Office, desk: FileDesk, tmp_path: Path, rest: Rest
) -> None:
    office.down = True
    found: list[file_states.Transfers] = []
    section.add([picture(tmp_path / "a.png"), picture(tmp_path / "b.png", 300)])
    rest()
    desk.standing(found.append, owner=desk)
    rest()
    (tmp_path / "plan.pdf").write_bytes(b"plan")
    section.add([tmp_path / "plan.pdf"])
    rest()
    desk.standing(found.append, owner=desk)
    rest()
    assert [(one.sending, one.are_photos, one.goes_on) for one in found] == [
        (2, True, False), (3, False, False),
    ]  # fmt: skip
    desk.transfer()
    desk.standing(found.append, owner=desk)
    rest()
    assert found[-1].goes_on


def test_a_film_that_waits_with_a_reason_makes_no_photos_files(
    section: FilesSection, office: Office, desk: FileDesk, tmp_path: Path, rest: Rest
) -> None:
    from crm_desktop.sync.failures import of_answer

    office.problem = of_answer(409, "file.no_room", {})
    (tmp_path / "film.mp4").write_bytes(b"film")
    section.add([tmp_path / "film.mp4"])
    rest()
    rest()
    office.problem, office.down = None, True
    section.add([picture(tmp_path / "a.png")])
    rest()
    found: list[file_states.Transfers] = []
    desk.standing(found.append, owner=desk)
    rest()
    assert (found[0].sending, found[0].failed, found[0].are_photos) == (1, 1, True)
