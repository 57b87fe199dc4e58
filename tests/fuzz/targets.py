"""What is fuzzed, by name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import received, served
from tests.fuzz.watching import Attack, watched


@dataclass(frozen=True)
class Target:
    """One decoder. `make` prepares it in a folder; `is_json` says how its input is best mutated;
    `corpus` names the target whose recorded messages it shares; `needs_postgres` that it attacks a
    PostgreSQL server."""

    make: Callable[[Path, ExitStack], Attack]
    is_json: bool = True
    corpus: str = ""
    needs_postgres: bool = False


TARGETS: Mapping[str, Target] = {
    "push": Target(served.push),
    "push-postgres": Target(served.push_postgres, corpus="push", needs_postgres=True),
    "pull": Target(served.pull),
    "sign-in": Target(served.sign_in),
    "refresh": Target(served.refresh),
    "token": Target(served.token, is_json=False),
    "body": Target(served.body, is_json=False),
    "path": Target(served.path, is_json=False),
    "question": Target(served.question),
    "question-postgres": Target(served.question_postgres, corpus="question", needs_postgres=True),
    "file": Target(served.file, is_json=False),
    "events": Target(served.events, is_json=False),
    "loaded": Target(served.loaded),
    "pulled": Target(received.pulled),
    "shown": Target(received.shown, corpus="pulled"),
    "pushed": Target(received.pushed),
    "answers": Target(received.answers),
    "files": Target(received.files),
    "hints": Target(received.hints, is_json=False),
    "http-answer": Target(received.http_answer, is_json=False),
    "table": Target(received.table, is_json=False),
    "profile": Target(received.profile),
}


@contextmanager
def attack_on(name: str, folder: Path) -> Generator[Attack]:
    """The attack on a target, ready and watched."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as end:
        yield watched(TARGETS[name].make(folder, end))
