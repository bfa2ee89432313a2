"""Passkeys: each rule of Web Authentication 3 that a relying party keeps, against an authenticator in software."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.credentials.passkey import MOST, Asked, Denied, Passkey, Passkeys, Proved, Purpose, remove
from idp.credentials.relying_party import RelyingParty
from idp.credentials.rules import Refusal
from idp.db import Database, Statement
from idp.state.sql import DatabaseStore
from tests.credentials.authenticator import ORIGIN, PRESENT, VERIFIED, Authenticator, decoded
from tests.credentials.conftest import add_person
from tests.credentials.racing import CIPHER, NOW

REFUSED = Refusal.PASSKEY_REFUSED
EXPIRED = Refusal.PASSKEY_EXPIRED


class Bench:
    """The person ``pty_1`` with one authenticator, in browser ``b``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.passkeys = Passkeys(DatabaseStore(database), CIPHER, RelyingParty(issuer=ORIGIN, name="通办"))
        self.device = Authenticator()

    def ask_registration(self, party_id: str = "pty_1") -> Asked:
        with self.database.transaction() as tx:
            ceremony = self.passkeys.registration(tx, party_id=party_id, label="138****8000")
        return self.passkeys.hold(ceremony, Purpose.REGISTER, browser="b", party_id=party_id)

    def finish(self, asked: Asked, response: str, *, party_id: str = "pty_1", browser: str = "b") -> Passkey | Denied:
        challenge = self.passkeys.redeem(asked.key, Purpose.REGISTER, browser=browser, party_id=party_id)
        with self.database.transaction() as tx:
            return self.passkeys.register(
                tx, challenge, party_id=party_id, response=response, name="我的手机", now=NOW
            )

    def register(self, party_id: str = "pty_1") -> Passkey:
        asked = self.ask_registration(party_id)
        made = self.finish(asked, self.device.create(asked.options), party_id=party_id)
        assert isinstance(made, Passkey)
        return made

    def ask(self, party_id: str | None = None) -> Asked:
        if party_id is None:
            return self.passkeys.hold(self.passkeys.anybody(), Purpose.SIGN_IN, browser="b")
        with self.database.transaction() as tx:
            ceremony = self.passkeys.this_person(tx, party_id=party_id)
        return self.passkeys.hold(ceremony, Purpose.CONFIRM, browser="b", party_id=party_id)

    def answer(
        self, asked: Asked, response: str, *, browser: str = "b", party_id: str | None = None
    ) -> Proved | Denied:
        purpose = Purpose.CONFIRM if party_id else Purpose.SIGN_IN
        challenge = self.passkeys.redeem(asked.key, purpose, browser=browser, party_id=party_id)
        with self.database.transaction() as tx:
            return self.passkeys.answer(tx, challenge, response=response, party_id=party_id, now=NOW + 60)

    def sign_in(self) -> Proved | Denied:
        asked = self.ask()
        return self.answer(asked, self.device.get(asked.options))


@pytest.fixture
def bench(database: Database, person_here: str) -> Bench:
    return Bench(database)


def reason(outcome: object) -> Refusal:
    assert isinstance(outcome, Denied)
    return outcome.reason


def test_a_passkey_tells_who_is_there(any_database: Database, person: str) -> None:
    bench = Bench(any_database)
    made = bench.register()
    assert bench.sign_in() == Proved(person, made.id)
    with any_database.transaction() as tx:
        assert bench.passkeys.of_party(tx, person) == [replace(made, last_used_at=NOW + 60)]


def test_the_options_ask_for_a_discoverable_key_whose_user_is_verified_and_no_attestation(bench: Bench) -> None:
    asked = json.loads(bench.ask_registration().options)
    assert asked["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert (asked["attestation"], asked["rp"]) == ("none", {"id": "localhost", "name": "通办"})
    assert asked["excludeCredentials"] == []
    made = bench.register()
    again = json.loads(bench.ask_registration().options)
    assert [decoded(one["id"]) for one in again["excludeCredentials"]] == [bench.device.held[0].id]
    sign_in = json.loads(bench.ask().options)
    assert (sign_in["userVerification"], sign_in["allowCredentials"]) == ("required", [])
    assert len(decoded(sign_in["challenge"])) >= 16
    assert made.id


def test_the_user_handle_is_random_and_the_same_for_all_passkeys_of_a_person(bench: Bench) -> None:
    add_person(bench.database, "pty_2")
    handles = [
        json.loads(bench.ask_registration(party).options)["user"]["id"] for party in ("pty_1",) * 2 + ("pty_2",)
    ]
    assert handles[0] == handles[1] != handles[2]
    assert b"pty_1" not in decoded(handles[0])
    assert len(decoded(handles[0])) <= 64


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"origin": "http://elsewhere.localhost:8000"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"cross_origin": True},
    ],
    ids=str,
)
def test_an_answer_of_another_site_or_without_a_verified_user_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    bench.register()
    right, bench.device = bench.device, replace(bench.device, **wrong)
    assert reason(bench.sign_in()) is REFUSED
    asked = bench.ask_registration()
    assert reason(bench.finish(asked, bench.device.create(asked.options))) is REFUSED
    bench.device = right
    assert isinstance(bench.sign_in(), Proved)


