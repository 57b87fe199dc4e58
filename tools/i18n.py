"""The translations' workshop: collects words from the source, checks and compiles them.

    python tools/i18n.py extract    new words into the .po files
    python tools/i18n.py check      exit 1 where something is missing or wrong
    python tools/i18n.py compile    .po → .mo, where the .mo is older

New words of zh_TW are proposed from zh_CN by OpenCC (phrases included) and marked fuzzy until
somebody has read them; `check` counts fuzzy as missing.
"""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "resources" / "translations"
LANGUAGES = ("zh_CN", "zh_TW")
PACKAGES = ("crm_core", "crm_desktop")
KEYWORDS = {"tr": None, "tr_n": (1, 2), "tr_noop": None}
WIDTH = 100


def main(arguments: list[str]) -> int:
    match arguments:
        case ["extract"]:
            return extract()
        case ["check"]:
            return check()
        case ["compile"]:
            return compile_all()
        case _:
            print(__doc__)
            return 2


def extract() -> int:
    """Bring the .po files up to date with the source."""
    template = collect()
    for code in LANGUAGES:
        catalog = read(code)
        made = catalog.creation_date
        catalog.update(template, no_fuzzy_matching=True)
        catalog.creation_date = made  # no news for a diff
        catalog.obsolete.clear()
        if code == "zh_TW":
            propose_traditional(catalog, read("zh_CN"))
        write(code, catalog)
        open_ones = sum(1 for message in entries(catalog) if is_open(message))
        print(f"{code}: {len(catalog)} messages, {open_ones} open")
    return 0


def check() -> int:
    """Print everything that a reader would meet in English, or broken."""
    template = collect()
    problems = [problem for code in LANGUAGES for problem in problems_of(code, template)]
    print("\n".join(problems) or f"{len(template)} messages, all translated")
    return 1 if problems else 0


def compile_all() -> int:
    """Make the .mo files that are missing or older than their .po."""
    for code in LANGUAGES:
        source, target = TRANSLATIONS / f"{code}.po", TRANSLATIONS / f"{code}.mo"
        if target.exists() and target.stat().st_mtime_ns > source.stat().st_mtime_ns:
            continue
        from babel.messages.mofile import write_mo  # half a second that a current .mo spares

        # At once whole: another process may be reading, or compiling too.
        with NamedTemporaryFile(dir=TRANSLATIONS, suffix=".mo", delete=False) as file:
            write_mo(file, read(code))
        Path(file.name).chmod(0o644)
        Path(file.name).replace(target)
    return 0


def collect() -> Catalog:
    """Every marked text of the source, with the files that hold it."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_file

    catalog = Catalog(project="CRM Desktop", charset="utf-8")
    for path in sources():
        found = extract_from_file("python", path, keywords=KEYWORDS, options={"encoding": "utf-8"})
        for _line, text, comments, context in found:
            if text:
                # Without line numbers, so that a shifted line changes no translation file.
                place = str(path.relative_to(ROOT))
                catalog.add(text, None, [(place, 0)], auto_comments=comments, context=context)
    return catalog


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def problems_of(code: str, template: Catalog) -> Iterator[str]:
    catalog = read(code)
    for wanted in entries(template):
        found = catalog.get(key_of(wanted))
        if found is None or forms(found.id) != forms(wanted.id) or not all(forms(found.string)):
            yield f"{code}: missing: {wanted.id!r} ({place_of(wanted)})"
        elif found.fuzzy:
            yield f"{code}: not yet proof-read: {wanted.id!r} → {found.string!r}"
        elif any(places(forms(found.id)[-1]) != places(form) for form in forms(found.string)):
            yield f"{code}: other places than the original: {wanted.id!r} → {found.string!r}"
    known = {forms(message.id) for message in entries(template)}
    for message in entries(catalog):
        if forms(message.id) not in known:
            yield f"{code}: no longer in the source (run `extract`): {message.id!r}"


def entries(catalog: Catalog) -> list[Message]:
    """The messages without the header."""
    return [message for message in catalog if message.id]


def key_of(message: Message) -> str:
    """By what a catalog finds a message: its text, or of two forms the one for one thing."""
    return forms(message.id)[0]


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """The forms of a text: for one thing and for several, or the only one; "" where none is."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def is_open(message: Message) -> bool:
    return message.fuzzy or not all(forms(message.string))


def place_of(message: Message) -> str:
    return message.locations[0][0] if message.locations else "?"


def places(text: str) -> set[str]:
    """The named places of a template, and argparse's own."""
    named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return named | set(re.findall(r"%(?:\(\w+\))?[srd]", text))


def propose_traditional(catalog: Catalog, simplified: Catalog) -> None:
    from opencc import OpenCC

    converter = OpenCC("s2twp")
    for message in entries(catalog):
        source = simplified.get(key_of(message))
        if not is_open(message) or source is None or not all(forms(source.string)):
            continue
        proposed = tuple(map(converter.convert, forms(source.string)))
        message.string = proposed if message.pluralizable else proposed[0]
        message.flags.add("fuzzy")


def read(code: str) -> Catalog:
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = TRANSLATIONS / f"{code}.po"
    if not path.exists():
        return Catalog(locale=code, project="CRM Desktop", version="1", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=code)


def write(code: str, catalog: Catalog) -> None:
    from babel.messages.pofile import write_po

    TRANSLATIONS.mkdir(parents=True, exist_ok=True)
    catalog.header_comment = f"# CRM Desktop in {code}; kept by tools/i18n.py."
    with (TRANSLATIONS / f"{code}.po").open("wb") as file:
        write_po(
            file, catalog, width=WIDTH, sort_output=True, omit_header=False, include_lineno=False
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
