"""Bad input and bad days: each gets its sentence and exit code, and loses nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from crm_desktop.models import connection, store
from crm_desktop.profile import open_profile
from tests.e2e.people import (
    FAILED,
    NOT_REACHABLE,
    PASSPHRASE,
    PASSPHRASE_VARIABLE,
    SIGNED_OUT,
    Desk,
    World,
    as_process,
)
from tests.e2e.processes import CRM_DESKTOP, Ran, free_port, run
from tests.e2e.server import Server

pytestmark = pytest.mark.parametrize("store", ["sqlite"])


def sentence(ran: Ran) -> str:
    """The one clear line that a failing command owes."""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran
    assert "Traceback" not in ran.err
    return lines[0]


@pytest.fixture
def rep(world: World) -> Desk:
    """A representative with one synchronised account and one unsent edit."""
    (desk,) = world.people("rep")
    account = desk.add("account", name="Galería del gastrónomo", phone="93-1")
    desk.sync()
    desk.set("account", account, phone="93-2")
    return desk


def nothing_is_lost(desk: Desk) -> bool:
    """The unsent edit is still there, and goes through."""
    (account,) = desk.ids("account")
    assert desk.show("account", account)["phone"] == "93-2"
    assert desk.status()["pending"] == 1
    return desk.sync()["pushed"] == 1


def test_a_wrong_password_is_named(world: World, rep: Desk) -> None:
    said = sentence(rep.sign_in(world.server.url, password="guess", code=SIGNED_OUT))
    assert "password" in said
    assert nothing_is_lost(rep)


def test_an_unknown_server_is_named(world: World, rep: Desk, tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    newcomer = Desk(rep.login, tmp_path / "new", rep.door)
    said = sentence(newcomer.sign_in(f"http://{nobody}", code=NOT_REACHABLE))
    assert "127.0.0.1" in said


def test_another_person_cannot_sign_in_to_a_profile(world: World, rep: Desk) -> None:
    (other,) = world.people("rep")
    intruder = Desk(other.login, rep.profile, rep.door)
    assert rep.login in sentence(intruder.sign_in(world.server.url, code=FAILED))
    assert nothing_is_lost(rep)


def test_a_server_that_is_away_changes_nothing(own_world: World) -> None:
    (desk,) = own_world.people("rep")
    desk.add("account", name="Godos Cocina Típica")
    own_world.server.stop()
    sentence(desk.run("sync", code=NOT_REACHABLE))
    assert desk.status()["pending"] == 1
    own_world.server.serve()
    assert desk.sync()["pushed"] == 1


@pytest.fixture
def self_signed(own_world: World, tmp_path: Path) -> Server:
    """The same organisation behind a certificate that nobody vouches for."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    own_world.server.stop()
    own_world.server.serve("--tls-cert", str(certificate), "--tls-key", str(key), scheme="https")
    return own_world.server


def write_certificate(certificate: Path, key: Path) -> None:
    """A certificate for the loopback address, signed by itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(pem)


def test_a_certificate_that_nobody_vouches_for_is_refused(
    self_signed: Server, tmp_path: Path
) -> None:
    desk = Desk("anybody", tmp_path / "profile", as_process)
    said = sentence(desk.sign_in(self_signed.url.replace("http:", "https:"), code=NOT_REACHABLE))
    assert "certificate" in said.lower()


def test_a_locked_database_says_so_and_keeps_what_it_has(
    world: World, rep: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 200)  # a person waits for five seconds
    (account,) = rep.ids("account")
    with contextlib.closing(open_profile(rep.profile, PASSPHRASE)) as other:
        other.store.write.run("BEGIN IMMEDIATE")
        ran = rep.run("set", "account", account, "phone=93-3", code=NOT_REACHABLE)
        other.store.write.run("ROLLBACK")
    sentence(ran)
    assert nothing_is_lost(rep)


def database_of(desk: Desk) -> Path:
    """The encrypted file of a device."""
    (file,) = desk.profile.glob("*.db")
    return file


@pytest.mark.parametrize("offset", [0, 16384])
def test_a_damaged_database_says_so(rep: Desk, offset: int) -> None:
    database = database_of(rep)
    whole = database.read_bytes()
    with database.open("r+b") as file:
        file.seek(offset)
        file.write(os.urandom(len(whole) - offset))
    sentence(rep.run("list", "account", code=FAILED))
    database.write_bytes(whole)
    assert nothing_is_lost(rep)


def test_a_wrong_passphrase_is_named(rep: Desk) -> None:
    words = ["--profile", str(rep.profile), "list", "account"]
    ran = run([CRM_DESKTOP, *words], env={PASSPHRASE_VARIABLE: "another"})
    assert ran.code == FAILED
    assert "passphrase" in sentence(ran).lower()
    assert nothing_is_lost(rep)


needs_mounts = pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0
    if shutil.which("unshare")
    else True,
    reason="no mount namespace of one's own: a full disk cannot be made here",
)


@needs_mounts
def test_a_full_disk_says_so_and_keeps_what_it_has(rep: Desk, tmp_path: Path) -> None:
    (account,) = rep.ids("account")
    full, after = tmp_path / "full", tmp_path / "after"
    full.mkdir()
    script = (
        'mount -t tmpfs -o size=64m none "$1" && cp -a "$2/." "$1/" || exit 99\n'
        'dd if=/dev/zero of="$1/ballast" bs=1k 2>/dev/null\n'
        '"$4" --profile "$1" set account "$5" "website=https://full.example"\n'
        'code=$?\nrm "$1/ballast"; cp -a "$1/." "$3/"; exit $code\n'
    )
    after.mkdir()
    words = [str(full), str(rep.profile), str(after), CRM_DESKTOP, account]
    ran = run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *words], env={PASSPHRASE_VARIABLE: PASSPHRASE}
    )
    assert ran.code == NOT_REACHABLE, ran
    assert "disk" in sentence(ran).lower()
    assert nothing_is_lost(Desk(rep.login, after, rep.door))


def test_no_file_of_a_profile_shows_a_customers_name(rep: Desk) -> None:
    for file in rep.profile.rglob("*"):
        if file.is_file():
            assert "gastrónomo".encode() not in file.read_bytes(), file


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_off_decides_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Hungry Owl", phone="2967-1")
    rep.sync()
    lead.sync()
    lead.set("account", account, phone="2967-2")
    lead.sync()
    with monkeypatch.context() as patch:
        off = dt.timedelta(days=365 * years)
        patch.setattr(store, "utc_now", lambda: dt.datetime.now(dt.UTC) + off)
        patch.setitem(store.Store.open.__func__.__kwdefaults__ or {}, "clock", store.utc_now)
        rep.set("account", account, website="https://owl.example")
        assert rep.sync()["verified"] is True
        rep.set("account", account, phone="2967-3")
        assert rep.sync()["conflicts"] == 0
    lead.sync()
    shown = lead.show("account", account)
    assert (shown["phone"], shown["website"]) == ("2967-3", "https://owl.example")
    assert rep.conflicts(account) == lead.conflicts(account) == []


def test_a_database_of_a_newer_version_is_left_alone(rep: Desk) -> None:
    with contextlib.closing(open_profile(rep.profile, PASSPHRASE)) as profile:
        ours = profile.store.write.value("PRAGMA user_version")
        profile.store.write.run("PRAGMA user_version=9999")
        assert "newer" in sentence(rep.run("list", "account", code=FAILED))
        profile.store.write.run(f"PRAGMA user_version={ours}")
    assert nothing_is_lost(rep)
