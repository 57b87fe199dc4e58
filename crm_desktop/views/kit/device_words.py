"""Words for installations: what each is, how it stands, and what becomes of a withdrawn one."""

from __future__ import annotations

from crm_core.wire import DeviceEntry
from crm_desktop.i18n import tr, tr_n
from crm_desktop.views.kit.choice import when_words


def name_words(device: DeviceEntry) -> str:
    """How a device is called; the end of its id where it never said."""
    return device.name or tr("Device {id}", id=device.id[-6:])


def state_words(device: DeviceEntry, this: str) -> str:
    """How a device stands."""
    if device.revoked_at:
        return tr("withdrawn")
    return tr("this device") if device.id == this else tr("in use")


def waiting_words(device: DeviceEntry) -> str:
    """How much work it said to hold that no server has taken; "" for none."""
    if not device.unsent:
        return ""
    return tr_n("{n} change unsent", "{n} changes unsent", device.unsent)


def left_words(device: DeviceEntry) -> str:
    """What it left when it was withdrawn; "" where that is nothing yet."""
    if not device.revoked_at:
        return ""
    when = when_words(device.revoked_at)
    if not device.left:
        return tr("Withdrawn {when}; it has left nothing yet.", when=when)
    if device.files_missing:
        return tr_n(
            "Withdrawn {when}; its unsent work lies with the server, but {n} file never came.",
            "Withdrawn {when}; its unsent work lies with the server, but {n} files never came.",
            device.files_missing,
            when=when,
        )
    return tr("Withdrawn {when}; what it had not sent lies with the server.", when=when)


def line_words(device: DeviceEntry) -> str:
    """What there is to know of a device, in a line."""
    version = tr("version {version}", version=device.app_version) if device.app_version else ""
    last = tr("last sync {time}", time=when_words(device.last_sync_at))
    return " · ".join(filter(None, (device.os, version, last, waiting_words(device))))


def withdrawal_words(device: DeviceEntry) -> str:
    """What happens where somebody withdraws a device, before he does."""
    if device.unsent:
        held = tr_n(
            "Its {n} unsent change goes to the server when it is next online, as questions in the "
            "inbox; if that never happens, it is lost.",
            "Its {n} unsent changes go to the server when it is next online, as questions in the "
            "inbox; if that never happens, they are lost.",
            device.unsent,
        )
    else:
        held = tr("It said last that it holds nothing unsent.")
    return tr(
        "It is signed out at once, and its copy of the key on the server is destroyed. {held} Then "
        "nobody can read what lies on it any more. This cannot be taken back.",
        held=held,
    )
