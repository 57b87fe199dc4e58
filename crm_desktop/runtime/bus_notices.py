"""Notifications of a Linux desktop, over its message bus (freedesktop.org, Desktop Notifications
1.2): the one place that knows jeepney. Qt's own QtDBus cannot send the unsigned number that the
method asks for."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Signal

log = logging.getLogger(__name__)

SERVICE, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
APPLICATION = "crm-desktop"
TIMEOUT_S = 2.0
_DEFAULT = "default"
"""The action of a click on the notification itself."""


class Bus:
    """The session's message bus with somebody on it who shows notifications. Owned by whoever
    opened it; `actions`: its notifications may have buttons."""

    def __init__(self, connection: Any, *, actions: bool) -> None:
        self.connection = connection
        self.actions = actions


def open_bus() -> Bus | None:
    """Look for such a bus; blocks for a moment. None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        from jeepney import DBusAddress, MatchRule, message_bus, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        connection = open_dbus_connection(bus="SESSION")
        rule = MatchRule(type="signal", interface=SERVICE, path=PATH)
        connection.send_and_get_reply(message_bus.AddMatch(rule), timeout=TIMEOUT_S)
        address = DBusAddress(PATH, bus_name=SERVICE, interface=SERVICE)
        asked = new_method_call(address, "GetCapabilities")
        reply = connection.send_and_get_reply(asked, timeout=TIMEOUT_S)
    except (ImportError, KeyError, OSError, ValueError) as error:
        log.info("no notifications over the message bus: %s", type(error).__name__)
        return None
    if reply.header.message_type.name != "method_return":
        connection.close()
        return None
    return Bus(connection, actions="actions" in reply.body[0])


class BusNotices(QObject):
    """One notification at a time. Signal: `acted(action)` with the action pressed, "default" for
    the notification itself."""

    acted = Signal(str)

    def __init__(self, bus: Bus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bus = bus
        self._shown = 0
        self._asked = 0
        self._listener = QSocketNotifier(
            bus.connection.sock.fileno(), QSocketNotifier.Type.Read, self
        )
        self._listener.activated.connect(self._read)

    def show(self, title: str, body: str, actions: Sequence[tuple[str, str]]) -> None:
        """Show a notification, in the place of the last one; each action by its name and words."""
        from jeepney import DBusAddress, new_method_call

        pairs = [part for action in ((_DEFAULT, ""), *actions) for part in action]
        hints = {"desktop-entry": ("s", APPLICATION), "category": ("s", "x-crm.reminder")}
        call = new_method_call(
            DBusAddress(PATH, bus_name=SERVICE, interface=SERVICE), "Notify", "susssasa{sv}i",
            (APPLICATION, self._shown, APPLICATION, title, body,
             pairs if self._bus.actions else [], hints, -1),
        )  # fmt: skip
        self._send(call, is_shown=True)

    def withdraw(self) -> None:
        """Take the notification away."""
        from jeepney import DBusAddress, new_method_call

        if self._shown:
            address = DBusAddress(PATH, bus_name=SERVICE, interface=SERVICE)
            self._send(new_method_call(address, "CloseNotification", "u", (self._shown,)))
            self._shown = 0

    def close(self) -> None:
        """Leave the bus."""
        self._listener.setEnabled(False)
        self._bus.connection.close()

    def _send(self, message: Any, *, is_shown: bool = False) -> None:
        """Without waiting for the answer, which `_read` hears."""
        connection = self._bus.connection
        serial = next(connection.outgoing_serial)
        if is_shown:
            self._asked = serial
        try:
            connection.send(message, serial=serial)
        except OSError as error:
            self._lose(error)

    def _read(self) -> None:
        try:
            while True:
                self._take(self._bus.connection.receive(timeout=0))
        except TimeoutError:
            return  # all that came is read
        except (OSError, EOFError) as error:
            self._lose(error)

    def _take(self, message: Any) -> None:
        kind, fields = message.header.message_type.name, message.header.fields
        named = {field.name: value for field, value in fields.items()}
        if kind == "method_return" and named.get("reply_serial") == self._asked and message.body:
            self._shown = int(message.body[0])
        elif kind == "signal" and message.body and message.body[0] == self._shown:
            if named.get("member") == "ActionInvoked":
                self.acted.emit(str(message.body[1]))
            elif named.get("member") == "NotificationClosed":
                self._shown = 0

    def _lose(self, error: Exception) -> None:
        """The bus has gone: what is due stands in the window all the same."""
        log.info("the message bus is gone: %s", type(error).__name__)
        self._listener.setEnabled(False)
