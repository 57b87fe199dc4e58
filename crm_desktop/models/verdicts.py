"""The server's verdict on a step, as it is kept with the step."""

from __future__ import annotations

import msgspec

from crm_core.wire import ChangeResult, ChangeSetResult

_VERDICT = msgspec.json.Decoder(ChangeSetResult)


def parts_of(verdict: str | None) -> tuple[ChangeResult, ...]:
    """What became of each part of a step; none while there is no verdict."""
    return _VERDICT.decode(verdict).changes if verdict else ()
