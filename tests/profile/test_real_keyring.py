"""The secrets in a real keyring: gnome-keyring behind a session bus of this test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IN_CI = os.environ.get("CI", "") not in ("", "false", "0")
NEEDED = ("dbus-run-session", "gnome-keyring-daemon")

SCRIPT = r"""
printf 'test-password\n' | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
"$0" "$1"
code=$?
# The daemon can outlive its bus for a moment: it is asked who it is, and ended.
pid=$(dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus /org/freedesktop/DBus \
  org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets \
  | sed 's/.*uint32 //')
kill "$pid"
exit $code
"""

PROGRAM = r"""
import sys
from pathlib import Path
from crm_core.wire import SignInResponse
from crm_desktop import keychain, profile, signing
from crm_desktop.policy import Policy

vault = keychain.os_vault()
assert keychain.vault_name(vault) == "SecretService", vault
user = "1" * 32
signing._ask = lambda wanted, device, secrets, escrow: SignInResponse(
    "access", "refresh", 900, user, device, "acme", "2026-11-22T08:00:00Z", "epoch", "rep"
)
folder = Path(sys.argv[0]).parent / "profile"
machine = profile.this_machine()
wanted = signing.Credentials("http://127.0.0.1:9", "", "nancy", "secret")
signing.sign_in_on(machine, folder, wanted, None).close()
opened = profile.open_profile(folder)
assert opened.settings.key_kept == "keyring"
assert not (folder / "key.wrapped").exists()
key = opened.store.key.hex()
opened.close()
for file in folder.iterdir():
    assert key.encode() not in file.read_bytes(), file
signing.destroy_key(profile.open_profile(folder))
try:
    keychain.fetch(vault, opened.settings.key_name)
except keychain.UserProblem:
    print("kept, found and forgotten")
"""


def test_a_profile_keeps_its_key_in_the_systems_keyring(tmp_path: Path) -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing and IN_CI:
        pytest.fail(f"NO KEYRING: {missing} are not installed", pytrace=False)
    if missing or sys.platform != "linux":
        pytest.skip(f"NO KEYRING: {missing} are not installed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if name != "PYTHON_KEYRING_BACKEND"}
    env |= {
        "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "XDG_RUNTIME_DIR": str(home),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }  # fmt: skip
    done = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", SCRIPT, sys.executable, str(program)],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "kept, found and forgotten" in done.stdout, done
    assert done.returncode == 0, done