def test_a_key_of_another_relying_party_is_refused(bench: Bench) -> None:
    bench.register()
    bench.device.held[0].rp_id = "elsewhere.localhost"
    assert reason(bench.sign_in()) is REFUSED
    asked = bench.ask_registration()
    options = json.loads(asked.options)
    options["rp"]["id"] = "elsewhere.localhost"
    assert reason(bench.finish(asked, bench.device.create(json.dumps(options)))) is REFUSED


def test_a_challenge_is_answered_once_in_its_browser_for_its_purpose_and_person(bench: Bench) -> None:
    bench.register()
    add_person(bench.database, "pty_2")
    asked = bench.ask()
    response = bench.device.get(asked.options)
    assert reason(bench.answer(asked, response, browser="another")) is EXPIRED
    assert reason(bench.answer(asked, response, party_id="pty_1")) is EXPIRED
    assert isinstance(bench.answer(asked, response), Proved)
    assert reason(bench.answer(asked, response)) is EXPIRED
    confirm = bench.ask("pty_1")
    response = bench.device.get(confirm.options)
    assert reason(bench.answer(confirm, response)) is EXPIRED
    assert reason(bench.answer(confirm, response, party_id="pty_2")) is EXPIRED
    assert isinstance(bench.answer(confirm, response, party_id="pty_1"), Proved)
    registration = bench.ask_registration()
    made = bench.device.create(registration.options)
    assert reason(bench.finish(registration, made, party_id="pty_2")) is EXPIRED
    assert reason(bench.finish(registration, made, browser="another")) is EXPIRED
    assert isinstance(bench.finish(registration, made), Passkey)
    assert reason(bench.finish(registration, made)) is EXPIRED


def test_the_answer_to_another_challenge_is_refused_and_uses_this_one_up(bench: Bench) -> None:
    bench.register()
    first, second = bench.ask(), bench.ask()
    assert reason(bench.answer(first, bench.device.get(second.options))) is REFUSED
    assert reason(bench.answer(first, bench.device.get(first.options))) is EXPIRED


def test_a_counter_that_does_not_grow_is_refused_and_one_that_stays_zero_is_not(bench: Bench) -> None:
    made = bench.register()
    assert isinstance(bench.sign_in(), Proved)
    bench.device.held[0].count = 0
    copied = bench.sign_in()
    assert copied == Denied(Refusal.PASSKEY_COPIED, "pty_1")
    bench.device.held[0].count = 7
    assert bench.sign_in() == Proved("pty_1", made.id)
    bench.device.counts, bench.device.held[0].count = False, 0
    assert reason(bench.sign_in()) is Refusal.PASSKEY_COPIED, "it counted before"
    synchronised = Bench(bench.database)
    synchronised.device.counts = False
    synchronised.register()
    assert [isinstance(synchronised.sign_in(), Proved) for _ in range(3)] == [True] * 3


def test_the_handle_must_be_the_owners_and_may_be_left_out_only_where_the_person_is_known(bench: Bench) -> None:
    bench.register()
    for party, handle, accepted in (
        (None, b"somebody else", False),
        (None, None, False),
        ("pty_1", b"somebody else", False),
        ("pty_1", None, True),
    ):
        asked = bench.ask(party)
        outcome = bench.answer(asked, bench.device.get(asked.options, handle=handle), party_id=party)
        assert isinstance(outcome, Proved) is accepted


def test_a_passkey_of_somebody_else_does_not_confirm(bench: Bench) -> None:
    add_person(bench.database, "pty_2")
    bench.register("pty_2")
    bench.register("pty_1")
    asked = bench.ask("pty_1")
    assert [decoded(one["id"]) for one in json.loads(asked.options)["allowCredentials"]] == [bench.device.held[1].id]
    theirs = bench.device.get(asked.options, used=bench.device.held[0])
    assert reason(bench.answer(asked, theirs, party_id="pty_1")) is REFUSED


