"""What a profile notes beside its database survives a crash and holds no secret."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from crm_core.errors import Unavailable, UserProblem
from crm_core.ids import DeviceId, RecordId
from crm_desktop import policy, settings, writing
from crm_desktop.settings import Settings

NANCY = Settings(
    "https://crm.example", "acme", "nancy", RecordId("1" * 32), DeviceId("2" * 32),
    "passphrase", "3" * 32,
)  # fmt: skip


def test_settings_come_back(tmp_path: Path) -> None:
    assert settings.load(tmp_path) is None
    settings.save(tmp_path, NANCY)
    assert settings.load(tmp_path) == NANCY


def test_settings_are_their_owners_alone(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("the folder's own rights protect it there")
    settings.save(tmp_path, NANCY)
    assert stat.S_IMODE((tmp_path / settings.FILE).stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.save(tmp_path, NANCY)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Unavailable, match="the disk is full"):
        writing.write_atomically(tmp_path / settings.FILE, b"{}")
    assert settings.load(tmp_path) == NANCY
    assert [file.name for file in tmp_path.iterdir()] == [settings.FILE]


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_text("{")
    with pytest.raises(UserProblem, match="damaged"):
        settings.load(tmp_path)


def test_a_machine_without_policy_has_the_default(tmp_path: Path) -> None:
    assert policy.read(tmp_path / "policy.json") == policy.Policy(key_escrow="on")


def test_a_policy_is_obeyed_and_what_is_unknown_in_it_ignored(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"server_url":"https://crm.example","key_escrow":"off","later":1}')
    assert policy.read(file) == policy.Policy("https://crm.example", "off")


def test_a_policy_with_an_unknown_word_is_named_not_guessed(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"key_escrow":"perhaps"}')
    with pytest.raises(UserProblem, match=r"policy\.json"):
        policy.read(file)
