"""What lies in the repository holds on every machine."""

import re
import warnings

import pytest

from tests.house_rules.source import ROOT, repository_texts, sources

LINES_GUIDE = 400

# Written so that this file does not find itself.
REGISTRIES = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|deb\.debian|security\.debian)[.](?:org|com)\b"
)
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:root|work|home/[a-z]\w*|Users/[A-Za-z]\w*)/\w")


def test_no_file_names_a_registry() -> None:
    """Which registry to ask is the machine's own setting; a lock file must work behind a mirror."""
    assert not [name for name, text in repository_texts() if REGISTRIES.search(text)]


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in repository_texts()
        if (match := MACHINE_PATHS.search(text))
    ]
    assert not found


def test_the_changelog_has_room_for_the_next_line() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.filterwarnings("default::UserWarning")
def test_long_files_are_mentioned() -> None:
    """A guide, not a gate: a file this long usually hides a second idea."""
    for source in sources():
        if "/versions/" in source.name or source.name.endswith("/created.py"):
            continue  # written by a tool
        lines = len((ROOT / source.name).read_text("utf-8").splitlines())
        if lines > LINES_GUIDE:
            warnings.warn(f"{source.name} has {lines} lines", stacklevel=1)
