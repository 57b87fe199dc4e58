"""Forged input over HTTP, on both stores: each lie is refused by its name and leaves no trace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import count

import msgspec
import pytest
import zstandard

from crm_core.changes import CHANGES_MAX, Change, ChangeSet, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId, uuid7_from
from crm_core.values import instant_of
from crm_core.wire import (
    PULL_ITEM_DECODER,
    PUSH_BYTES_MAX,
    PUSH_CHANGESETS_MAX,
    End,
    Hello,
    Problem,
    PullRequest,
    PushRequest,
    PushResponse,
    RefreshRequest,
    SignInResponse,
    encode,
)
from crm_desktop.sync.session import DeviceKey
from crm_server import http
from crm_server.service import PARK_BYTES_MAX
from tests.fuzz.company import DEVICE_KEY, NOW, PASSWORD, Answer, Company, device_of
from tests.simulator.company import ACCOUNTS
from tests.support.postgres import Cluster

PUSH, PULL, PARK, SEALED = (f"/sync/v1/{x}" for x in ("push", "pull", "park", "sealed-key"))
SIGN_IN, REFRESH = "/auth/v1/sign-in", "/auth/v1/refresh"
OWN, BOBS = ACCOUNTS[0], ACCOUNTS[3]
_NUMBERS = count(1)


def fresh() -> RecordId:
    """An id that nobody has."""
    return uuid7_from(1, next(_NUMBERS))


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Two organisations; on PostgreSQL both in one database, behind one pool."""
    folder = tmp_path_factory.mktemp("forged") / "company"
    if request.param == "sqlite":
        made = Company(folder)
        yield made
        made.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    folder.mkdir()
    made = Company(folder, url)
    yield made
    made.close()
    cluster.drop_database(url)


def epoch_of(company: Company, slug: str = "acme") -> str:
    with company.organisations.open(slug).service.store.read() as tx:
        return tx.clock().epoch


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, msgspec.json.decode(answer.body, type=Problem).error


def pushed(company: Company, *changes: Change, who: str = "ann", **more: object) -> str:
    """What the server says of one changeset: its result, or the code of what was refused."""
    changeset = ChangeSet(ChangeSetId(fresh()), changes, **more)  # pyright: ignore[reportArgumentType]
    request = PushRequest(epoch_of(company), 1, (changeset,))
    answer = company.ask_as(who, PUSH, encode(request))
    assert answer.status == 200, answer.body
    found = msgspec.json.decode(answer.body, type=PushResponse).results[0]
    return found.changes[0].code if found.changes else found.result


def edit(record: str, *, base_seq: int = 0, **values: Value) -> Change:
    return Change("account", RecordId(record), Op.SET, values, {}, base_seq)


def raw_push(company: Company, change: str, **more: str) -> Answer:
    fields = {"id": f'"{fresh()}"', "changes": f"[{change}]", **more}
    inner = ",".join(f'"{name}":{value}' for name, value in fields.items())
    text = f'{{"epoch":"{epoch_of(company)}","schema":1,"changesets":[{{{inner}}}]}}'
    return company.ask_as("ann", PUSH, text.encode("utf-8", "surrogatepass"))


def raw_change(record: str = f'"{OWN}"', new: str = "{}", **more: str) -> str:
    fields = {"kind": '"account"', "id": record, "op": '"set"', "new": new, **more}
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


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


# Sizes


def test_what_is_too_large_is_told_with_the_name_of_the_limit(company: Company) -> None:
    company.signed["lea"] = company.sign_in("lea")
    many = (ChangeSet(ChangeSetId("0" * 32), ()),) * (PUSH_CHANGESETS_MAX + 1)
    for path, body, limit, most in (
        (PUSH, b" " * (PUSH_BYTES_MAX + 1), "push_bytes", PUSH_BYTES_MAX),
        (PUSH, encode(PushRequest("", 1, many)), "changesets", PUSH_CHANGESETS_MAX),
        (PULL, b" " * (http.ASKING.most + 1), "pull_bytes", http.ASKING.most),
        (SIGN_IN, b" " * (http.SIGN_IN.most + 1), "sign_in_bytes", http.SIGN_IN.most),
        (REFRESH, b" " * (http.SIGN_IN.most + 1), "sign_in_bytes", http.SIGN_IN.most),
        (SEALED, b" " * (http.KEY.most + 1), "key_bytes", http.KEY.most),
        (PARK, b" " * (PARK_BYTES_MAX + 1), "park_bytes", PARK_BYTES_MAX),
    ):
        packed = zstandard.compress(body)
        for sent, headers in ((body, ()), (packed, (("content-encoding", "zstd"),))):
            answer = company.ask_as("lea", path, sent, *headers)
            found = msgspec.json.decode(answer.body, type=Problem)
            assert (answer.status, found.error) == (413, "request.too_large")
            assert found.params == {"limit": limit, "most": str(most)}


def test_a_device_parks_its_share_and_refused_work_takes_none_of_it(company: Company) -> None:
    who = company.signed["lea"] = company.sign_in("lea")
    blank = "x" * (200 * 1024)
    for _ in range(28):  # 5.6 MiB of what is refused: a note on nothing
        assert pushed(company, edit(fresh(), description=blank), who="lea") == "record.not_found"
    with company.organisations.open("acme").service.store.read() as tx:
        sql = "SELECT sum(length(payload)) FROM parked WHERE device=?"
        assert PARK_BYTES_MAX // 2 < (tx.row(sql, (who.device_id,)) or (0,))[0] <= PARK_BYTES_MAX
    assert company.ask_as("lea", PARK, b"y" * (PARK_BYTES_MAX - 10)).status == 200
    answer = company.ask_as("lea", PARK, b"z" * 11)
    assert msgspec.json.decode(answer.body, type=Problem).params["limit"] == "parked_bytes"


