"""The files of a record: shown, added by drop, paste and dialog, fetched, opened, saved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QObject,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QPixmap,
)
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget
from typing_extensions import override

from crm_core.errors import CrmError
from crm_core.files import is_picture
from crm_core.ids import RecordId
from crm_desktop.i18n import tr, words
from crm_desktop.models.attaching import AttachedFile
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.files import FileDesk
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.file_acts import FileActs
from crm_desktop.views.kit.file_line import TILE, FileLine
from crm_desktop.views.kit.file_reading import Seen, read_draft, read_files
from crm_desktop.views.kit.file_words import sending_words
from crm_desktop.views.kit.pictures import CONTENT_BYTES_MAX, as_png, tile
from crm_desktop.views.kit.section import MARGIN, Section
from crm_desktop.views.kit.text import text_of

SHOWN_AT_FIRST = 6
_WITH_CHILDREN = Qt.ShortcutContext.WidgetWithChildrenShortcut
AT_ONCE_MAX = 500
"""Files of one drop: a folder of photos, not a disk."""

REFUSED_MAX = 5
"""So many reasons of one drop are told, the last ones."""

Found = tuple[tuple[str, RecordId] | None, str, Seen]
"""Whose files were read: a record's, or those of the form with this draft."""


class FilesSection(Section):
    """The files of one record. `host` takes drops and pastes for it. Signal: `said(words)` for what
    was done. `acts`: what can be done with each, where there is a desk for files."""

    said = Signal(str)

    def __init__(
        self, hub: DataHub, parent: QWidget, *, host: QWidget | None = None, margin: int = MARGIN,
        is_ruled: bool = True, has_pin: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            tr("Files"), parent, link_words=tr("Add…"), margin=margin, is_ruled=is_ruled
        )
        self._hub = hub
        self._desk: FileDesk | None = hub.files
        self._parent: tuple[str, RecordId] | None = None
        self._draft = ""
        self._seen: Seen | None = None
        self._lines: dict[RecordId, FileLine] = {}
        self._pictures: dict[str, QPixmap] = {}
        self._asked: set[str] = set()
        self._shows_all = False
        self.acts = FileActs(hub, hub.files, self) if hub.files is not None else None
        self._problem = text_of("small", self, tone="bad")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self._drop = text_of("small", self, tr("Let go to attach"), tone="accent")
        self._drop.hide()
        self._sending = text_of("caption", self)
        self._sending.setWordWrap(True)
        self._sending.hide()
        self._pin = icon_button("pin", tr("Keep this account's files on this device"), self)
        self._pin.setCheckable(True)
        self._pin.setVisible(has_pin)
        self._has_pin = has_pin
        self._refused: list[str] = []
        self.head.insertWidget(self.head.count() - 1, self._pin)
        self.inside.setSpacing(2)
        for label in (self._drop, self._problem, self._sending):
            self.inside.addWidget(label)
        self.link.setAccessibleName(tr("Attach files"))
        self._connect(host or self)
        self.setVisible(self.is_served)

    # What the page asks

    def show_record(self, kind: str, record_id: str) -> None:
        """Show the files of a record."""
        self._turn_to((kind, RecordId(record_id)) if record_id else None, "")

    def show_draft(self, key: str) -> None:
        """Show the files of a form that is not saved yet: they are kept under its draft's key."""
        self._turn_to(None, key)

    def discard_draft(self) -> None:
        """The form is given up, and its files with it."""
        if self._draft and self._desk is not None:
            self._desk.leave_draft(self._draft, owner=self._desk)

    def _turn_to(self, parent: tuple[str, RecordId] | None, draft: str) -> None:
        if (parent, draft) != (self._parent, self._draft):
            self._parent, self._draft, self._seen, self._shows_all = parent, draft, None, False
            self._problem.hide()
            self._lines.clear()
            self.set_rows([])
        if self.acts is not None:
            self.acts.draft = draft
        self.refresh()

    def refresh(self) -> None:
        """Read the files again."""
        parent, draft = self._parent, self._draft
        if not self._takes_files:
            return

        def job(connection: Connection) -> Found:
            if parent is None:
                return parent, draft, read_draft(connection, draft)
            return parent, draft, read_files(connection, parent)

        self._hub.read(job, self._show, owner=self, supersede="files")

    def _take_summary(self, summary: Summary) -> None:
        if "attachment" in summary.kinds:
            self.refresh()

    @property
    def is_served(self) -> bool:
        """Whether there is a desk for files."""
        return self._desk is not None

    @property
    def lines(self) -> list[FileLine]:
        """The lines shown, the newest file first."""
        return list(self._lines.values())

    @property
    def problem(self) -> str:
        """What went wrong last, or ""."""
        return "" if self._problem.isHidden() else self._problem.text()

    @property
    def sending(self) -> str:
        """What is said of all files that are still to be sent."""
        return "" if self._sending.isHidden() else self._sending.text()

    def add(self, paths: Sequence[Path]) -> None:
        """Attach files of this computer."""
        if self._desk is None or not self._takes_files or not self._may_add():
            return
        self._problem.hide()
        self._refused.clear()
        if len(paths) > AT_ONCE_MAX:
            self._say(tr("At most {n} files at once.", n=AT_ONCE_MAX))
        elif self._parent is not None:
            self._desk.attach(self._parent, paths, owner=self, failed=self._tell)
        else:
            self._desk.attach_to_draft(self._draft, paths, owner=self, failed=self._tell)

    def add_from(self, mime: QMimeData) -> bool:
        """Attach what was dropped or pasted; False where there is nothing that could be."""
        paths = paths_in(mime)
        if paths:
            self.add(paths)
            return True
        image = mime.imageData() if mime.hasImage() else None
        if isinstance(image, QImage) and not image.isNull():
            self._add_picture(image)
            return True
        return False

    # Reading

    def _show(self, found: Found) -> None:
        parent, draft, seen = found
        if (parent, draft) != (self._parent, self._draft):
            return
        self._seen = seen
        files = seen.files
        self.note.setText(str(len(files)) if files else tr("none yet"))
        self.link.setEnabled(not seen.refused)
        limit = tr("Files of up to {most} MB", most=seen.bytes_max // (1024 * 1024))
        self.link.setToolTip(seen.refused or limit)
        self._pin.setChecked(seen.is_pinned)
        self._pin.setVisible(self._has_pin and seen.account is not None)
        self._sending.setText(sending_words(files, sparing=self._is_sparing))
        self._sending.setVisible(bool(self._sending.text()))
        self._show_lines(files if self._shows_all else files[:SHOWN_AT_FIRST])

    @property
    def _takes_files(self) -> bool:
        return self._desk is not None and (self._parent is not None or bool(self._draft))

    @property
    def _is_sparing(self) -> bool:
        return self._desk is not None and self._desk.rests()

    def _show_lines(self, files: Sequence[AttachedFile]) -> None:
        if [file.id for file in files] == [*self._lines]:
            for file in files:
                self._lines[file.id].show_file(file, sparing=self._is_sparing)
        else:
            self._lines = {file.id: self._line_of(file) for file in files}
            rows: list[QWidget] = [*self._lines.values()]
            left = len(self._seen.files) - len(files) if self._seen is not None else 0
            if left > 0:
                rows.append(self._rest(left))
            self.set_rows(rows)
        for line in self._lines.values():
            self._ask_picture(line)

    def _line_of(self, file: AttachedFile) -> FileLine:
        made = FileLine(file, self, sparing=self._is_sparing)
        if self.acts is not None:
            made.chosen.connect(self.acts.choose)
        made.menu_asked.connect(self._open_menu)
        return made

    def _rest(self, left: int) -> QWidget:
        from crm_desktop.views.kit.buttons import link

        made = link(tr("{n} more", n=left), self)
        made.clicked.connect(self._show_all)
        return made

    def _show_all(self) -> None:
        self._shows_all = True
        self.refresh()

    def _ask_picture(self, line: FileLine) -> None:
        file = line.file
        sha256 = file.file.sha256
        if sha256 in self._pictures:
            line.show_picture(self._pictures[sha256])
        elif (
            self._desk is not None and file.file.is_readable and is_picture(file.name)
            and file.size <= CONTENT_BYTES_MAX and sha256 not in self._asked
        ):  # fmt: skip
            self._asked.add(sha256)
            ratio = self.devicePixelRatioF()
            size = QSize(round(TILE.width() * ratio), round(TILE.height() * ratio))

            def job(content: bytes) -> tuple[str, QImage]:
                return sha256, tile(content, size)

            self._desk.content(
                sha256, CONTENT_BYTES_MAX, job, self._take_picture, owner=self, failed=_ignore
            )

    def _take_picture(self, found: tuple[str, QImage]) -> None:
        sha256, image = found
        picture = QPixmap.fromImage(image)
        self._pictures[sha256] = picture
        for line in self._lines.values():
            if line.file.file.sha256 == sha256:
                line.show_picture(picture)

    def menu_of(self, file: AttachedFile) -> QMenu:
        """What can be done with a file."""
        assert self.acts is not None
        kept = self._seen.kept if self._seen is not None else frozenset[RecordId]()
        return self.acts.menu(file, may_take_off=file.id not in kept)

    def _open_menu(self, file: AttachedFile, at: QPoint) -> None:
        self.menu_of(file).popup(at)

    # Adding

    def _may_add(self) -> bool:
        if self._seen is not None and self._seen.refused:
            self._say(self._seen.refused)
            return False
        return True

    def _ask_files(self) -> None:
        dialog = QFileDialog(self, tr("Attach files"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._take_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take_chosen(self, files: Sequence[str]) -> None:
        self.add([Path(file) for file in files])

    def _add_picture(self, image: QImage) -> None:
        if self._desk is None or not self._takes_files or not self._may_add():
            return
        self._refused.clear()
        desk, parent, draft = self._desk, self._parent, self._draft
        when = dt.datetime.now().astimezone().strftime("%Y-%m-%d %H.%M.%S")
        name = tr("Picture {when}.png", when=when)

        def attach(content: bytes) -> None:
            if parent is not None:
                desk.attach_bytes(parent, content, name, owner=self, failed=self._tell)
            else:
                desk.attach_bytes_to_draft(draft, content, name, owner=self, failed=self._tell)

        desk.made(lambda: as_png(image), attach, owner=self)

    def _paste(self) -> None:
        if not self.add_from(QGuiApplication.clipboard().mimeData()):
            self._say(tr("There is no file and no picture to paste."))

    def _toggle_pin(self, checked: bool) -> None:  # Qt's own signal
        seen = self._seen
        if self._desk is not None and seen is not None and seen.account is not None:
            self._desk.pin(seen.account, is_pinned=checked, owner=self)

    # Telling

    def _tell(self, error: CrmError) -> None:
        """What was refused of the last drop, each file with its reason."""
        said = words(error.message)
        if said not in self._refused:
            self._refused = [*self._refused, said][-REFUSED_MAX:]
        self._say("\n◆ ".join(self._refused))

    def _say(self, text: str) -> None:
        self._problem.setText(f"◆ {text}")
        self._problem.show()

    def _connect(self, host: QWidget) -> None:
        self.asked.connect(self._ask_files)
        self._pin.clicked.connect(self._toggle_pin)
        if self._desk is None or self.acts is None:
            return
        self.acts.failed.connect(self._say)
        self.acts.said.connect(self.said)
        self._desk.changed.connect(self.refresh)
        self._hub.changed.connect(self._take_summary)
        host.setAcceptDrops(True)
        host.installEventFilter(self)
        paste = QAction(tr("Attach from the clipboard"), host)
        paste.setShortcut(QKeySequence.StandardKey.Paste)
        paste.setShortcutContext(_WITH_CHILDREN)
        paste.triggered.connect(self._paste)
        host.addAction(paste)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Drops on the page that hosts this section."""
        kind = event.type()
        if kind == QEvent.Type.DragLeave:
            self._drop.hide()
        if not isinstance(event, QDropEvent) or not self._takes_files:
            return False
        if not (paths_in(event.mimeData()) or event.mimeData().hasImage()):
            return False
        self._drop.setVisible(kind != QEvent.Type.Drop)
        event.acceptProposedAction()
        if kind == QEvent.Type.Drop:
            self.add_from(event.mimeData())
        return True


def paths_in(mime: QMimeData) -> list[Path]:
    """The files of this computer that a drop or the clipboard names."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


def _ignore(_error: CrmError) -> None:
    """A picture that cannot be shown small stays a sheet of paper."""
