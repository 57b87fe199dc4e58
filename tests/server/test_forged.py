"""Forged ids, numbers and tokens on both stores: refused by name, and without a trace."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId
from crm_core.values import instant_of
from crm_core.wire import (
    PULL_ITEM_DECODER,
    End,
    Hello,
    PullRequest,
    PushRequest,
    PushResponse,
    RefreshRequest,
    SignInResponse,
    encode,
)
from crm_desktop.sync.session import DeviceKey
from tests.fuzz.company import DEVICE_KEY, NOW, Answer, Company, device_of
from tests.server.forging import (
    BOBS,
    OWN,
    PARK,
    PULL,
    PUSH,
    REFRESH,
    edit,
    epoch_of,
    fresh,
    pushed,
    raw_change,
    raw_push,
    refusal,
)

# Ids


@pytest.mark.parametrize(
    "record",
    ["", "x", "0" * 31 + "A", f"{OWN[:8]}-{OWN[8:]}", f"{OWN} ", f"{OWN}0", "\0" * 32, "a\0"],
)
def test_what_is_no_id_is_malformed_and_is_kept_nowhere(company: Company, record: str) -> None:
    assert pushed(company, edit(record, name="X")) == "request.malformed"
    changeset = ChangeSet(ChangeSetId(record), (edit(OWN, name="X"),))
    request = encode(PushRequest(epoch_of(company), 1, (changeset, changeset)))
    for _ in range(2):
        answer = company.ask_as("ann", PUSH, request)
        found = msgspec.json.decode(answer.body, type=PushResponse)
        assert [part.changes[0].code for part in found.results] == ["request.malformed"] * 2
    with company.organisations.open("acme").service.store.read() as tx:
        assert tx.row("SELECT 1 FROM applied WHERE length(cs_id) <> 32") is None
        assert tx.row("SELECT 1 FROM parked WHERE length(id) <> 32") is None


@pytest.mark.parametrize("kind", ["", "Account", "a\0", "x" * 5000, "no such"])
def test_what_is_no_kind_is_malformed(company: Company, kind: str) -> None:
    change = Change(kind, fresh(), Op.INSERT, {"name": "X"})
    assert pushed(company, change) == "request.malformed"


def test_a_kind_of_a_later_version_is_refused_by_name(company: Company) -> None:
    change = Change("spaceship", fresh(), Op.INSERT, {"name": "X"})
    assert pushed(company, change) == "kind.unknown"


def test_a_record_of_another_organisation_is_none(company: Company) -> None:
    theirs = fresh()
    signed = company.sign_in("bob", "other")
    change = Change("account", theirs, Op.INSERT, {"name": "Theirs"})
    request = PushRequest(
        epoch_of(company, "other"), 1, (ChangeSet(ChangeSetId(fresh()), (change,)),)
    )
    bearer = (("authorization", f"Bearer {signed.access_token}"),)
    assert b'"applied"' in company.ask("POST", PUSH, encode(request), bearer).body
    assert pushed(company, edit(theirs, name="Mine")) == pushed(company, edit(fresh(), name="Mine"))
    token = company.signed["ann"].access_token
    history = company.ask(
        "GET", f"/sync/v1/history/account/{theirs}", headers=(("authorization", f"Bearer {token}"),)
    )
    assert refusal(history) == (404, "record.not_found")


def test_anothers_changeset_id_is_forged_and_tells_nothing(company: Company) -> None:
    taken = ChangeSetId(fresh())
    secret = Change("account", fresh(), Op.INSERT, {"name": "Bob's"})
    company.signed.setdefault("bob", company.sign_in("bob"))
    body = encode(PushRequest(epoch_of(company), 1, (ChangeSet(taken, (secret,)),)))
    assert b'"applied"' in company.ask_as("bob", PUSH, body).body
    mine = encode(PushRequest(epoch_of(company), 1, (ChangeSet(taken, (edit(OWN, name="X"),)),)))
    answer = company.ask_as("ann", PUSH, mine)
    found = msgspec.json.decode(answer.body, type=PushResponse).results[0]
    assert [(x.result, x.code) for x in found.changes] == [("rejected", "changeset.forged")]
    assert secret.id.encode() not in answer.body


@pytest.mark.parametrize("device", ["", "x", "a\0", "\0" * 32, "A" * 32])
def test_what_is_no_device_is_not_there_to_be_withdrawn(company: Company, device: str) -> None:
    answer = company.ask_as("ann", "/devices/v1/withdraw", encode({"device": device}))
    assert refusal(answer) == (404, "device.not_found")


# Numbers


@pytest.mark.parametrize("gen", [0, 1, 2, 7, 2**31, 2**63 - 1])
def test_no_generation_shows_what_its_keys_never_showed(company: Company, gen: int) -> None:
    assert pushed(company, edit(BOBS, name="X"), scope_gen=gen) == "record.not_found"


def test_a_base_above_all_that_was_given_out_is_forged(company: Company) -> None:
    for seq in (2**31, 2**62, 2**63 - 1):
        assert pushed(company, edit(OWN, base_seq=seq, name="X")) == "changeset.forged"


@pytest.mark.parametrize(
    "number", ["-1", "9223372036854775808", "1e30", "1.5", "1" * 5000, '"1"', "null"]
)
def test_numbers_that_no_counter_reaches_are_malformed(company: Company, number: str) -> None:
    for name in ("n", "schema", "scope_gen"):
        assert refusal(raw_push(company, "", **{name: number})) == (400, "request.malformed")
    change = raw_change(base_seq=number)
    assert refusal(raw_push(company, change)) == (400, "request.malformed")
    for name in ("cursor", "resume_hi", "scope_gen", "schema"):
        body = f'{{"{name}":{number}}}'.encode()
        assert refusal(company.ask_as("ann", PULL, body)) == (400, "request.malformed")


@pytest.mark.parametrize(
    "claim",
    [{"cursor": 2**40}, {"cursor": 2**63 - 1}, {"cursor": 1, "resume_hi": 2**50, "resume": "g"}],
)
def test_a_device_that_claims_too_much_starts_over(company: Company, claim: dict[str, int]) -> None:
    request = encode({"epoch": epoch_of(company), "scope_gen": 1, **claim})
    answer = company.ask_as("ann", PULL, request)
    first, *_, last = map(PULL_ITEM_DECODER.decode, answer.body.splitlines())
    assert isinstance(first, Hello)
    assert isinstance(last, End)
    assert OWN.encode() in answer.body
    assert BOBS.encode() not in answer.body


def test_a_resume_token_that_is_none_hides_and_shows_nothing(company: Company) -> None:
    whole = PullRequest(epoch_of(company), cursor=0)
    for resume in ("", "zz", "\0", "f" * 5000, BOBS):
        claim = PullRequest(epoch_of(company), resume=resume, resume_hi=1)
        answer = company.ask_as("ann", PULL, encode(claim))
        ends = [
            PULL_ITEM_DECODER.decode(x.body.splitlines()[-1])
            for x in (answer, company.ask_as("ann", PULL, encode(whole)))
        ]
        assert ends[0] == ends[1]
        assert BOBS.encode() not in answer.body.replace(encode(resume), b"")


# Tokens


def ping(company: Company, value: str) -> tuple[int, str]:
    answer = company.ask("GET", "/ping", headers=(("authorization", value),))
    return (answer.status, "") if answer.status == 200 else refusal(answer)


NONE_ALG = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."


def test_no_spelling_of_a_token_but_its_own_is_good(company: Company) -> None:
    good = company.signed["ann"].access_token
    assert ping(company, f"Bearer {good}") == (200, "")
    slug, _, secret = good.partition(".")
    forged = (
        good.upper(), f"{slug}.", f".{secret}", secret, f"{slug}.{secret}=", f" {good}",
        f"{good} x", f"{good},{good}", f"other.{secret}", f"../{slug}.{secret}",
        f"{slug}\x1f.{secret}", NONE_ALG, f"{slug}.{NONE_ALG}", f"{slug}.%",
        f"{slug}.' OR 1=1 --", "x" * 60_000, "\xff\xfe.\xff",
    )  # fmt: skip
    for value in forged:
        assert ping(company, f"Bearer {value}") == (401, "auth.required"), value
    for scheme in ("Basic", "Token", "", "Bearer Bearer"):
        assert ping(company, f"{scheme} {good}") == (401, "auth.required"), scheme


def test_a_token_is_good_for_one_thing_in_one_organisation(company: Company) -> None:
    signed = company.signed["ann"]
    assert ping(company, f"Bearer {signed.refresh_token}") == (401, "auth.required")
    assert refusal(refreshed(company, signed.access_token, signed.device_id)) == (
        401,
        "auth.required",
    )
    theirs = company.sign_in("ann", "other").refresh_token.replace("other.", "acme.", 1)
    assert refusal(refreshed(company, theirs, signed.device_id)) == (401, "auth.required")


def refreshed(
    company: Company, token: str, device: str, *, key: DeviceKey = DEVICE_KEY, signed: str = ""
) -> Answer:
    at = instant_of(NOW)
    signature = key.sign((signed or token) + at)
    return company.ask("POST", REFRESH, encode(RefreshRequest(token, device, at, signature)))


def test_a_refresh_of_another_device_key_or_text_is_refused(company: Company) -> None:
    made = company.sign_in("cat")
    token, device = made.refresh_token, made.device_id
    for answer in (
        refreshed(company, token, device_of("ann")),
        refreshed(company, token, device, key=DeviceKey("24" * 32)),
        refreshed(company, token, device, signed=f"{token}x"),
    ):
        assert refusal(answer) == (401, "auth.required")
    for signature in ("", "zz", "00" * 64, "ff" * 5000, "é"):
        request = RefreshRequest(token, device, instant_of(NOW), signature)
        assert refusal(company.ask("POST", REFRESH, encode(request))) == (401, "auth.required")
    assert refreshed(company, token, device).status == 200


def test_a_refresh_replayed_after_its_successor_was_used_is_a_clone(company: Company) -> None:
    made = company.sign_in("cat")
    answer = refreshed(company, made.refresh_token, made.device_id)
    second = msgspec.json.decode(answer.body, type=SignInResponse).refresh_token
    assert refreshed(company, second, made.device_id).status == 200
    replayed = refreshed(company, made.refresh_token, made.device_id)
    assert refusal(replayed) == (401, "device.clone")


def test_ended_tokens_and_withdrawn_devices_are_out(company: Company) -> None:
    signed = company.sign_in("cat")
    bearer = f"Bearer {signed.access_token}"
    store = company.organisations.open("acme").service.store
    late = instant_of(NOW - dt.timedelta(seconds=1))
    with store.note() as tx:
        tx.run("UPDATE device SET revoked_at=? WHERE id=?", (late, signed.device_id))
    assert ping(company, bearer) == (403, "device.revoked")
    parked = company.ask("POST", PARK, b"work", (("authorization", bearer),))
    assert parked.status == 200
    with store.note() as tx:
        tx.run("UPDATE token SET expires_at=? WHERE device=?", (late, signed.device_id))
    assert ping(company, bearer) == (401, "auth.required")
    answer = refreshed(company, signed.refresh_token, signed.device_id)
    assert refusal(answer) == (401, "auth.required")
