"""A picture of every pane of the demo, light and dark, English and Chinese, at 100 % and 200 %.

    python -m tools.screens [FOLDER]        build/screens/ where no folder is named

Each look is a process of its own: Qt's scale and the language are set once in a process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_desktop.cli import demo

SCREENS = Path("build") / "screens"
GALLERY = Path("docs") / "gallery"
SHOWN = (
    "today-today", "accounts-account", "plans-plan", "visits-visit", "complaints-complaint",
    "tasks-task", "insight-insight", "inbox-inbox",
)  # fmt: skip
"""What the gallery in docs/ shows of every look at 100 %."""
GROUND = Path("build") / "screens-demo"
THEMES = ("light", "dark")
LOCALES = ("en", "zh_CN")
SCALES = (1, 2)


def main(arguments: list[str]) -> int:
    """Make the demo once, then all looks of it; returns the exit code."""
    if len(arguments) == 5:  # noqa: PLR2004  # a look in its own process
        profile, out, theme, locale, _ = arguments
        return take_pictures(Path(profile), Path(out), theme, locale)
    screens = Path(arguments[0]) if arguments else SCREENS
    with demo.running(fresh=True, folder=GROUND) as ready:
        looks = product(THEMES, LOCALES, SCALES)
        codes = [look(ready.profile, screens, *each) for each in looks]
    parts = [sys.executable, "-m", "tools.gallery", str(screens / "gallery.png")]
    codes.append(subprocess.call(parts))
    if not arguments:
        hang(screens)
    # A program of its own: it brings about by real traffic what the demo does not show.
    where = [str(screens / "states")] if arguments else []
    codes.append(subprocess.call([sys.executable, "-m", "tools.states", *where]))
    return max(codes)


def hang(screens: Path) -> None:
    """Put the pictures of the main panes into the gallery of docs/."""
    for theme, locale in product(THEMES, LOCALES):
        name = f"{theme}-{locale}"
        (GALLERY / name).mkdir(parents=True, exist_ok=True)
        for shown in SHOWN:
            picture = screens / f"{name}-100" / f"{shown}.png"
            shutil.copyfile(picture, GALLERY / name / picture.name)
    shutil.copyfile(screens / "gallery.png", GALLERY / "kit.png")


def look(profile: Path, screens: Path, theme: str, locale: str, scale: int) -> int:
    """All panes in one look, in a process of its own; its exit code."""
    out = screens / f"{theme}-{locale}-{scale * 100}"
    start = time.monotonic()
    code = subprocess.call(
        [sys.executable, "-m", "tools.screens", str(profile), str(out), theme, locale, ""],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale)},
    )
    made = len([*out.glob("*.png")])
    print(f"{out}  {made} pictures  {time.monotonic() - start:.1f} s", flush=True)
    return code


def take_pictures(profile: Path, out: Path, theme: str, locale: str) -> int:
    """Open the window on the profile, without synchronising, and show one pane after the other."""
    from crm_desktop import app
    from crm_desktop.desktop import Desktop
    from crm_desktop.options import Options, Picture
    from crm_desktop.views.shell.places import PLACES
    from crm_desktop.views.story import Set, Stage, Step, picture_of

    def panes(stage: Stage) -> Iterator[Step]:
        for place in PLACES.values():
            for pane in [x for x in place.kinds if x in CATALOG] or [place.name]:
                yield from picture_of(stage, Picture(out / f"{place.name}-{pane}.png", pane))

    class Gallery(Desktop):
        """The window that plays all panes instead of one."""

        @override
        def _play(self) -> None:
            scene = Set(
                self.window, lambda: self.shell, lambda: self.lanes.is_idle, application.exit
            )
            stage = Stage(scene)
            stage.play(panes(stage))

    options = Options(
        profile=profile, passphrase=demo.PASSPHRASE, locale=locale, theme=theme,
        picture=Picture(out, ""),
    )  # fmt: skip
    application = app.make_application(options)
    gallery = Gallery(options, application)
    gallery.start()
    code = application.exec()
    gallery.close()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
