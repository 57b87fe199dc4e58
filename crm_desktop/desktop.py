"""The window's composition root: profile → lanes → hub → shell; connects what others made."""

from __future__ import annotations

import logging
import sys
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from crm_core.errors import CrmError
from crm_core.i18n import Message, tr_noop
from crm_desktop import i18n, settings
from crm_desktop.i18n import tr
from crm_desktop.keychain import KeyGone
from crm_desktop.options import Options
from crm_desktop.profile import (
    NoProfile,
    Opener,
    PassphraseNeeded,
    Profile,
    is_overdue,
    open_profile,
)
from crm_desktop.runtime.autosync import Autosync
from crm_desktop.runtime.behind import Behind
from crm_desktop.runtime.devices import DeviceDesk
from crm_desktop.runtime.duplicates import DuplicateSeeker
from crm_desktop.runtime.files import FileDesk
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.indexer import Indexer
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.privacy import PrivacyDesk
from crm_desktop.runtime.recurring import Recurring
from crm_desktop.runtime.reminding import Reminding
from crm_desktop.runtime.standing import Standing
from crm_desktop.signing import Credentials, leave_for_good, sign_in_with
from crm_desktop.views.application import Window, dress, kept_locale
from crm_desktop.views.shell.frame import Frame
from crm_desktop.views.shell.reminder_desk import ReminderDesk
from crm_desktop.views.shell.window import Shell

if TYPE_CHECKING:
    from crm_core.wire import HiddenTwin, HistoryEntry, Refusal, TwinRequest
    from crm_desktop.runtime.idle import Idle
    from crm_desktop.sync.file_calls import FileCalls
    from crm_desktop.views.sign_in import SignInPage, SignInWords

log = logging.getLogger(__name__)

_BLANK_AFTER_MS = 250
"""A window with nothing in it is shown only where the profile takes this long to open."""

_FILES_AFTER_MS = 3_000
"""Files wait until the window has its records."""

_EXIT_FAILED = 1


def _history(profile: Profile, kind: str, record_id: str) -> tuple[HistoryEntry, ...]:
    return profile.session.history(kind, record_id)


def _hidden_twin(profile: Profile, asked: TwinRequest) -> HiddenTwin:
    return profile.session.hidden_twin(asked)


def _refusals(profile: Profile) -> tuple[Refusal, ...]:
    return profile.session.refusals()


def _file_calls(profile: Profile) -> FileCalls:
    from crm_desktop.sync.file_calls import FileCalls

    return FileCalls(profile.file_session)


