"""Work on a thread of its own whose outcome somebody waits for later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from crm_core.errors import Bug, CrmError
from crm_core.i18n import tr_noop

T = TypeVar("T")


def in_background(job: Callable[[], T], name: str) -> Future[T]:
    """Start a job; `result()` waits for what it returns, or raises what it raised. The program
    may end before it: the thread holds up nothing."""
    done: Future[T] = Future()

    def run() -> None:
        # Whoever waits hears of any end, one that nobody foresaw included.
        failure: CrmError = Bug(tr_noop("Work in the background broke off."))
        try:
            done.set_result(job())
        except CrmError as error:
            failure = error
        finally:
            if not done.done():
                done.set_exception(failure)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done
