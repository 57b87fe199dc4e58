"""A profile's own notes beside its database: who, where, and how the key is kept. No secrets."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from crm_core.errors import UNREADABLE, CrmError, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId, RecordId
from crm_desktop.writing import reason, write_atomically

log = logging.getLogger(__name__)

FILE = "profile.json"
PREFERENCES = "preferences.json"
BORDERS = "borders.json"
SCALE_MIN, SCALE_MAX = 100, 250


class Settings(msgspec.Struct, frozen=True):
    """What has to be known before the database is open.

    `key_name` is the entry of the OS keyring (or the name sealed into `key.wrapped`) under which
    this profile's secrets are kept; it outlives a new device id. `former_keys` are names under
    which older ones lie. `escrowed` is the fingerprint of the key that the server keeps a copy of,
    "" where it keeps none. `given_up`: the key is not on this machine until somebody signs in.
    """

    server: str
    organisation: str
    login: str
    user: RecordId
    device: DeviceId
    key_kept: Literal["keyring", "passphrase"]
    key_name: str
    locale: str = ""
    former_keys: tuple[str, ...] = ()
    escrowed: str = ""
    given_up: bool = False


class Preferences(msgspec.Struct, frozen=True):
    """What a person likes here. `language` "" is the system's; `lock_after_min` 0 never locks;
    `scale` is in percent of the system's own size; `metered`: whether a network on which bytes are
    paid for is used for what is needed alone, or as any other; `notices`: what the desktop's own
    notifications say: nothing, that something is due, or what it is."""

    theme: Literal["system", "light", "dark"] = "system"
    density: Literal["compact", "comfortable"] = "compact"
    language: str = ""
    lock_after_min: int = 0
    scale: Annotated[int, msgspec.Meta(ge=SCALE_MIN, le=SCALE_MAX)] = SCALE_MIN
    metered: Literal["spare", "use"] = "spare"
    notices: Literal["off", "neutral", "details"] = "neutral"


class Borders(msgspec.Struct, frozen=True):
    """Where a person drew the window's borders, in device-independent pixels.

    `sizes`: the parts of a splitter by pane and name, or an inspector's width. `rail` 0 is the
    look's own width.
    """

    sizes: dict[str, tuple[int, ...]] = {}
    rail: int = 0
    rail_collapsed: bool = False


def load_borders(profile: Path) -> Borders:
    """The borders kept beside a profile; the look's own where there are none to be read."""
    try:
        return msgspec.json.decode((profile / BORDERS).read_bytes(), type=Borders)
    except (OSError, *UNREADABLE):
        return Borders()


def save_borders(profile: Path, borders: Borders) -> None:
    """Keep the borders; raises Unavailable."""
    write_atomically(profile / BORDERS, msgspec.json.encode(borders))


def load_preferences(profile: Path) -> Preferences:
    """The preferences kept beside a profile; the usual ones where there are none to be read."""
    try:
        return msgspec.json.decode((profile / PREFERENCES).read_bytes(), type=Preferences)
    except (OSError, *UNREADABLE):
        return Preferences()


def save_preferences(profile: Path, preferences: Preferences) -> None:
    """Keep preferences; raises Unavailable."""
    text = msgspec.json.format(msgspec.json.encode(preferences), indent=2)
    write_atomically(profile / PREFERENCES, text)


def load(profile: Path) -> Settings | None:
    """The settings of a profile; None where there is no profile yet."""
    file = profile / FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=Settings)
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        raise UserProblem(
            tr_noop(
                "The profile's settings in {file} are damaged. The data beside it are untouched; "
                "please ask your IT."
            ),
            file=str(file),
        ) from error
    except OSError as error:
        raise Unavailable(
            tr_noop("{file} cannot be read ({detail})."), file=str(file), detail=reason(error)
        ) from error


def known(profile: Path) -> Settings | None:
    """The settings of a profile where there are some to be read; what is wrong with damaged ones
    is said by who opens it."""
    try:
        return load(profile)
    except CrmError as error:
        log.info("%s", error)
        return None


def save(profile: Path, settings: Settings) -> None:
    """Write the settings so that a crash leaves the old or the new ones, never half of them."""
    write_atomically(profile / FILE, msgspec.json.format(msgspec.json.encode(settings), indent=2))