class Desktop(QObject):
    """Everything that lives as long as the window. Owned by `main`."""

    def __init__(
        self,
        options: Options,
        application: QApplication,
        opener: Opener = open_profile,
        *,
        window: Window | None = None,
        frame: Frame | None = None,
    ) -> None:
        super().__init__()
        self._options = options
        self._application = application
        self._opener = opener
        self._path = options.folder
        self._liked = settings.load_preferences(self._path)
        self._idle: Idle | None = None
        self._passphrase = options.passphrase
        self._profile: Profile | None = None
        self._autosync: Autosync | None = None
        self._files: FileDesk | None = None
        self._behind: tuple[Behind, ...] = ()
        self._reminders: ReminderDesk | None = None
        self.lanes = Lanes(self)
        self.hub: DataHub | None = None
        self.shell: Shell | None = None
        self.window = window or Window(options.size)
        self.window.closing.connect(self._stop)
        self._frame = frame
        self._blank = QTimer(self, singleShot=True, interval=_BLANK_AFTER_MS)
        self._blank.timeout.connect(self.window.show)
        self._page: SignInPage | None = None

    def start(self) -> None:
        """Open the profile in the background and show the window."""
        sys.excepthook = self._tell_crash
        self._open()
        if self._frame is None:
            self._blank.start()
        if self._options.is_played:
            QTimer.singleShot(0, self, self._play)

    def close(self) -> None:
        """End the work in the background and close the store."""
        self._stop()
        self.lanes.close()
        if self._profile is not None:
            self._profile.close()
            self._profile = None

    def _stop(self) -> None:
        if self.shell is not None:
            self.shell.borders.flush()
            if self.hub is not None:
                self.hub.leaving.emit()
        if self._autosync is not None:
            self._autosync.stop()
        if self._files is not None:
            self._files.stop()
        for worker in self._behind:
            worker.stop()
        if self._reminders is not None:
            self._reminders.close()

    @property
    def page(self) -> SignInPage:
        """The sign-in page; made when it is first asked for."""
        if self._page is None:
            from crm_desktop.views.sign_in import SignInPage

            self._page = SignInPage(self.window)
            self._page.submitted.connect(self._sign_in)
            self._page.forgotten.connect(self._ask_new_passphrase)
        return self._page

    # Opening

    def _show_page(self, page: QWidget) -> None:
        self._blank.stop()
        if self._frame is not None:  # a question comes first after all
            self.window.pages.removeWidget(self._frame)
            self._frame.deleteLater()
            self._frame = None
        self.window.show_page(page)
        self.window.show()

    def _open(self) -> None:
        opener, path, passphrase = self._opener, self._path, self._passphrase
        self.lanes.write(
            lambda: opener(path, passphrase), self._show_shell, owner=self, failed=self._ask
        )

    def _show_shell(self, profile: Profile) -> None:
        self._profile = profile
        hub = DataHub(profile.store, self.lanes, self, ask_history=partial(_history, profile))
        hub.ask_refusals = partial(_refusals, profile)
        hub.ask_hidden = partial(_hidden_twin, profile)
        autosync = Autosync(profile, hub, self.lanes, self)
        autosync.withdrawn.connect(self._lock_for_good)
        autosync.run_ended.connect(self._look_at_days)
        autosync.spare_metered(spares=self._liked.metered == "spare")
        self.hub, self._autosync = hub, autosync
        self._files = hub.files = self._file_desk(profile, hub, autosync)
        hub.devices = DeviceDesk(lambda: profile.session, self.lanes, hub)
        hub.privacy = PrivacyDesk(lambda: profile.session, self.lanes, hub)
        reminding = Reminding(profile.store, hub, self.lanes, self)
        self._reminders = ReminderDesk(
            reminding, self.lanes, self.window, self._liked.notices, self
        )
        autosync.stood.connect(reminding.note_standing)
        shell = self._make_shell(hub, autosync)
        makers = (Indexer, Recurring, DuplicateSeeker)
        self._behind = (
            reminding, *(make(profile.store, hub, self.lanes, self) for make in makers)
        )  # fmt: skip
        self._show_page(shell)
        self._watch_idle()
        if profile.was_copied:
            text = tr_noop(
                "This installation was copied; from now on it is a device of its own. Your unsent "
                "work is here and will be sent."
            )
            shell.banner.say(i18n.words(Message(text)))
        if self._options.picture is None:
            autosync.start()
            for worker in self._behind:
                worker.start()
            QTimer.singleShot(_FILES_AFTER_MS, self._files, self._files.start)
        else:
            autosync.look()

    def _file_desk(self, profile: Profile, hub: DataHub, autosync: Autosync) -> FileDesk:
        files = FileDesk(
            profile.store, lambda: profile.blobs, hub, self.lanes,
            partial(_file_calls, profile), self,
        )  # fmt: skip
        files.failed.connect(self._tell_failure)
        files.freed.connect(hub.saved)  # what waited for a file goes out like what was just saved
        files.rests = lambda: autosync.is_sparing
        autosync.run_ended.connect(self._transfer_files)
        autosync.stood.connect(self._look_at_network)
        files.changed.connect(self._look_at_files)
        return files

    def _look_at_files(self) -> None:
        if self._files is not None and self._autosync is not None:
            self._files.standing(self._autosync.take_files, owner=self._autosync)

    def _look_at_network(self, _standing: Standing) -> None:
        if self._files is not None:
            self._files.look_at_network()

    def _transfer_files(self, failure: CrmError | None) -> None:
        if failure is None and self._files is not None:
            self._files.transfer()

    def _make_shell(self, hub: DataHub, autosync: Autosync) -> Shell:
        frame = self._frame or Frame(
            hub.identity.organisation, settings.load_borders(self._path), self.window
        )
        self._frame = None
        shell = Shell(hub, self.window, frame=frame)
        autosync.stood.connect(shell.show_standing)
        shell.sync_asked.connect(autosync.sync_now)
        shell.sync_cancelled.connect(autosync.cancel)
        shell.sign_in_asked.connect(self._ask_again)
        shell.preferences_asked.connect(self._open_preferences)
        shell.borders.moved.connect(self._keep_borders)
        self.shell = shell
        if self._reminders is not None:
            self._reminders.attach(shell)
        return shell

    # Preferences

    def _keep_borders(self, drawn: settings.Borders) -> None:
        path = self._path
        self.lanes.write(
            lambda: settings.save_borders(path, drawn), owner=self, failed=self._tell_failure
        )

    def _open_preferences(self) -> None:
        if self._profile is None or self.shell is None:
            return
        from crm_desktop.views.shell.preferences import Ground, PreferencesPage

        known = self._profile.settings
        has_passphrase = known.key_kept == "passphrase"
        hub = self.hub
        ground = Ground(
            self._liked, has_passphrase, known.login, known.server,
            hub.devices if hub is not None else None, known.user,
        )  # fmt: skip
        page = PreferencesPage(ground, self.shell)
        page.changed.connect(self._take_preferences)
        page.sync_asked.connect(self.shell.ask_sync)
        page.open()

    def _take_preferences(self, wanted: settings.Preferences) -> None:
        """Wear what was chosen at once; another language draws the window anew."""
        before, self._liked, path = self._liked, wanted, self._path
        self.lanes.write(
            lambda: settings.save_preferences(path, wanted), owner=self, failed=self._tell_failure
        )
        language = wanted.language or kept_locale(path)
        if wanted.language == before.language:
            language = i18n.language()
        dress(self._application, wanted, language)
        self._watch_idle()
        if self._autosync is not None:
            self._autosync.spare_metered(spares=wanted.metered == "spare")
        if self._reminders is not None:
            self._reminders.likes = wanted.notices
        if wanted.language != before.language and self.hub is not None:
            QTimer.singleShot(0, self, self._renew_shell)

    def _renew_shell(self) -> None:
        old, hub, autosync = self.shell, self.hub, self._autosync
        if old is None or hub is None or autosync is None:
            return
        place = old.rail.place
        for page in filter(None, (old, self._page)):
            self.window.pages.removeWidget(page)
            page.deleteLater()
        self._page = None
        shell = self._make_shell(hub, autosync)
        shell.show_place(place)
        self._show_page(shell)
        self.window.setWindowTitle(tr("CRM Desktop"))
        autosync.look()
        self._open_preferences()

    def _tell_failure(self, error: CrmError) -> None:
        if self.shell is not None:
            self.shell.show_failure(error)

    def _watch_idle(self) -> None:
        """Watch only for who wants the lock: nothing of it is loaded otherwise."""
        if self._liked.lock_after_min and self._idle is None:
            from crm_desktop.runtime.idle import Idle

            self._idle = Idle(self._application, self)
            self._idle.passed.connect(self.lock)
        if self._idle is not None:
            self._idle.watch(self._liked.lock_after_min)

    def lock(self) -> None:
        """Close the data and ask to open them again: by the passphrase, or by the keyring, which
        asks nobody."""
        if self._profile is None:
            return
        has_passphrase = self._profile.settings.key_kept == "passphrase"
        self._leave()
        self._passphrase = None
        if has_passphrase:
            self.page.ask_passphrase_again()
        else:
            self.page.ask_return()
        self._show_page(self.page)

    def _ask(self, error: CrmError) -> None:
        """Something is missing to open the profile: ask for it, or say what is wrong."""
        from crm_desktop.views.sign_in import SignInWords

        demo = self._options.demo
        if isinstance(error, PassphraseNeeded):
            self.page.ask_passphrase()
        elif isinstance(error, NoProfile):
            known = SignInWords(demo.server, demo.organisation) if demo else SignInWords()
            self.page.ask_sign_in(known, with_passphrase=True)
        elif isinstance(error, KeyGone):
            self._ask_for_key(error)
        else:
            self.page.ask_passphrase()
            self.page.show_problem(error.message)
        if demo is not None:
            self.page.offer_demo(demo.logins, demo.password, demo.passphrase)
        self._show_page(self.page)

    def _ask_for_key(self, error: KeyGone) -> None:
        """The key is with the server: the password brings it back."""
        kept = settings.known(self._path)
        has_passphrase = kept is None or kept.key_kept == "passphrase"
        self.page.ask_sign_in(self._known_words(), with_passphrase=has_passphrase)
        self.page.show_problem(error.message)

    def _ask_new_passphrase(self) -> None:
        self.page.ask_new_passphrase(self._known_words())
        self._show_page(self.page)

    def _known_words(self) -> SignInWords:
        """What a profile that is not open says of its sign-in."""
        from crm_desktop.views.sign_in import SignInWords

        kept = settings.known(self._path)
        if kept is None:
            return SignInWords()
        return SignInWords(kept.server, kept.organisation, kept.login)

    def _ask_again(self) -> None:
        """The sign-in has ended; the store stays open until the new one is asked for."""
        if self._profile is None:
            return
        from crm_desktop.views.sign_in import SignInWords

        known = self._profile.settings
        self.page.ask_sign_in(
            SignInWords(known.server, known.organisation, known.login),
            with_passphrase=known.key_kept == "passphrase" and not self._passphrase,
        )
        self._show_page(self.page)

    def _sign_in(self, typed: SignInWords) -> None:
        self._passphrase = typed.passphrase or self._passphrase
        if not typed.login:
            self._open()
            return
        self._leave()
        path, passphrase = self._path, self._passphrase
        wanted = Credentials(
            typed.server, typed.organisation, typed.login, typed.password, forgot=typed.forgot
        )

        def job() -> Profile:
            return sign_in_with(path, wanted, passphrase)

        self.lanes.network(job, self._show_shell, owner=self, failed=self._show_problem)

    def _look_at_days(self, failure: CrmError | None) -> None:
        """A window that stays open is not without its server for longer than one that does not."""
        profile = self._profile
        if failure is not None and profile is not None:
            self.lanes.write(
                lambda: is_overdue(profile), self._lock_overdue, owner=self,
                failed=self._tell_failure,
            )  # fmt: skip

    def _lock_overdue(self, overdue: bool) -> None:
        if overdue and self._profile is not None:
            self._leave()
            self._open()

    def _lock_for_good(self, left: bytes) -> None:
        """IT has withdrawn this device; its unsent work lies with the server, but for what was
        saved since: that is left as soon as nobody can save any more."""
        profile = self._detached()
        if profile is None:
            return

        def job() -> None:
            try:
                leave_for_good(profile, left)
            finally:
                profile.close()

        self.lanes.network(job, self._tell_withdrawn, owner=self, failed=self._open_anew)

    def _tell_withdrawn(self, _done: None) -> None:
        self._ask(NoProfile("withdrawn"))
        text = tr_noop(
            "IT has withdrawn this device. Work that was not sent yet lies with the server; the "
            "data here cannot be read any more."
        )
        self.page.show_problem(Message(text))

    def _open_anew(self, _failure: CrmError) -> None:
        """What was saved last could not be left: it is shown until it can."""
        self._open()

    def _leave(self) -> None:
        """Close what is open, so that the store has one owner when it is opened again."""
        profile = self._detached()
        if profile is not None:
            profile.close()

    def _detached(self) -> Profile | None:
        """What was open, with all that was saved and nobody who saves any more."""
        self._stop()
        if self.shell is not None:
            self.window.pages.removeWidget(self.shell)
        for part in (self.shell, self._autosync, self._files, self._reminders, *self._behind):
            if part is not None:
                part.deleteLater()
        profile = self._profile
        if profile is not None:
            self.lanes.close()
            self.lanes.deleteLater()
            self.lanes = Lanes(self)
        self._profile = self.shell = self._autosync = self._files = None
        self._reminders, self._behind = None, ()
        return profile

    def _show_problem(self, error: CrmError) -> None:
        self.page.show_problem(error.message)

    def _tell_crash(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """The last resort: log it and say so; the window goes on."""
        log.critical("unexpected", exc_info=(kind, error, trace))
        if self._options.story or self._options.picture is not None:
            self._application.exit(_EXIT_FAILED)
        elif self.shell is not None:
            text = tr_noop("Something went wrong ({kind}). What you saved is safe.")
            self.shell.banner.say(i18n.words(Message(text, {"kind": kind.__name__})))

    # Pictures

    def _play(self) -> None:
        from crm_desktop.views.story import Set, Stage, picture_of, whole_story

        scene = Set(
            self.window, lambda: self.shell, lambda: self.lanes.is_idle, self._application.exit
        )
        stage = Stage(scene)
        picture = self._options.picture
        if picture is not None:
            stage.play(picture_of(stage, picture))
        else:
            stage.play(whole_story(stage, self._options.screens))
