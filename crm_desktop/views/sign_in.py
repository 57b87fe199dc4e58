"""The sign-in page: where, who, the password; in the demo also who there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QListWidget, QPushButton, QVBoxLayout, QWidget

from crm_core.i18n import Message
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.text import caption, heading, plain_label

_WIDTH = 420


@dataclass(frozen=True)
class SignInWords:
    """What was typed. Either the passphrase alone (the profile is only locked), or all."""

    server: str = ""
    organisation: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


class SignInPage(QWidget):
    """Asks for a sign-in, or for the passphrase of a locked profile. Signal: `submitted`."""

    submitted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._logins: tuple[tuple[str, str], ...] = ()
        self._demo_password = ""
        self._title = heading(self)
        self._remark = caption(self)
        self._problem = plain_label(self)
        self._list = QListWidget(self)
        self._server = QLineEdit(self)
        self._organisation = QLineEdit(self)
        self._login = QLineEdit(self)
        self._password = QLineEdit(self)
        self._passphrase = QLineEdit(self)
        self._enter = QPushButton(self)
        self._form = QFormLayout()
        self._lay_out()

    def ask_sign_in(self, known: SignInWords, *, with_passphrase: bool) -> None:
        """Ask for everything; what is known stands there already."""
        self._title.setText(tr("Sign in"))
        self._remark.setText(tr("Your work on this computer is kept, whatever happens here."))
        self._enter.setText(tr("Sign in"))
        self._server.setText(known.server)
        self._organisation.setText(known.organisation)
        self._login.setText(known.login)
        for line in (self._server, self._organisation, self._login, self._password):
            self._form.setRowVisible(line, True)
        self._form.setRowVisible(self._passphrase, with_passphrase)
        self._list.setVisible(bool(self._logins))
        self._focus_first_empty()

    def ask_passphrase(self) -> None:
        """Ask only for what unlocks the profile."""
        self._title.setText(tr("Unlock"))
        self._remark.setText(
            tr("No keyring holds the key of this profile; your passphrase opens it.")
        )
        self._enter.setText(tr("Unlock"))
        for line in (self._server, self._organisation, self._login, self._password):
            self._form.setRowVisible(line, False)
        self._form.setRowVisible(self._passphrase, True)
        self._list.hide()
        self._passphrase.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_return(self) -> None:
        """The window was left alone; the keyring opens the profile without a question."""
        self._title.setText(tr("Locked"))
        self._remark.setText(
            tr(
                "Nobody used this window for a while. The keyring of this computer opens it again "
                "without a question: lock the computer itself when you leave it."
            )
        )
        self._enter.setText(tr("Open"))
        for line in (
            self._server, self._organisation, self._login, self._password, self._passphrase,
        ):  # fmt: skip
            line.clear()
            self._form.setRowVisible(line, False)
        self._list.hide()
        self.setEnabled(True)
        self._enter.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_passphrase_again(self) -> None:
        """The window was left alone; the passphrase opens it."""
        self.ask_passphrase()
        self._remark.setText(tr("Nobody used this window for a while. Your passphrase opens it."))
        for line in (self._login, self._password, self._passphrase):
            line.clear()
        self.setEnabled(True)

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
        self._problem.setText(f"◆ {words(message)}")
        self._problem.show()
        self.setEnabled(True)

    def submit(self) -> None:
        """Hand over what was typed."""
        self._problem.hide()
        self.setEnabled(False)
        self.submitted.emit(
            SignInWords(
                self._server.text().strip(), self._organisation.text().strip(),
                self._login.text().strip(), self._password.text(), self._passphrase.text(),
            )
        )  # fmt: skip

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
            self._form.addRow(label, line)
        self._list.setAccessibleName(tr("Demo logins"))
        self._list.currentRowChanged.connect(self._take_login)
        self._list.setMaximumHeight(150)
        self._list.hide()
        self._problem.hide()
        self._enter.clicked.connect(self.submit)
        self._enter.setDefault(True)
        column = QWidget(self)
        column.setFixedWidth(_WIDTH)
        inner = QVBoxLayout(column)
        inner.setSpacing(12)
        inner.addWidget(self._title)
        inner.addWidget(self._remark)
        inner.addWidget(self._list)
        inner.addLayout(self._form)
        inner.addWidget(self._problem)
        inner.addWidget(self._enter)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        layout.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
