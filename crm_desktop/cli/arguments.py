"""What can be said on the command line: every command, its words and its options."""

from __future__ import annotations

import argparse
from pathlib import Path

from typing_extensions import override

from crm_desktop.cli import argparse_words
from crm_desktop.cli.report_forms import FORMS
from crm_desktop.i18n import tr
from crm_desktop.insight.names import REPORTS
from crm_desktop.paths import default_profile


class Arguments(argparse.Namespace):
    """The words of one call, typed. A field that its command does not know keeps its default."""

    command: str = ""
    profile: Path | None = None
    json: bool = False
    locale: str = ""
    passphrase_stdin: bool = False
    password_stdin: bool = False
    forgot_passphrase: bool = False
    start_over: bool = False
    server: str = ""
    organisation: str = ""
    user: str = ""
    kind: str = ""
    name: str = ""
    id: str = ""
    fields: list[str]
    where: list[str]
    search: str = ""
    sort: str = ""
    descending: bool = False
    limit: int = 0
    take: str | None = None
    value: str | None = None
    file: Path
    out: Path
    mapping: Path | None = None
    key: list[str]
    encoding: str = ""
    empty_clears: bool = False
    dry_run: bool = False
    errors: Path | None = None
    batch: str = ""
    repair: bool = False
    bundle: Path | None = None
    fresh: bool = False
    pane: str = ""
    size: tuple[int, int] = (1280, 800)
    theme: str = ""
    select: str = ""
    selftest: bool = False

    @property
    def folder(self) -> Path:
        """The profile's folder: the one named, or the default."""
        return self.profile or default_profile()


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where to read more."""

    @override
    def error(self, message: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.exit(
            2, tr("{message} (see {program} --help)", message=message, program=self.prog) + "\n"
        )


def make_parser(version: str) -> argparse.ArgumentParser:
    """The parser; its words are in the language in force."""
    argparse_words.translate()
    parser = _Parser(
        prog="crm-desktop",
        description=tr("Without a command the window opens."),
        epilog=tr(
            "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but something waits for you; "
            "4 server not reachable; 5 not signed in or no longer allowed."
        ),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {version}",
        help=tr("show the version and exit"),
    )
    parser.add_argument("--selftest", action="store_true", help=tr("test this installation (JSON)"))
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="DIR",
        help=tr("the profile's folder; one user's at one server"),
    )
    _common(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _signing(commands)
    _reading(commands)
    _writing(commands)
    _inbox(commands)
    _files(commands)
    _support(commands)
    _pictures(commands)
    return parser


_Commands = argparse._SubParsersAction  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001


def _common(parser: argparse.ArgumentParser) -> None:
    """Options that may stand before the command or behind it."""
    omit = argparse.SUPPRESS
    parser.add_argument(
        "--json", action="store_true", default=omit, help=tr("print JSON instead of words")
    )
    parser.add_argument(
        "--passphrase-stdin", action="store_true", default=omit,
        help=tr("the first line of the standard input is the profile's passphrase"),
    )  # fmt: skip
    parser.add_argument(
        "--locale", default=omit, metavar="CODE", help=tr("the language of words: en, zh_CN, zh_TW")
    )


def _command(commands: _Commands[_Parser], name: str, words: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    _common(parser)
    return parser


def _signing(commands: _Commands[_Parser]) -> None:
    login = _command(commands, "login", tr("sign in, and make the profile where there is none"))
    login.add_argument("--server", metavar="URL", default="")
    login.add_argument("--organisation", metavar="SLUG", default="")
    login.add_argument("--user", metavar="LOGIN", required=True)
    login.add_argument(
        "--password-stdin", action="store_true",
        help=tr("the next line of the standard input is the password"),
    )  # fmt: skip
    login.add_argument(
        "--forgot-passphrase", action="store_true",
        help=tr("the passphrase is a new one; the server gives back what it opens"),
    )  # fmt: skip
    login.add_argument(
        "--start-over", action="store_true",
        help=tr("give up what lies here, unsent work too, and begin anew"),
    )  # fmt: skip
    _command(commands, "logout", tr("end the sign-in; all data and unsent work stay here"))
    _command(commands, "rekey", tr("give the profile a new key; close its window before"))
    _command(commands, "sync", tr("one full synchronisation"))
    _command(commands, "status", tr("what is up to date, what waits, and for whom"))


def _reading(commands: _Commands[_Parser]) -> None:
    _command(commands, "kinds", tr("the catalog: entities, fields, kinds, merge policies"))
    listing = _command(commands, "list", tr("records of a kind"))
    listing.add_argument("kind", metavar="KIND")
    _where(listing)
    listing.add_argument("--search", metavar="TEXT", default="")
    listing.add_argument("--sort", metavar="FIELD", default="")
    listing.add_argument("--descending", action="store_true")
    listing.add_argument("--limit", metavar="N", type=_count, default=100)
    for name, words in (
        ("show", tr("one record with all its fields")),
        ("history", tr("who changed what in a record")),
    ):
        _record(_command(commands, name, words))


def _writing(commands: _Commands[_Parser]) -> None:
    add = _command(commands, "add", tr("a new record"))
    add.add_argument("kind", metavar="KIND")
    add.add_argument("fields", metavar="FIELD=VALUE", nargs="+")
    edit = _command(commands, "set", tr("change fields; tags+=a and tags-=a change a set"))
    _record(edit)
    edit.add_argument("fields", metavar="FIELD=VALUE", nargs="+")
    _record(_command(commands, "delete", tr("delete a record with its parts")))
    _record(_command(commands, "restore", tr("bring a deleted record back")))
    _command(commands, "undo", tr("take back the last step of this profile"))
    attach = _command(
        commands, "attach", tr("attach a file to a record; the next synchronisation sends it")
    )
    _record(attach)
    attach.add_argument("file", metavar="FILE", type=Path)
    fetch = _command(
        commands, "fetch-attachment",
        tr("write an attached file to OUT (a file or a folder), fetching it where it is not here"),
    )  # fmt: skip
    fetch.add_argument("id", metavar="ID")
    fetch.add_argument("out", metavar="OUT", type=Path)


def _inbox(commands: _Commands[_Parser]) -> None:
    _command(commands, "conflicts", tr("what waits for a decision, with base, mine and theirs"))
    resolve = _command(
        commands, "resolve",
        tr(
            "decide a conflict. mine: what this user wrote, for anybody else the parked value; "
            "theirs: the current value if mine is parked, else the parked one; base: what it was "
            "before; both: one after the other (notes only); AUTHOR: his parked value. Of work "
            "that was handed over, mine is the current value"
        ),
    )  # fmt: skip
    resolve.add_argument("id", metavar="ID")
    how = resolve.add_mutually_exclusive_group(required=True)
    how.add_argument("--take", metavar="mine|theirs|base|both|AUTHOR")
    how.add_argument("--value", metavar="JSON")
    _command(commands, "orphans", tr("own work whose record left this user's sight"))
    offering = _command(
        commands, "offer", tr("offer orphaned work to whoever has its record now ('orphans')")
    )
    offering.add_argument("id", metavar="ID")


def _files(commands: _Commands[_Parser]) -> None:
    importing = _command(
        commands, "import",
        tr(
            "records from a CSV file (UTF-8, UTF-16 or GB18030; comma, semicolon or tab). Its "
            "first line names the columns: by fields, by their labels in any language, or by the "
            "Chinese template. A row with an id, or with --key, updates the record it names; an "
            "empty cell changes nothing there. Other rows create a record, unless one with the "
            "same code or name (contacts: the same name and number) is here already: those count "
            "as duplicates and are left out"
        ),
    )  # fmt: skip
    importing.add_argument("kind", metavar="KIND")
    importing.add_argument("file", metavar="FILE", type=Path)
    importing.add_argument(
        "--mapping", metavar="FILE", type=Path,
        help=tr("a JSON object that says which column is which field; an empty field: none"),
    )  # fmt: skip
    importing.add_argument(
        "--key", metavar="FIELD", action="append", default=[],
        help=tr("update the record that has the same value here"),
    )  # fmt: skip
    importing.add_argument("--dry-run", action="store_true", help=tr("judge every row, write none"))
    importing.add_argument(
        "--errors", metavar="OUT", type=Path,
        help=tr("the rows that were left out, each with its reason, to mend and import again"),
    )  # fmt: skip
    importing.add_argument("--encoding", metavar="NAME", default="")
    importing.add_argument(
        "--empty-clears", action="store_true", help=tr("an empty cell empties the field")
    )
    revert = _command(commands, "import-revert", tr("take an import back, cell by cell"))
    revert.add_argument("batch", metavar="BATCH")
    export = _command(commands, "export", tr("all records of a kind, by ending: .csv .json"))
    export.add_argument("kind", metavar="KIND")
    export.add_argument("out", metavar="OUT", type=Path)
    _where(export)
    report = _command(
        commands, "report",
        tr(
            "a chart, by ending: .png .svg .pdf .csv, or a printed form: .pdf. NAME is one of: "
            "{names}. --where narrows a chart's accounts, or names the record of a form. Without "
            "NAME: what there is", names=", ".join((*REPORTS, *FORMS)),
        ),
    )  # fmt: skip
    report.add_argument("name", metavar="NAME", nargs="?", default="")
    report.add_argument("out", metavar="OUT", type=Path, nargs="?", default=Path())
    _where(report)


def _support(commands: _Commands[_Parser]) -> None:
    doctor = _command(
        commands, "doctor",
        tr("integrity, digests, pending work, versions, connectivity; nothing is changed"),
    )  # fmt: skip
    doctor.add_argument(
        "--repair", action="store_true",
        help=tr("fetch everything anew from the server; unsent work is kept"),
    )  # fmt: skip
    doctor.add_argument(
        "--bundle", metavar="OUT.zip", type=Path,
        help=tr("write what support needs, without customer data"),
    )  # fmt: skip
    backup = _command(
        commands, "backup",
        tr(
            "one file with everything, unsynchronised work included, encrypted with the profile's "
            "key. The key goes with it only where a passphrase wraps it; a key kept in the "
            "keyring of this computer stays there, and the backup opens on this computer alone"
        ),
    )  # fmt: skip
    backup.add_argument("out", metavar="OUT", type=Path)
    restoring = _command(
        commands, "restore-backup",
        tr(
            "make a backup the profile's database. What was there stays beside it. The keyring "
            "that held the key when the backup was made has to hold it still, or the passphrase "
            "of that time is needed"
        ),
    )  # fmt: skip
    restoring.add_argument("file", metavar="FILE", type=Path)


def _pictures(commands: _Commands[_Parser]) -> None:
    demo = _command(commands, "demo", tr("a server with a demo company, and the window on it"))
    demo.add_argument(
        "--fresh", action="store_true", help=tr("forget the last demo and begin anew")
    )
    shot = _command(commands, "screenshot", tr("a picture of a pane, without a display"))
    shot.add_argument("out", metavar="OUT", type=Path)
    shot.add_argument("--pane", metavar="NAME", required=True)
    shot.add_argument("--size", metavar="WxH", type=_size, default=(1280, 800))
    shot.add_argument("--theme", choices=("light", "dark"), default="")
    shot.add_argument("--select", metavar="ID", default="")


def _record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", metavar="KIND")
    parser.add_argument("id", metavar="ID")


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--where", metavar="FIELD=VALUE", action="append", default=[])


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(tr("'{text}' is not a number of 1 or more.", text=text))
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(tr("'{text}' is not a size, such as 1280x800.", text=text))
    return int(width), int(height)