def test_a_changeset_of_too_many_changes_is_refused_alone(company: Company) -> None:
    change = edit(OWN, name="X")
    assert pushed(company, *(change,) * (CHANGES_MAX + 1)) == "changeset.too_large"


def test_a_small_body_that_grows_is_stopped_at_its_limit(company: Company) -> None:
    bomb = zstandard.compress(bytes(1 << 28))
    wide = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    ).compress(bytes(1 << 28))
    assert len(bomb) < 64 * 1024
    for body, expected in (
        (bomb, (413, "request.too_large")), (wide, (400, "request.malformed")),
        (bomb[:-5], (413, "request.too_large")), (bomb[:20], (400, "request.malformed")),
        (b"\x28\xb5\x2f\xfd", (400, "request.malformed")), (b"", (400, "request.malformed")),
    ):  # fmt: skip
        answer = company.ask_as("ann", PUSH, body, ("content-encoding", "zstd"))
        assert refusal(answer) == expected


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd, zstd", "zstd\0", "ZSTD?", "x" * 9000])
def test_an_encoding_that_was_not_agreed_is_malformed(company: Company, encoding: str) -> None:
    answer = company.ask_as("ann", PUSH, b"\x1f\x8b", ("content-encoding", encoding))
    assert refusal(answer) == (400, "request.malformed")


# Texts


@pytest.mark.parametrize("new", ['{"name":"a\\u0000b"}', '{"custom":{"a":"\\u0000"}}'])
def test_a_nul_is_refused_by_field(company: Company, new: str) -> None:
    body = raw_push(company, raw_change(new=new)).body
    assert b'"field.invalid"' in body


@pytest.mark.parametrize("name", ['"\\u0000"', '"' + "x" * 100_000 + '"', '"a\\u0000b"'])
def test_a_name_of_no_field_is_refused_and_not_kept(company: Company, name: str) -> None:
    for _ in range(2):
        answer = raw_push(company, raw_change(new=f'{{{name}:"x"}}'))
        assert answer.status == 200
        assert b'"field.unknown"' in answer.body
    with company.organisations.open("acme").service.store.read() as tx:
        assert tx.row("SELECT 1 FROM refused WHERE length(field) > 40") is None


@pytest.mark.parametrize(
    "new", ['{"name":"\\ud800"}', '{"\\udc00":1}', '{"name":"\ud800"}', '{"name":"\\ud800\\ud800"}']
)
def test_half_a_character_is_malformed(company: Company, new: str) -> None:
    assert refusal(raw_push(company, raw_change(new=new))) == (400, "request.malformed")


@pytest.mark.parametrize("depth", [20, 1000, 100_000])
@pytest.mark.parametrize("pair", ["[]", ('{"a":', "}")])
def test_deep_nesting_is_malformed(company: Company, depth: int, pair: tuple[str, str]) -> None:
    deep = pair[0] * depth + ("" if pair[0] == "[" else "1") + pair[1] * depth
    answer = raw_push(company, raw_change(new=f'{{"custom":{deep}}}'))
    assert refusal(answer) == (400, "request.malformed")


@pytest.mark.parametrize("number", ["1e400", "NaN", "-Infinity", "1" * 400, "1.5", "1e-999999999"])
def test_a_number_that_no_store_takes_is_refused(company: Company, number: str) -> None:
    answer = raw_push(company, raw_change(new=f'{{"custom":{{"a":{number}}}}}'))
    assert answer.status == 400 or b'"field.invalid"' in answer.body


def test_of_a_key_said_twice_the_last_counts(company: Company) -> None:
    mine = fresh()
    change = raw_change(f'"{BOBS}","id":"{mine}"', '{"name":"First","name":"Last"}', op='"insert"')
    assert b'"result":"applied"' in raw_push(company, change).body
    pulled = company.ask_as("ann", PULL, encode(PullRequest()))
    assert b'"Last"' in pulled.body
    assert b'"First"' not in pulled.body


def test_a_long_unique_value_is_taken_once(company: Company) -> None:
    code = "aß世" * 10_000
    first = Change("account", fresh(), Op.INSERT, {"name": "A", "uscc": code})
    second = Change("account", fresh(), Op.INSERT, {"name": "B", "uscc": code.upper()})
    assert pushed(company, first) == "applied"
    assert pushed(company, second) == "field.taken"


@pytest.mark.parametrize(
    "word", ["login", "password", "device_id", "device_name", "os", "app_version"]
)
def test_a_sign_in_with_a_nul_is_refused(company: Company, word: str) -> None:
    request = {
        "login": "ann", "password": PASSWORD, "device_id": device_of("x"), "device_name": "L",
        "public_key": DEVICE_KEY.public_hex, "organisation": "acme",
    }  # fmt: skip
    request[word] = f"{request.get(word, '')}\0"
    assert company.ask("POST", SIGN_IN, encode(request)).status in (400, 401)


@pytest.mark.parametrize("body", [b"\xff", b'[{"id":"\xff"}]', b"[" * 100_000, b"\0"])
def test_whatever_is_parked_is_kept(company: Company, body: bytes) -> None:
    assert company.ask_as("ann", PARK, body).status == 200


# Time


def test_a_body_that_drips_is_given_up(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_SILENCE_S", 0.05)
    answer = company.ask_slowly("ann", PUSH, (b"{", b""), pause_s=0.5)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_a_body_that_drips_on_and_on_is_given_up(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BODY_S_MAX", 0.1)
    answer = company.ask_slowly("ann", PUSH, (b" ",) * 20, pause_s=0.02)
    assert answer.status == 503
