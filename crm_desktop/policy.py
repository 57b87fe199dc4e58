"""What the company's IT decides for every profile of a machine: only what is in force now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from crm_core.errors import UNREADABLE, UserProblem
from crm_core.i18n import tr_noop


class Policy(msgspec.Struct, frozen=True):
    """`server_url` is offered where no server is named. `key_escrow` off: the server keeps no copy
    of the database key, and a lost passphrase loses unsent work. `offline_days`: after so many days
    without the server a profile opens only to who signs in; 0 never asks for that."""

    server_url: str = ""
    key_escrow: Literal["on", "off"] = "on"
    offline_days: Annotated[int, msgspec.Meta(ge=0)] = 30


def read(file: Path) -> Policy:
    """The policy of this machine; where there is no such file, the default."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Policy)
    except FileNotFoundError:
        return Policy()
    except (OSError, *UNREADABLE) as error:
        raise UserProblem(
            tr_noop("The policy file {file} cannot be read ({detail}); please ask your IT."),
            file=str(file),
            detail=str(error)[:200],
        ) from error