def test_a_wrong_signature_is_refused(bench: Bench) -> None:
    bench.register()
    asked = bench.ask()
    answer = json.loads(bench.device.get(asked.options))
    answer["response"]["signature"] = answer["response"]["signature"][:-6] + "AAAAAA"
    assert reason(bench.answer(asked, json.dumps(answer))) is REFUSED


Answer = dict[str, Any]
JUNK: tuple[Any, ...] = ("", "AAAA", "W1tbW1tbW1tb", 5, ["x"], "gYGBgYGB" * 400)


def _with(name: str, value: Any) -> Callable[[Answer], Any]:
    return lambda answer: answer | {"response": answer["response"] | {name: value}}


def _without(name: str) -> Callable[[Answer], Any]:
    return lambda answer: answer | {"response": {k: v for k, v in answer["response"].items() if k != name}}


SPOILED: list[Callable[[Answer], Any]] = [
    lambda _: "",
    lambda _: [],
    lambda _: {},
    lambda answer: answer | {"id": 7},
    lambda answer: answer | {"rawId": "ÿ"},
    lambda answer: answer | {"rawId": "AAAA"},
    lambda answer: answer | {"type": "password"},
    lambda answer: answer | {"response": None},
    _without("clientDataJSON"),
    *(_with("clientDataJSON", value) for value in JUNK),
]


@pytest.mark.parametrize(
    "spoil",
    [
        *SPOILED,
        *(_without(name) for name in ("authenticatorData", "signature", "userHandle")),
        *(_with(name, value) for name in ("authenticatorData", "signature", "userHandle") for value in JUNK),
    ],
)
def test_what_is_no_answer_is_refused_without_a_fault(bench: Bench, spoil: Callable[[Answer], Any]) -> None:
    bench.register()
    asked = bench.ask()
    spoiled = spoil(json.loads(bench.device.get(asked.options)))
    assert reason(bench.answer(asked, json.dumps(spoiled))) is REFUSED


@pytest.mark.parametrize(
    "spoil",
    [*SPOILED, _without("attestationObject"), *(_with("attestationObject", value) for value in JUNK)],
)
def test_what_is_no_new_key_is_refused_without_a_fault(bench: Bench, spoil: Callable[[Answer], Any]) -> None:
    asked = bench.ask_registration()
    spoiled = spoil(json.loads(bench.device.create(asked.options)))
    assert reason(bench.finish(asked, json.dumps(spoiled))) is REFUSED


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "\0", '{"id":1e999}', "null"])
def test_what_is_no_json_is_refused_without_a_fault(bench: Bench, text: str) -> None:
    bench.register()
    assert reason(bench.answer(bench.ask(), text)) is REFUSED
    assert reason(bench.finish(bench.ask_registration(), text)) is REFUSED


def test_an_identifier_of_a_key_that_somebody_has_is_refused(bench: Bench) -> None:
    add_person(bench.database, "pty_2")
    bench.register()
    asked = bench.ask_registration("pty_2")
    response = Authenticator().create(asked.options, named=bench.device.held[0].id)
    assert reason(bench.finish(asked, response, party_id="pty_2")) is Refusal.PASSKEY_KNOWN
    assert isinstance(bench.sign_in(), Proved)


def test_nobody_has_more_than_twenty(bench: Bench) -> None:
    for _ in range(MOST):
        bench.register()
    asked = bench.ask_registration()
    assert reason(bench.finish(asked, bench.device.create(asked.options))) is Refusal.PASSKEY_TOO_MANY


def test_names_are_sealed_and_changed_by_their_owner_alone(bench: Bench) -> None:
    made = bench.register()
    add_person(bench.database, "pty_2")
    with bench.database.transaction() as tx:
        assert not bench.passkeys.rename(tx, party_id="pty_2", passkey_id=made.id, name="x")
        assert not remove(tx, party_id="pty_2", passkey_id=made.id)
        assert bench.passkeys.rename(tx, party_id="pty_1", passkey_id=made.id, name="工作电脑")
        assert [one.name for one in bench.passkeys.of_party(tx, "pty_1")] == ["工作电脑"]
        assert "工作电脑".encode() not in tx.all(Statement("SELECT name FROM passkey", bytes))[0]
        assert remove(tx, party_id="pty_1", passkey_id=made.id)
    assert reason(bench.sign_in()) is REFUSED


def test_a_passkey_of_an_account_that_is_not_active_signs_nobody_in(bench: Bench) -> None:
    bench.register()
    with bench.database.transaction() as tx:
        tx.run(Statement[Any]("UPDATE party SET status = 'closed'"))
    assert reason(bench.sign_in()) is REFUSED
