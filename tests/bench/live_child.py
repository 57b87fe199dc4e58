"""The processes of the bench `live`: a window whose list is open, a peer that saves, and listeners.

They say on their output what happened when, as JSON lines with times of the machine's one monotonic
clock, and take orders on their input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal
from typing_extensions import override

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import PushRequest, PushResponse
from crm_desktop.app import make_application
from crm_desktop.desktop import Desktop
from crm_desktop.options import Options
from crm_desktop.profile import Profile, open_profile
from crm_desktop.runtime.autosync import Autosync
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.live import Live
from crm_desktop.sync import schedule
from crm_desktop.sync.session import Session
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.list_view import ListView
from tests.e2e.processes import PASSPHRASE

ROWS = 20


def say(what: str, **more: Any) -> None:
    """Tell whoever measures."""
    print(json.dumps({"what": what, **more}), flush=True)


class Watcher(QObject):
    """Says of each new value in the list of accounts when it was painted. Owned by its job."""

    def __init__(self, desktop: Desktop, how: str) -> None:
        super().__init__()
        self._desktop, self._how = desktop, how
        self._known: dict[str, str] = {}
        self._new: list[str] = []
        self._model: ListModel | None = None
        self._looks = QTimer(self, interval=50)
        self._looks.timeout.connect(self._look)
        self._looks.start()

    def _look(self) -> None:
        """Until the list is there, whole, and hints come."""
        shell, autosync = self._desktop.shell, self._desktop._autosync
        if shell is None or autosync is None or autosync._live is None:
            return
        views = shell.show_place("accounts").findChildren(ListView)
        model = views[0].table.model() if views else None
        is_listening = self._how != "hints" or autosync._live.is_open
        if not is_listening or not isinstance(model, ListModel) or model.row_at(ROWS - 1) is None:
            return
        self._looks.stop()
        self._model = model
        views[0].table.viewport().installEventFilter(self)
        model.dataChanged.connect(self._compare)
        model.modelReset.connect(self._compare)
        self._compare()
        self._new.clear()
        say("rows", rows=self._known)

    def _compare(self) -> None:
        """What the rows hold that they did not hold before."""
        assert self._model is not None
        for row in filter(None, map(self._model.row_at, range(ROWS))):
            name = str(row.values.get("name"))
            if self._known.get(row.id) != name:
                self._known[row.id] = name
                self._new.append(name)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._new:
            QTimer.singleShot(0, self, self._tell)
        return False

    def _tell(self) -> None:
        """Behind the paint event."""
        for value in self._new:
            say(value, at=time.monotonic())
        self._new.clear()


def window_job(folder: str, how: str) -> None:
    """The window as it is, with the list of accounts open; `how`: "hints", or the seconds after
    which it polls."""
    if how != "hints":
        schedule.PERIOD_S = float(how)
        Live.listen = lambda *_: None  # type: ignore[method-assign]
    options = Options(profile=Path(folder), passphrase=PASSPHRASE)
    application = make_application(options)
    desktop = Desktop(options, application)
    watcher = Watcher(desktop, how)
    desktop.window.show()
    desktop.start()
    application.exec()
    del watcher


class Hand(QObject):
    """Does what comes on the input, as a form does. Owned by its job."""

    ordered = Signal(dict)

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self._profile = profile
        self._lanes = Lanes()
        self._hub = DataHub(profile.store, self._lanes)
        self._autosync = Autosync(profile, self._hub, self._lanes)
        self._hub.saved.connect(self._note)
        self._autosync.run_ended.connect(self._tell)
        self.ordered.connect(self._save)
        self._value, self._times = "", dict[str, float]()
        self._is_ready = False
        self.sent: list[float] = []

    def start(self) -> None:
        """Synchronise, and take orders."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._autosync.start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self.ordered.emit(json.loads(line))

    def _save(self, order: dict[str, str]) -> None:
        self.sent.clear()
        self._value, self._times = order["value"], {"ordered": time.monotonic()}
        with self._profile.store.reader() as connection:
            stored = bytes.fromhex(order["id"])
            seq = connection.value("SELECT seq FROM account WHERE id = ?", (stored,))
        new: dict[str, Value] = {"name": order["value"]}
        change = Change("account", RecordId(order["id"]), Op.SET, new, {}, seq)
        self._hub.save([change], "Edit", owner=self)

    def _note(self) -> None:
        self._times["saved"] = time.monotonic()

    def _tell(self, failure: object) -> None:
        if not self._is_ready and failure is None:
            self._is_ready = True
            say("ready")
        if self._value and self.sent:
            say(self._value, sent=self.sent[0], **self._times)
            self._value = ""


def peer_job(folder: str) -> None:
    """Saves what it is told to, and synchronises as the window does."""
    application = QCoreApplication([])
    hand = Hand(open_profile(Path(folder), PASSPHRASE))
    push = Session.push

    def noted(self: Session, request: PushRequest) -> PushResponse:
        hand.sent.append(time.monotonic())
        return push(self, request)

    Session.push = noted  # type: ignore[method-assign]
    hand.start()
    application.exec()


def listeners_job(url: str) -> None:
    """One stream for each token; what comes is read and forgotten."""
    tokens = json.loads(sys.stdin.readline())["tokens"].split()
    where = urlsplit(url)

    async def listen(token: str, opened: asyncio.Semaphore) -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(
            f"GET /events HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: text/event-stream\r\nLast-Event-ID: 0\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        opened.release()
        while await reader.read(4096):
            pass

    async def all_of_them() -> None:
        opened = asyncio.Semaphore(0)
        streams = [asyncio.create_task(listen(token, opened)) for token in tokens]
        for _ in streams:
            await opened.acquire()
        say("listening")
        await asyncio.gather(*streams)

    asyncio.run(all_of_them())


JOBS = {"window": window_job, "peer": peer_job, "listeners": listeners_job}

if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])
    os._exit(0)
