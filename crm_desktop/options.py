"""What the window is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from crm_desktop import paths


class Picture(msgspec.Struct, frozen=True):
    """A picture of one pane: where to, which, how large, and which record is selected."""

    out: Path
    pane: str
    size: tuple[int, int] = (1280, 800)
    select: str = ""


@dataclass(frozen=True)
class Demo:
    """The demo's server and who may sign in there (login, words)."""

    server: str
    organisation: str
    logins: tuple[tuple[str, str], ...] = ()
    password: str = "demo"
    passphrase: str = "demo"


@dataclass(frozen=True)
class Options:
    """What the window was started with."""

    profile: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    locale: str = ""
    theme: str = ""
    picture: Picture | None = None
    demo: Demo | None = None
    story: bool = False
    screens: Path = Path("build/screens")

    @property
    def folder(self) -> Path:
        """Where the profile lies."""
        return self.profile or paths.default_profile()

    @property
    def size(self) -> tuple[int, int] | None:
        """How large a picture is to be; None where a window takes the usual room."""
        return self.picture.size if self.picture is not None else None

    @property
    def is_played(self) -> bool:
        """Whether nobody sits in front of it: pictures are taken."""
        return self.picture is not None or self.story
