"""Writing lines of words as a table for an office: .csv (UTF-8 with its mark) or .xlsx. No cell is
ever a formula, whatever stands in it (security.md §6)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.transfer.cells import guard
from crm_desktop.writing import replaced

Line: TypeAlias = "Sequence[str]"

CELL_CHARACTERS_MAX = 32_767
"""What a cell of Excel can hold."""

_WIDTH_MAX, _WIDTH_MIN = 60, 10
_NO_CHARACTERS = dict.fromkeys(x for x in range(32) if chr(x) not in "\t\n\r")
"""Control characters, which no workbook can hold."""


def write_table(out: Path, heads: Line, lines: Iterable[Line]) -> int:
    """Write a table in the form that the file's name ends in; how many lines stand below its head.
    Raises UserProblem for another form, Unavailable where it cannot be written."""
    writer = _WRITERS.get(out.suffix.lower())
    if writer is None:
        raise UserProblem(
            tr_noop(
                "Files of the form '{suffix}' cannot be written here; name a file that ends in "
                ".csv or .xlsx."
            ),
            suffix=out.suffix,
        )
    with replaced(out) as file:
        return writer(file, heads, lines)


def _write_csv(file: Path, heads: Line, lines: Iterable[Line]) -> int:
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        for line in lines:
            writer.writerow([guard(cell) for cell in line])
            count += 1
    return count


def _write_xlsx(file: Path, heads: Line, lines: Iterable[Line]) -> int:
    # Loaded by the first export; it has no types, and nothing of it leaves this function.
    from openpyxl import Workbook, styles  # pyright: ignore[reportMissingModuleSource]

    book: Any = Workbook()
    sheet, style = book.active, cast("Any", styles)
    widths = [len(head) for head in heads]
    for number, line in enumerate((heads, *lines), start=1):
        for column, text in enumerate(line, start=1):
            cell = sheet.cell(number, column)
            cell.value = text.translate(_NO_CHARACTERS)[:CELL_CHARACTERS_MAX]
            cell.data_type = "s"  # the library takes what begins with = for a formula
            cell.font = style.Font(bold=number == 1)
            cell.alignment = style.Alignment(vertical="top", wrap_text=True)
            widths[column - 1] = max(widths[column - 1], *map(len, text.split("\n")))
    for letter, width in zip(_letters(len(heads)), widths, strict=True):
        sheet.column_dimensions[letter].width = min(max(width + 2, _WIDTH_MIN), _WIDTH_MAX)
    sheet.freeze_panes = "A2"
    book.save(file)
    return int(sheet.max_row) - 1


def _letters(count: int) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:count]


_WRITERS: dict[str, Callable[[Path, Line, Iterable[Line]], int]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
}
