"""Reading a delimited text file: which encoding, which delimiter, and its rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop

FILE_BYTES_MAX = 200 * 1024 * 1024
"""A larger file is not typed by people; the office loads it with the server's bulk loader."""

DELIMITERS = (",", ";", "\t")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_END = "\x00end of the file\x00"
"""Laid behind the last line: where it is not read as a row of its own, a quote was left open."""

_ASCII_MAX = 0x7F
_LEAD_MAX = 0xFE
_COMMON_TRAIL_MIN = 0xA1


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of the file; `line` is where it ends, as a person counts."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A delimited text that was read and found whole. `rows` begins anew with each call."""

    text: str
    delimiter: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[SourceRow]:
        """The rows below the header, without empty ones; short ones are filled up."""
        width = len(self.header)
        rows = _rows(self.text, self.delimiter)
        next(rows, None)
        for row in rows:
            if any(cell.strip() for cell in row.cells):
                missing = ("",) * (width - len(row.cells))
                yield SourceRow(row.line, (*row.cells, *missing))


def read_table(file: Path, knows: Callable[[str], bool], *, encoding: str = "") -> Table:
    """The table in a file. `knows` tells whether a header's word names a column, by which the
    delimiter is found. Raises UserProblem where the file is no such table."""
    text = decode(_bytes_of(file), encoding)
    delimiter = _sniff(text, knows)
    first = next(_rows(text, delimiter), None)
    if first is None or not any(cell.strip() for cell in first.cells):
        raise UserProblem(tr_noop("The file is empty: its first line has to name the columns."))
    *before, last = deque(_rows(text + _closing(text), delimiter), maxlen=2)
    if last.cells != (_END,):
        raise UserProblem(
            tr_noop("A quotation mark in line {line} is never closed. Nothing was imported."),
            line=before[0].line + 1 if before else 1,
        )
    return Table(text, delimiter, tuple(cell.strip() for cell in first.cells))


def decode(data: bytes, encoding: str = "") -> str:
    """Text from bytes: by its mark, as strict UTF-8, else as GB18030 where that is plausible."""
    for mark, named in _BOMS:
        if data.startswith(mark):
            return _decode_as(data, named)
    if encoding:
        return _decode_as(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if _looks_western(data):
            raise UserProblem(_UNCLEAR) from None
        return _decode_as(data, "gb18030")


_UNCLEAR = tr_noop(
    "The file's encoding is neither UTF-8 nor GB18030. Save it as UTF-8, or name its encoding "
    "with --encoding. Nothing was imported."
)


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (ValueError, LookupError) as error:  # codecs have errors of their own, all ValueErrors
        raise UserProblem(_UNCLEAR) from error


def _looks_western(data: bytes) -> bool:
    """Whether most characters would be rare Chinese ones, as when ü stands before a Latin letter.

    In Chinese text nearly every character is one of GB 2312, whose second byte is above 0xA0;
    in Western text of one byte a letter the byte after an accented letter is a Latin one.
    """
    common = rare = 0
    position = 0
    while position < len(data) - 1:
        if data[position] <= _ASCII_MAX:
            position += 1
            continue
        if _COMMON_TRAIL_MIN <= data[position + 1] <= _LEAD_MAX:
            common += 1
        else:
            rare += 1
        position += 2
    return rare > common


def _bytes_of(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > FILE_BYTES_MAX:
            raise UserProblem(
                tr_noop("{file} holds {many} MB; at most {most} MB are imported at once."),
                file=file.name, many=size // 1024**2, most=FILE_BYTES_MAX // 1024**2,
            )  # fmt: skip
        return file.read_bytes()
    except OSError as error:
        raise UserProblem(
            tr_noop("{file} cannot be read ({detail})."),
            file=str(file),
            detail=error.strerror or type(error).__name__,
        ) from error


def _closing(text: str) -> str:
    return _END if text.endswith("\n") else f"\n{_END}"


def _sniff(text: str, knows: Callable[[str], bool]) -> str:
    """The delimiter that makes most of the header's words known; of equals, most columns."""

    def merit(delimiter: str) -> tuple[int, int]:
        first = next(_rows(text, delimiter), None)
        words: Sequence[str] = first.cells if first is not None else ()
        return sum(knows(word) for word in words), len(words)

    return max(DELIMITERS, key=merit)


def _rows(text: str, delimiter: str) -> Iterator[SourceRow]:
    # The default limit of 128 KiB a cell would stop the whole file; ours is said for the one row.
    csv.field_size_limit(FILE_BYTES_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield SourceRow(reader.line_num, tuple(cells))
    except csv.Error as error:
        raise UserProblem(
            tr_noop("Line {line} cannot be read ({detail}). Nothing was imported."),
            line=reader.line_num,
            detail=str(error),
        ) from error
