"""Commands that make, upgrade, verify and run the server."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import SYSTEM
from crm_server.admin.session import Answer, Commands, Session, command
from crm_server.blobs import SIZE_VARIABLE, TOTAL_VARIABLE
from crm_server.checking import check_store
from crm_server.load import load
from crm_server.migrate import migrate
from crm_server.organisations import SUFFIX
from crm_server.people import set_password
from crm_server.reporting import rebuild_reports
from crm_server.room import make_room

SLUG_MAX = 40
PORT = 8765
STOP_WITHIN_S = 10


def add_commands(commands: Commands) -> None:
    """Declare init, migrate, check, serve and demo."""
    init = command(commands, "init", _init, "make a new organisation and print its short name")
    init.add_argument("--organisation", required=True, metavar="NAME")
    init.add_argument("--slug", default="", help="its short name; made from NAME unless given")
    command(commands, "migrate", _migrate, "bring all organisations' tables up to this version")
    command(commands, "check", _check, "verify the store")
    command(commands, "demo", _demo, "make the demo company and print its logins")
    serve = command(commands, "serve", _serve, "run the server")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=PORT)
    serve.add_argument("--workers", type=int, default=1, metavar="N")
    serve.add_argument("--tls-cert", default=None, metavar="FILE")
    serve.add_argument("--tls-key", default=None, metavar="FILE")
    serve.add_argument("--behind-proxy", action="store_true", help="a proxy in front does TLS")
    serve.add_argument(
        "--insecure-public", action="store_true", help="serve a public address without TLS"
    )
    serve.add_argument(
        "--metrics-token-file", metavar="FILE",
        help="whoever names this token may read /metrics; without it, this machine may",
    )  # fmt: skip
    serve.add_argument(
        "--file-size", type=int, default=0, metavar="MB", help="the largest attached file"
    )
    serve.add_argument(
        "--files-total", type=int, default=0, metavar="GB",
        help="all attached files of an organisation together; as much as the disk has unless given",
    )  # fmt: skip
    serve.add_argument("--api-docs", action="store_true", help="serve /openapi.json")


def slug_of(name: str) -> str:
    """The short name of an organisation: pinyin, small letters, digits and dashes."""
    from pypinyin import lazy_pinyin  # half a second of dictionaries

    spelled = "-".join(lazy_pinyin(name))
    slug = re.sub(r"[^a-z0-9]+", "-", spelled.lower()).strip("-")[:SLUG_MAX].strip("-")
    if not slug:
        raise UserProblem(
            tr_noop("'{name}' yields no short name; give one with --slug."), name=name[:60]
        )
    return slug


def _init(session: Session, options: argparse.Namespace) -> Answer:
    slug = options.slug or slug_of(options.organisation)
    session.organisations.create(options.organisation, slug)
    return Answer(slug, {"organisation": options.organisation, "slug": slug})


def _migrate(session: Session, options: argparse.Namespace) -> Answer:
    done: dict[str, int] = {}
    for slug in session.organisations.slugs():
        store = session.organisations.store(slug)
        done[slug] = migrate(store)
        rebuild_reports(store)
    words = "\n".join(f"{slug}: version {version}" for slug, version in done.items())
    return Answer(words, done)


def _check(session: Session, options: argparse.Namespace) -> Answer:
    there = session.organisation
    report = check_store(there.service.store)
    problems = (*report.problems, *there.blobs.problems())
    if problems:
        raise UserProblem(
            tr_noop("The store is not in order: {problems}"), problems="; ".join(problems)
        )
    words = f"in order: {report.records} records, seq {report.seq}"
    return Answer(words, {"records": report.records, "seq": report.seq, "problems": []})


def _demo(session: Session, options: argparse.Namespace) -> Answer:
    from crm_server import demo

    there = session.organisations.create(demo.NAME, demo.SLUG)
    load(there.service, demo.company(session.organisations.clock().astimezone().date()), SYSTEM)
    hashed = session.organisations.passwords.hash(demo.PASSWORD)
    logins = [found.login for found in demo.logins()]
    for found in demo.logins():
        set_password(there.service, found.login, found.user, hashed)
    words = f"{demo.SLUG}: {', '.join(logins)} (password: {demo.PASSWORD})"
    return Answer(words, {"slug": demo.SLUG, "logins": logins, "password": demo.PASSWORD})


def _serve(session: Session, options: argparse.Namespace) -> None:
    _check_address(options)
    if options.workers > 1 and not session.database_url:
        raise UserProblem(
            tr_noop("{workers} processes need PostgreSQL: give --database-url, or --workers 1."),
            workers=options.workers,
        )
    os.environ[SIZE_VARIABLE] = str(options.file_size)
    os.environ[TOTAL_VARIABLE] = str(options.files_total)
    session.organisations.check_versions()
    if not session.database_url:
        for slug in session.organisations.slugs():
            make_room(session.data / f"{slug}{SUFFIX}")
    signal.signal(signal.SIGTERM, _end_cleanly)
    _tell_workers(session, options)
    if options.workers == 1:
        _run(session, options)
        return
    with tempfile.TemporaryDirectory(prefix="crm-figures-") as shared:
        os.environ[SHARED_VARIABLE] = shared
        _run(session, options)


SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Of prometheus_client: where the processes keep what they count, so that each tells all of it."""


def _tell_workers(session: Session, options: argparse.Namespace) -> None:
    from crm_server import access, http, logs

    token = os.environ.get(access.TOKEN_VARIABLE, "")
    if options.metrics_token_file:
        token = Path(options.metrics_token_file).read_text().strip()
        if not token:
            raise UserProblem(tr_noop("{file} is empty."), file=options.metrics_token_file)
    os.environ.update({
        http.DATA_VARIABLE: str(session.data),
        http.URL_VARIABLE: session.database_url,
        http.DOCS_VARIABLE: "1" if options.api_docs else "",
        access.TOKEN_VARIABLE: token,
        access.PROXY_VARIABLE: "1" if options.behind_proxy else "",
        logs.LEVEL_VARIABLE: "INFO" if options.verbose else "WARNING",
        logs.FORMAT_VARIABLE: options.log_format,
    })  # fmt: skip


def _run(session: Session, options: argparse.Namespace) -> None:
    import uvicorn

    from crm_server.http import create_app, readers_from_environment, spare_the_collector

    several = options.workers > 1
    app = create_app(
        session.organisations, api_docs=options.api_docs, readers=readers_from_environment()
    )
    spare_the_collector()
    print(f"serving on {options.host}:{options.port}", file=sys.stderr, flush=True)
    uvicorn.run(
        "crm_server.http:from_environment" if several else app,
        factory=several,
        host=options.host,
        port=options.port,
        workers=options.workers if several else None,
        http="h11",  # it bounds what a request's head may hold (adr/0051)
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        proxy_headers=options.behind_proxy,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


def _end_cleanly(_signal: int, _frame: FrameType | None) -> None:
    """uvicorn raises the signal again after it has ended well."""
    raise SystemExit(0)


def _check_address(options: argparse.Namespace) -> None:
    if bool(options.tls_cert) != bool(options.tls_key):
        raise UserProblem(tr_noop("TLS needs both --tls-cert and --tls-key."))
    if options.tls_cert or options.behind_proxy or _is_loopback(options.host):
        return
    if not options.insecure_public:
        raise UserProblem(
            tr_noop(
                "{host} is a public address without TLS, where passwords travel in clear. Give"
                " --tls-cert and --tls-key, or --behind-proxy, or say --insecure-public."
            ),
            host=options.host,
        )
    print(f"WARNING: {options.host} is served without TLS.", file=sys.stderr, flush=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
