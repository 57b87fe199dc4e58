"""Sends window, demo and screenshots to `app`, and everything else to `cli`.

The window's way is short: until its first list is painted nothing is imported that it can do
without, and so argparse and the command line only come with a command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_desktop.cli.arguments import Arguments
    from crm_desktop.models.cards import AccountCard

PASSPHRASE_VARIABLE = "CRM_DESKTOP_PASSPHRASE"


def main(argv: list[str] | None = None) -> int:
    """The exit code of one call (cli.md); `argv` without the program's name."""
    # Read once and taken away: no program that we start shall inherit it.
    passphrase = os.environ.pop(PASSPHRASE_VARIABLE, None) or None
    options = _window_options(sys.argv[1:] if argv is None else argv)
    if options is not None:
        return _window(options.get("--profile", ""), options.get("--locale", ""), passphrase)
    return _command(argv, passphrase)


def _window_options(words: Sequence[str]) -> dict[str, str] | None:
    """The options of a call without a command; None where there is more to understand."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in ("--profile", "--locale") or not (equals or rest):
            return None
        found[name] = value if equals else rest.pop(0)
    return found


def _window(profile: str, locale: str, passphrase: str | None) -> int:
    from crm_desktop.paths import default_profile

    folder = Path(profile) if profile else default_profile()
    from crm_desktop import app
    from crm_desktop.options import Options

    return app.main(Options(profile=folder, passphrase=passphrase, locale=locale))


def _command(argv: list[str] | None, passphrase: str | None) -> int:
    from crm_desktop.cli import commands
    from crm_desktop.cli.outcome import watch_for_the_unexpected

    arguments = commands.parse(argv)
    if argv is None:
        watch_for_the_unexpected(arguments.folder)
        _speak_utf8()
    if arguments.passphrase_stdin:
        passphrase = sys.stdin.readline().rstrip("\r\n") or None
    if arguments.selftest:
        from crm_desktop.cli import selftest

        return selftest.run({"qt": _qt})
    if arguments.command in commands.HANDLERS:
        return commands.run(arguments, passphrase, _press)
    shown = {"demo": _demo, "screenshot": _screenshot}.get(arguments.command)
    if shown is None:  # options of the window that only argparse understands
        return _window(str(arguments.folder), arguments.locale, passphrase)
    return commands.ended(arguments.folder, lambda: shown(arguments, passphrase))


def _screenshot(arguments: Arguments, passphrase: str | None) -> int:
    from crm_desktop import app
    from crm_desktop.options import Options, Picture

    picture = Picture(arguments.out, arguments.pane, arguments.size, arguments.select)
    return app.main(
        Options(
            profile=arguments.folder, passphrase=passphrase, locale=arguments.locale,
            theme=arguments.theme, picture=picture,
        )
    )  # fmt: skip


def _demo(arguments: Arguments, _passphrase: str | None) -> int:
    from crm_desktop.cli import demo
    from crm_desktop.i18n import tr

    story = not demo.has_display()
    if story:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        sys.stdout.write(
            tr("No display: the demo plays offscreen and leaves its pictures in build/screens/.")
            + "\n"
        )
    with demo.running(fresh=arguments.fresh) as ready:
        from crm_desktop import app
        from crm_desktop.options import Demo, Options

        logins = tuple((login, tr(words)) for login, words in demo.LOGINS)
        return app.main(
            Options(
                profile=ready.profile, passphrase=demo.PASSPHRASE, locale=arguments.locale,
                demo=Demo(ready.server, ready.organisation, logins, demo.PASSWORD),
                story=story,
            )
        )  # fmt: skip


def _press(card: AccountCard) -> bytes:
    """An account's card as a PDF; needs no display. Qt is loaded when something is printed."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from crm_desktop.i18n import language
    from crm_desktop.views.panes.accounts.printing import printed
    from crm_desktop.views.theme import theme

    application = QApplication(["report"])
    theme.install(application, "light", language=language())
    made = printed(card)
    application.shutdown()
    return made


def _qt() -> dict[str, str | int | bool]:
    """Qt starts, finds letters and draws an icon, without a display; raises LookupError."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import qVersion
    from PySide6.QtGui import QFontDatabase, QImageReader
    from PySide6.QtWidgets import QApplication

    from crm_desktop.views.theme import icons, sheet

    application = QApplication(["selftest"])
    found = {
        "version": qVersion(),
        "platform": application.platformName(),
        "families": len(QFontDatabase.families()),
        "icons": len([*sheet.ICONS.glob("*.svg")]),
        "drawn": not icons.pixmap("sync").isNull(),
        # The style sheet's arrows are read by Qt itself.
        "svg": "svg" in {bytes(x.data()).decode() for x in QImageReader.supportedImageFormats()},
    }
    application.shutdown()
    if not (found["icons"] and found["drawn"] and found["svg"]):
        raise LookupError(found)
    return found


def _speak_utf8() -> None:
    """JSON is UTF-8 whatever the console's code page is; what it lacks is shown as '?'."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main())
