"""Looks for planted words in clear while a process works: in files, and in what it holds open.

The process is stopped again and again, looked at, and let go on. Looked at are all files below some
folders, and whatever it or its children have open for writing or have removed already
(/proc/PID/fd), in each encoding in which a text might be written.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LATIN, CHINESE = "Quisquiliarum Zwölfender", "欧阳蘑菇缫丝厂"
WORDS = (LATIN, CHINESE)
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
NEEDLES = tuple({word.encode(encoding) for word in WORDS for encoding in ENCODINGS})

RUNS_S = 0.01
"""How long it runs between two looks."""

FILES_EVERY = 6
"""Files with names stay: they are read less often than what may be gone in a moment."""

WITHIN_S = 100.0


@dataclass(slots=True)
class Watched:
    """What was seen of a process: where a word stood in clear, how often it was looked at, and how
    many files and descriptors; `code` is how it ended."""

    found: set[str] = field(default_factory=set[str])
    looks: int = 0
    files: int = 0
    handles: int = 0
    code: int = -1
    said: str = ""


def watch(
    command: Sequence[str], folders: Sequence[Path], *, env: Mapping[str, str], stdin: str = "",
) -> Watched:  # fmt: skip
    """Run a command to its end and look for the planted words meanwhile, and once more behind it.
    Its temporary folder has to be one of `folders`."""
    seen = Watched()
    process = subprocess.Popen(
        command, env={**env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    process.stdin.write(stdin.encode())
    process.stdin.close()
    known: dict[Path, tuple[int, int]] = {}
    ends_at, said = time.monotonic() + WITHIN_S, b""
    try:
        while process.poll() is None:
            assert time.monotonic() < ends_at, f"{command} does not end"
            time.sleep(RUNS_S)
            said += process.stdout.read() or b""
            with _standing_still(process.pid):
                if seen.looks % FILES_EVERY == 0:
                    _look_at_files(seen, folders, known)
                seen.looks += 1
                for pid in _family(process.pid):
                    _look_at_handles(seen, pid, folders)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    said += process.stdout.read() or b""
    process.stdout.close()
    _look_at_files(seen, folders, {})
    seen.code, seen.said = process.returncode, said.decode(errors="replace")
    return seen


@contextlib.contextmanager
def _standing_still(group: int) -> Iterator[None]:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)


def _look_at_files(
    seen: Watched, folders: Sequence[Path], known: dict[Path, tuple[int, int]]
) -> None:
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                told = path.stat()
                state = (told.st_mtime_ns, told.st_size)
                if not path.is_file() or known.get(path) == state:
                    continue
                known[path] = state
                seen.files += 1
                _judge(seen, path.read_bytes(), str(path))


def _look_at_handles(seen: Watched, pid: int, folders: Sequence[Path]) -> None:
    """What a process has open to write elsewhere, and what has no name any more."""
    for handle in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            told, target = handle.stat(), str(handle.readlink())
            if not stat.S_ISREG(told.st_mode) or not told.st_size:
                continue
            is_listed = any(handle.readlink().is_relative_to(folder) for folder in folders)
            if not told.st_nlink or (not is_listed and _is_for_writing(pid, handle.name)):
                seen.handles += 1
                _judge(seen, handle.read_bytes(), f"{target} (open)")


def _is_for_writing(pid: int, number: str) -> bool:
    told = Path(f"/proc/{pid}/fdinfo/{number}").read_text()
    (flags,) = (line.split()[1] for line in told.splitlines() if line.startswith("flags:"))
    return bool(int(flags, 8) & os.O_ACCMODE)


def _judge(seen: Watched, content: bytes, where: str) -> None:
    if any(needle in content for needle in NEEDLES):
        seen.found.add(where)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                yield from _family(int(child))
