"""Where things lie on this machine: profiles in the user's folder, policy in the machine's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

APPLICATION = "crm-desktop"


def default_profile() -> Path:
    """The profile that is used where none is named: in the OS's user data folder."""
    # platformdirs costs a few milliseconds, which a named profile need not pay.
    import platformdirs

    return platformdirs.user_data_path(APPLICATION, appauthor=False) / "profile"


def machine_policy() -> Path:
    """The file in which a company's IT states its policy; a user cannot write there."""
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / APPLICATION / "policy.json"
    if sys.platform == "darwin":
        return Path("/Library/Application Support") / APPLICATION / "policy.json"
    return Path("/etc") / APPLICATION / "policy.json"


def make_private_folder(folder: Path) -> Path:
    """The folder, made for this user's eyes alone where it does not exist."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
