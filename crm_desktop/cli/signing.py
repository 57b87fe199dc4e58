"""login, logout, sync, status: this profile and its server."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop
from crm_desktop import profile as profiles
from crm_desktop import signing
from crm_desktop.cli.desk import Desk, Json, ask
from crm_desktop.cli.outcome import Exit, Usage
from crm_desktop.i18n import tr
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Parked
from crm_desktop.models.store import Store
from crm_desktop.profile import Profile
from crm_desktop.settings import load

CLOCK_OFF_S_MAX = 15 * 60
"""A clock further off than this is worth a remark: times of visits will look wrong."""


def login(desk: Desk) -> Exit:
    """Sign in; the profile is made where there is none."""
    password = _password(desk)
    if desk.arguments.start_over:
        _start_over(desk)
    try:
        opened = _sign_in(desk, password)
    except profiles.PassphraseNeeded:
        if not sys.stdin.isatty():
            raise
        desk.passphrase = ask(tr("Passphrase: "))
        opened = _sign_in(desk, password)
    try:
        settings = opened.settings
        _remark_on_the_clock(desk, opened)
        if opened.was_copied:
            desk.remark(
                tr(
                    "This installation was copied; from now on it is a device of its own. Your "
                    "unsent work is here and will be sent."
                )
            )
        desk.answer(
            {
                "server": settings.server, "organisation": settings.organisation,
                "login": settings.login, "user": settings.user, "device": settings.device,
                "key": settings.key_kept, "copied": opened.was_copied,
            },
            [tr("Signed in as {login} at {server}.", login=settings.login, server=settings.server)],
        )  # fmt: skip
    finally:
        opened.close()
    return Exit.DONE


def _sign_in(desk: Desk, password: str) -> Profile:
    arguments = desk.arguments
    wanted = signing.Credentials(
        arguments.server, arguments.organisation, arguments.user, password,
        forgot=arguments.forgot_passphrase,
    )  # fmt: skip
    return signing.sign_in_with(arguments.folder, wanted, desk.passphrase)


def _start_over(desk: Desk) -> None:
    """What lies here is given up, by its user's own word."""
    settings = load(desk.arguments.folder)
    if settings is not None:
        signing.start_over(desk.arguments.folder, settings)
        desk.remark(
            tr("What was here cannot be read any more; everything is fetched from the server.")
        )


def _password(desk: Desk) -> str:
    if desk.arguments.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if sys.stdin.isatty():
        return ask(tr("Password: "))
    raise Usage(tr_noop("Give the password with --password-stdin."))


def _remark_on_the_clock(desk: Desk, opened: Profile) -> None:
    offset_s = int(opened.store.meta(profiles.META_CLOCK_OFFSET) or 0)
    if abs(offset_s) > CLOCK_OFF_S_MAX:
        desk.remark(
            tr(
                "The clock of this computer is {minutes} minutes away from the server's; please "
                "set it. Nothing is lost: the order of changes does not hang on clocks.",
                minutes=abs(offset_s) // 60,
            )
        )


def logout(desk: Desk) -> Exit:
    """End the sign-in here at once, and at the server where it can be reached."""
    with desk.profile() as opened:
        told = True
        try:
            signing.sign_out(opened)
        except Unavailable:
            told = False
        desk.answer(
            {"login": opened.settings.login, "server_told": told},
            [
                tr("Signed out. All data and unsent work stay here."),
                *([] if told else [tr("The server could not be told; its side ends by itself.")]),
            ],
        )
    return Exit.DONE


def sync(desk: Desk) -> Exit:
    """One full synchronisation; what was done before a failure is kept."""
    from crm_desktop.beside import second_file
    from crm_desktop.sync.file_calls import FileCalls
    from crm_desktop.sync.file_runner import FileRunner, with_files
    from crm_desktop.sync.last_run import remember
    from crm_desktop.sync.runner import Runner
    from crm_desktop.sync.telling import tell_refusals

    with desk.profile() as opened:
        runner = Runner(Outbox(opened.store), opened.session).with_second(second_file(opened))
        run = with_files(runner, FileRunner(opened.files, FileCalls(opened.session)))
        remember(opened.store, run.failure, opened.store.now())
        if run.withdrawn:
            signing.leave_for_good(opened, run.left)
        if run.failure is not None:
            raise run.failure
        tell_refusals(opened.store, opened.session)
        report = run.report.as_json()
        desk.answer(
            report,
            [
                tr("Sent: {n}", n=run.report.pushed),
                tr("Received: {n}", n=run.report.pulled),
                *_waiting(run.parked),
                tr("Verified: both sides hold the same.")
                if run.report.verified
                else tr("Not verified yet."),
            ],
        )
        return Exit.WAITS_FOR_YOU if run.parked.needs_you else Exit.DONE


def _waiting(parked: Parked) -> list[str]:
    return [f"  {label}: {count}" for label, count in _parked_words(parked).items() if count]


def _parked_words(parked: Parked) -> Mapping[str, int]:
    return {
        tr("Held back by you"): parked.held,
        tr("Conflicts that wait for you"): parked.conflict,
        tr("Refused by the server"): parked.rejected,
        tr("Below something refused"): parked.blocked,
        tr("Work without a record"): parked.orphaned,
        tr("Rows that could not be taken"): parked.quarantine,
    }


def status(desk: Desk) -> Exit:
    """What may honestly be said without asking the server."""
    from crm_desktop.sync.last_run import last_run
    from crm_desktop.sync.status import State, standing

    with desk.profile() as opened:
        outbox = Outbox(opened.store)
        state, parked = outbox.state(), outbox.parked()
        ended = last_run(opened.store).failure
        stands = standing(state, parked, signed_in=opened.session.signed_in, last_run=ended)
        said: dict[str, Json] = {
            "state": stands.state.in_json,
            "cursor": state.cursor,
            "pending": parked.pending,
            "parked": parked_counts(parked, opened.store),
            "verified_at": state.verified_at or None,
            "needs_you": parked.needs_you,
        }
        verified = tr("Verified at {when}.", when=state.verified_at)
        desk.answer(
            said,
            [
                stands.words,
                tr("Changes to be sent: {n}", n=parked.pending),
                *_waiting(parked),
                verified if state.verified_at else tr("Not verified yet."),
            ],
        )
        if stands.state is State.SIGNED_OUT:
            return Exit.SIGNED_OUT
        return Exit.WAITS_FOR_YOU if parked.needs_you else Exit.DONE


def parked_counts(parked: Parked, store: Store) -> dict[str, Json]:
    """What lies aside, by kind (cli.md). Possible duplicates are a hint: nothing waits for them."""
    from crm_desktop.models.duplicates import pairs  # with its tables of pinyin

    with store.reader() as c:
        many = len(pairs(c))
    return {
        "conflict": parked.conflict,
        "rejected": parked.rejected,
        "orphaned": parked.orphaned,
        "quarantine": parked.quarantine,
        "duplicate": many,
    }
