"""A small notification daemon for tests, as a process of its own on the session's message bus.

    python -m tests.support.notification_daemon LOG [ACTION]

Writes each notification as a line of JSON into LOG; where an action is named, it is "pressed" as
soon as a notification is shown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jeepney import DBusAddress, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

SERVICE, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


def main(log: Path, action: str = "") -> None:
    """Serve until the bus is gone."""
    connection = open_dbus_connection(bus="SESSION")
    connection.send_and_get_reply(message_bus.RequestName(SERVICE))
    log.write_text("")
    emitter = DBusAddress(PATH, interface=SERVICE)
    shown = 0
    while True:
        message = connection.receive()
        fields = {field.name: value for field, value in message.header.fields.items()}
        member = fields.get("member")
        if message.header.message_type.name != "method_call":
            continue
        if member == "GetCapabilities":
            connection.send(new_method_return(message, "as", (["body", "actions"],)))
        elif member == "Notify":
            shown = message.body[1] or shown + 1
            with log.open("a") as file:
                said = [*message.body[:1], *message.body[3:6], message.body[1]]
                print(json.dumps(said), file=file)
            connection.send(new_method_return(message, "u", (shown,)))
            if action:
                connection.send(new_signal(emitter, "ActionInvoked", "us", (shown, action)))
        elif member == "CloseNotification":
            with log.open("a") as file:
                print(json.dumps(["closed", *message.body]), file=file)
            connection.send(new_method_return(message))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
