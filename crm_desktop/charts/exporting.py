"""A chart into a file: .png .svg .pdf as a picture, .csv as its numbers, each with its words."""

from __future__ import annotations

import csv
import errno
import io
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from crm_core.errors import Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.charts.drawing import write_pages, write_picture
from crm_desktop.i18n import tr
from crm_desktop.insight.chart import Chart, Form
from crm_desktop.insight.phrases import foot_words
from crm_desktop.transfer.cells import guard

ENDINGS = (".png", ".svg", ".pdf", ".csv")


def write(chart: Chart, out: Path) -> None:
    """Write a chart by the ending of the file; raises UserProblem and Unavailable."""
    check_ending(out)
    with _replaced(out) as file:
        _WRITERS[out.suffix.lower()](chart, file)


def write_board(charts: Sequence[Chart], out: Path) -> None:
    """Write charts into one PDF, a page each; raises Unavailable."""
    with _replaced(out) as file:
        write_pages(list(charts), file)


def picture(chart: Chart) -> bytes:
    """A chart with its words as PNG."""
    made = io.BytesIO()
    write_picture(chart, made, "png")
    return made.getvalue()


def numbers(chart: Chart) -> str:
    """The numbers of a chart as lines with tabs, as spreadsheets paste them."""
    lines = ([guard(x) if isinstance(x, str) else x for x in line] for line in rows(chart))
    return "\n".join("\t".join("" if x is None else str(x) for x in line) for line in lines)


def check_ending(out: Path) -> None:
    """Raise UserProblem unless a chart can be written so."""
    if out.suffix.lower() not in ENDINGS:
        raise UserProblem(
            tr_noop(
                "Charts of the form '{suffix}' cannot be written; name a file that ends in .png, "
                ".svg, .pdf or .csv."
            ),
            suffix=out.suffix,
        )


def _write_csv(chart: Chart, file: Path) -> None:
    """The words, then a table: one row a label, one column a series. UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.writer(text)
    for line in ((chart.title, chart.finding), (chart.filters,), foot_words(chart)):
        writer.writerow([guard(word) for word in line])
    writer.writerow([])
    for line in rows(chart):
        writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in line])
    file.write_text("\ufeff" + text.getvalue(), "utf-8", newline="")


Cell = str | float | int | None


def rows(chart: Chart) -> list[list[Cell]]:
    """The numbers of a chart as a table with its heading."""
    if chart.form is Form.CURVE:
        return _points(chart)
    if chart.form is Form.GRID:
        heading: list[Cell] = ["", *(mark.label for mark in chart.series[0].marks)]
        return [
            heading,
            *([row.name, *(_plain(m.value) for m in row.marks)] for row in chart.series),
        ]
    heading = [tr("Label"), *(_heading(chart, n) for n in range(len(chart.series)))]
    columns = zip(*(series.marks for series in chart.series), strict=True)
    return [heading, *([x[0].label, *(_plain(mark.value) for mark in x)] for x in columns)]


def _points(chart: Chart) -> list[list[Cell]]:
    table: list[list[Cell]] = [[tr("Class"), tr("Accounts %"), tr("Revenue %")]]
    for series in chart.series:
        table.extend([mark.label, _plain(mark.at), _plain(mark.value)] for mark in series.marks)
    return table


def _heading(chart: Chart, position: int) -> str:
    series = chart.series[position]
    unit = {"money": chart.currency, "percent": "%", "days": tr("days")}.get(series.unit.value, "")
    return series.name if not unit or unit in series.name else f"{series.name} ({unit})"


def _plain(value: float | None) -> float | int | None:
    """A number without the dust of floating point; whole ones without a point."""
    if value is None:
        return None
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


_WRITERS: Mapping[str, Callable[[Chart, Path], None]] = {
    ".png": lambda chart, file: write_picture(chart, file, "png"),
    ".svg": lambda chart, file: write_picture(chart, file, "svg"),
    ".pdf": lambda chart, file: write_picture(chart, file, "pdf"),
    ".csv": _write_csv,
}


@contextmanager
def _replaced(out: Path) -> Generator[Path]:
    """A new file in the place of `out`, once it is written whole; raises Unavailable."""
    try:
        made = out.with_name(f".chart-{secrets.token_hex(8)}")
        made.touch(exist_ok=False)  # with the rights of any new file here, unlike a temporary one
        try:
            yield made
            made.replace(out)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refusal(out, error) from error


_REASONS: Mapping[int, str] = {
    errno.EACCES: tr_noop(
        "{file} cannot be written: you have no right to write there, or another program has it "
        "open. Choose another place or name."
    ),
    errno.ENOSPC: tr_noop(
        "{file} cannot be written: the disk is full. Free some space, or choose another disk."
    ),
    errno.EISDIR: tr_noop("{file} cannot be written: a folder has that name. Choose another name."),
    errno.ENOENT: tr_noop("{file} cannot be written: there is no folder {folder}."),
    errno.ENAMETOOLONG: tr_noop("{file} cannot be written: the name is too long."),
}
_SAME = {
    errno.EPERM: errno.EACCES, errno.EROFS: errno.EACCES, errno.EDQUOT: errno.ENOSPC,
    errno.ENOTEMPTY: errno.EISDIR, errno.EEXIST: errno.EISDIR, errno.ENOTDIR: errno.ENOENT,
}  # fmt: skip


def _refusal(out: Path, error: OSError) -> Unavailable:
    """Why a file was not written, and what helps; what was there before stays as it was."""
    number = errno.EISDIR if out.is_dir() else error.errno or 0
    reason = _REASONS.get(_SAME.get(number, number))
    if reason is None:
        detail = error.strerror or type(error).__name__
        return Unavailable(
            tr_noop("{file} cannot be written ({detail}). Nothing was changed."),
            file=str(out), detail=detail,
        )  # fmt: skip
    return Unavailable(reason, file=out.name, folder=str(out.parent))
