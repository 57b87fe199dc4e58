"""The server's key, kept outside the database, and what is sealed with it (security.md §4)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop

KEY_VARIABLE = "CRM_SERVER_KEY"
KEY_BYTES = 32
NONCE_BYTES = 12


def server_key(folder: Path) -> bytes:
    """The key from the environment, else from a file that only its owner may read; made if new."""
    named = os.environ.get(KEY_VARIABLE)
    if named:
        return _parse(named, KEY_VARIABLE)
    path = folder / "server.key"
    if not path.exists():
        _write_new(path, secrets.token_hex(KEY_BYTES))
    return _parse(path.read_text("ascii").strip(), str(path))


def _write_new(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process was faster; its key holds
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")


def _parse(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserProblem(
            tr_noop("The server key in {source} is not 64 hexadecimal digits."), source=source
        )
    return key


def seal(key: bytes, secret: bytes, label: str) -> bytes:
    """Encrypt a secret so that it opens only under the same label."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, label.encode())


def unseal(key: bytes, sealed: bytes, label: str) -> bytes | None:
    """The secret, or None where key or label are others."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], label.encode())
    except (InvalidTag, ValueError):
        return None
