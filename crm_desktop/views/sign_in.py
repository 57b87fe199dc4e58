"""The sign-in page: where, who, the password; in the demo also who there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from crm_core.i18n import Message
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.buttons import link, primary
from crm_desktop.views.kit.problem import ProblemPane
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.shell.brand import Brand

_WIDTH = 420
_MARGIN = 24


@dataclass(frozen=True)
class SignInWords:
    """What was typed. Either the passphrase alone (the profile is only locked), or all. `forgot`:
    the passphrase is a new one, since the former one was forgotten."""

    server: str = ""
    organisation: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    forgot: bool = False


class SignInPage(QWidget):
    """Asks for a sign-in, or for the passphrase of a locked profile. Signals: `submitted`, and
    `forgotten` when the passphrase was."""

    submitted = Signal(object)
    forgotten = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._logins: tuple[tuple[str, str], ...] = ()
        self._demo_password = ""
        self._before: QWidget | None = None
        self._title = text_of("page", self)
        self._remark = text_of("small", self)
        self._problem = ProblemPane("", "", parent=self)
        self._list = QListWidget(self)
        self._server = QLineEdit(self)
        self._organisation = QLineEdit(self)
        self._login = QLineEdit(self)
        self._password = QLineEdit(self)
        self._passphrase = QLineEdit(self)
        self._enter = primary(tr("Sign in"), self, keys="Return")
        self._forgot = link(tr("Forgot the passphrase?"), self)
        self._is_new = False
        self._waiting = text_of("small", self, tr("One moment …"))
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        self._lay_out()

    def ask_sign_in(self, known: SignInWords, *, with_passphrase: bool) -> None:
        """Ask for everything; what is known stands there already."""
        # Without a login nothing lies here, or nothing that can still be read.
        kept = tr("Your work on this computer is kept, whatever happens here.")
        remark = kept if known.login else ""
        self._begin(tr("Sign in"), remark, tr("Sign in"))
        self._server.setText(known.server)
        self._organisation.setText(known.organisation)
        self._login.setText(known.login)
        for line in (self._server, self._organisation, self._login, self._password):
            self._form.setRowVisible(line, True)
        self._form.setRowVisible(self._passphrase, with_passphrase)
        self._list.setVisible(bool(self._logins))
        self._focus_first_empty()

    def ask_new_passphrase(self, known: SignInWords) -> None:
        """The passphrase was forgotten: the password brings the key back from the server, and a
        new passphrase locks it."""
        self.ask_sign_in(known, with_passphrase=True)
        self._is_new = True
        self._passphrase.clear()
        self._passphrase.setPlaceholderText(tr("A new one"))
        self._remark.setText(
            tr(
                "Sign in with your password and choose a new passphrase. The server gives the key "
                "back, and your unsent work is kept."
            )
        )
        self._remark.show()

    def ask_passphrase(self) -> None:
        """Ask only for what unlocks the profile."""
        remark = tr("No keyring holds the key of this profile; your passphrase opens it.")
        self._begin(tr("Unlock"), remark, tr("Unlock"))
        self._forgot.show()
        for line in (self._server, self._organisation, self._login, self._password):
            self._form.setRowVisible(line, False)
        self._form.setRowVisible(self._passphrase, True)
        self._list.hide()
        self._passphrase.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_return(self) -> None:
        """The window was left alone; the keyring opens the profile without a question."""
        remark = tr(
            "Nobody used this window for a while. The keyring of this computer opens it again "
            "without a question: lock the computer itself when you leave it."
        )
        self._begin(tr("Locked"), remark, tr("Open the window"))
        for line in (
            self._server, self._organisation, self._login, self._password, self._passphrase,
        ):  # fmt: skip
            line.clear()
            self._form.setRowVisible(line, False)
        self._list.hide()
        self._enter.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_passphrase_again(self) -> None:
        """The window was left alone; the passphrase opens it."""
        self.ask_passphrase()
        self._remark.setText(tr("Nobody used this window for a while. Your passphrase opens it."))
        for line in (self._login, self._password, self._passphrase):
            line.clear()

    def offer_demo(self, logins: Sequence[tuple[str, str]], password: str, passphrase: str) -> None:
        """List who may sign in to the demo, and say what opens it."""
        self._logins = tuple(logins)
        self._demo_password = password
        self._list.clear()
        for login, description in logins:
            self._list.addItem(f"{login} – {tr(description)}")
        self._password.setText(password)
        self._passphrase.setText(passphrase)
        self._remark.setText(
            tr(
                "This is the demo: every password is “{password}”. Without a keyring the "
                "passphrase is “{passphrase}”.",
                password=password, passphrase=passphrase,
            )
        )  # fmt: skip
        self._list.setVisible(bool(logins))

    def show_problem(self, message: Message) -> None:
        """Say what was wrong; what was typed stays."""
        self._problem.say(words(message), "")
        self._problem.show()
        self._wait(waits=False)
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def submit(self) -> None:
        """Hand over what was typed."""
        self._problem.hide()
        self._before = self.focusWidget()
        self._wait(waits=True)
        self.submitted.emit(
            SignInWords(
                self._server.text().strip(), self._organisation.text().strip(),
                self._login.text().strip(), self._password.text(), self._passphrase.text(),
                self._is_new,
            )
        )  # fmt: skip

    def _begin(self, title: str, remark: str, enter: str) -> None:
        """Ask anew, whatever was asked before and however it ended."""
        self._title.setText(title)
        self._remark.setText(remark)
        self._remark.setVisible(bool(remark))
        self._enter.setText(enter)
        self._enter.setAccessibleName(enter)
        self._problem.hide()
        self._forgot.hide()
        self._is_new = False
        self._passphrase.setPlaceholderText("")
        self._wait(waits=False)

    def _wait(self, *, waits: bool) -> None:
        """While the answer is on its way nothing can be typed, and the page says so."""
        self._waiting.setVisible(waits)
        self.setEnabled(not waits)

    def _take_login(self, row: int) -> None:
        if 0 <= row < len(self._logins):
            self._login.setText(self._logins[row][0])
            self._password.setText(self._demo_password)

    def _focus_first_empty(self) -> None:
        for line in (self._server, self._login, self._password, self._passphrase):
            if not line.text():
                line.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        self._enter.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        self._server.setPlaceholderText("https://crm.example.com")
        self._organisation.setPlaceholderText(tr("Only where the server holds several"))
        for line in (self._password, self._passphrase):
            line.setEchoMode(QLineEdit.EchoMode.Password)
        for label, line in (
            (tr("Server"), self._server),
            (tr("Organisation"), self._organisation),
            (tr("Login"), self._login),
            (tr("Password"), self._password),
            (tr("Passphrase"), self._passphrase),
        ):
            line.setAccessibleName(label)
            line.returnPressed.connect(self.submit)
            shown = text_of("small", self, label)
            shown.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
            self._form.addRow(shown, line)
        self._list.setAccessibleName(tr("Demo logins"))
        self._list.setProperty("role", "found")
        self._list.setSizeAdjustPolicy(QListWidget.SizeAdjustPolicy.AdjustToContents)
        self._list.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._list.currentRowChanged.connect(self._take_login)
        self._list.itemActivated.connect(self.submit)
        self._list.hide()
        self._problem.hide()
        self._waiting.hide()
        self._forgot.hide()
        self._forgot.clicked.connect(self.forgotten)
        self._enter.clicked.connect(self.submit)
        self._enter.setDefault(True)
        page = QWidget(self)
        middle = QHBoxLayout()  # an alignment would cut what wraps
        middle.addStretch(1)
        middle.addWidget(self._column(page))
        middle.addStretch(1)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addStretch(2)
        layout.addLayout(middle)
        layout.addStretch(3)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolled(page, self))

    def _column(self, page: QWidget) -> QWidget:
        """What is read from top to bottom, all at one left edge."""
        column = QWidget(page)
        column.setFixedWidth(_WIDTH)
        head = QVBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._title)
        head.addWidget(self._remark)
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addWidget(self._enter)
        foot.addWidget(self._forgot)
        foot.addWidget(self._waiting, 1)
        foot.addStretch(1)
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(16)
        inner.addWidget(Brand(tr("CRM Desktop"), column, left=0))
        inner.addLayout(head)
        inner.addWidget(self._list)
        inner.addLayout(self._form)
        inner.addWidget(self._problem)
        inner.addLayout(foot)
        return column
