"""Asking whether somebody may act: what is remembered, for how long, and what is no answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from adapters.departments.authority import AuthorityChecks, Checked, Question
from adapters.departments.errors import ConfigurationError, ProviderRefused, ProviderUnavailable
from adapters.departments.events import SecurityEvent
from adapters.departments.logout import LogoutNotice
from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import ClientAuthentication, ClientSettings
from adapters.departments.transport import Request, Response

from .fake_provider import HANDLE, ISSUER, START, FakeProvider
from .test_stores import a_notice

OTHER = "rep_another0000000"
ASKED = Question(subject="pw_person", action="submit", handle=HANDLE, service="hn-tax-01", amount="10.00")


@dataclass
class Provider:
    """Answers yes for 30 s until told otherwise."""

    decision: Any = True
    ttl: Any = 30
    answer: Callable[[], dict[str, Any]] | None = None
    asked: list[tuple[str, Mapping[str, Any] | None]] = field(default_factory=list)

    def ask_as_client(self, path: str, document: Mapping[str, Any] | None, *, scope: str, now: int) -> dict[str, Any]:
        assert scope == "authority.check"
        self.asked.append((path, document))
        if self.answer is not None:
            return self.answer()
        one = {"decision": self.decision, "context": {"id": "4F7Q.1", "ttl": self.ttl}}
        return (
            {"evaluations": [one for _ in document["evaluations"]]} if document and "evaluations" in document else one
        )


@pytest.fixture
def there() -> Provider:
    return Provider()


@pytest.fixture
def checks(there: Provider) -> AuthorityChecks:
    return AuthorityChecks(there, size=3)


def test_a_question_is_written_as_authzen_says() -> None:
    assert replace(ASKED, properties={"office": "7", "represented": "x"}).document == {
        "subject": {"type": "person", "id": "pw_person"},
        "action": {"name": "submit"},
        "resource": {
            "type": "service",
            "id": "hn-tax-01",
            "properties": {"represented": HANDLE, "office": "7", "amount": "10.00", "currency": "CNY"},
        },
    }


@pytest.mark.parametrize(
    "changes",
    [{"service": None}, {"theme": "tax.filing"}, {"subject": ""}, {"action": ""}, {"handle": "pty_company"}],
)
def test_what_is_no_question_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        replace(ASKED, **changes)


def test_a_yes_is_good_for_the_seconds_it_names_and_not_one_more(there: Provider, checks: AuthorityChecks) -> None:
    answer = checks.may(ASKED, now=START)
    assert answer == Checked(True, "4F7Q.1", START + 30)
    assert checks.may(ASKED, now=START + 29) == answer
    assert len(there.asked) == 1
    checks.may(ASKED, now=START + 30)
    assert len(there.asked) == 2


@pytest.mark.parametrize(
    ("decision", "ttl"), [(False, 30), (False, 0), (True, 0), (True, None), (True, -5), (True, True)]
)
def test_a_no_and_a_yes_of_no_duration_are_asked_again(
    there: Provider, checks: AuthorityChecks, decision: bool, ttl: Any
) -> None:
    there.decision, there.ttl = decision, ttl
    for _ in range(2):
        assert bool(checks.may(ASKED, now=START)) is decision
    assert len(there.asked) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "pw_other"},
        {"action": "pay"},
        {"handle": OTHER},
        {"service": "hn-tax-02"},
        {"service": None, "theme": "tax.filing"},
        {"amount": "10.01"},
        {"amount": None},
        {"currency": "USD"},
        {"properties": {"office": "7"}},
    ],
)
def test_a_yes_is_of_exactly_what_was_asked(
    there: Provider, checks: AuthorityChecks, changes: dict[str, Any]
) -> None:
    checks.may(ASKED, now=START)
    there.decision = False
    assert not checks.may(replace(ASKED, **changes), now=START)
    assert checks.may(ASKED, now=START)


def test_the_memory_is_bounded_and_the_least_used_goes_first(there: Provider, checks: AuthorityChecks) -> None:
    for action in ("view", "draft", "submit"):
        checks.may(replace(ASKED, action=action), now=START)
    checks.may(replace(ASKED, action="view"), now=START)
    checks.may(replace(ASKED, action="pay"), now=START)
    assert len(there.asked) == 4
    checks.may(replace(ASKED, action="view"), now=START)
    assert len(there.asked) == 4
    checks.may(replace(ASKED, action="draft"), now=START)
    assert len(there.asked) == 5


def test_while_the_provider_is_away_there_is_no_yes_but_what_is_good_still(
    there: Provider, checks: AuthorityChecks
) -> None:
    checks.may(ASKED, now=START)

    def away() -> dict[str, Any]:
        raise ProviderUnavailable("no answer")

    there.answer = away
    assert checks.may(ASKED, now=START + 1).permitted
    answer = checks.may(ASKED, now=START + 30)
    assert (bool(answer), answer.away) == (False, True)
    there.answer = None
    assert checks.may(ASKED, now=START + 31)


@pytest.mark.parametrize(
    "answer", [{}, {"decision": "true"}, {"decision": 1}, {"decision": True, "context": None}, {"decision": None}]
)
def test_what_cannot_be_read_is_no_answer(there: Provider, checks: AuthorityChecks, answer: dict[str, Any]) -> None:
    there.answer = lambda: answer
    found = checks.may(ASKED, now=START)
    assert (bool(found), found.away) == (False, True)


def test_an_app_that_may_not_ask_is_an_error_and_no_refusal(there: Provider, checks: AuthorityChecks) -> None:
    def refused() -> dict[str, Any]:
        raise ProviderRefused("insufficient_scope", status=403)

    there.answer = refused
    with pytest.raises(ProviderRefused):
        checks.may(ASKED, now=START)


def test_several_are_asked_at_once_and_only_what_is_missing(there: Provider, checks: AuthorityChecks) -> None:
    checks = AuthorityChecks(there)
    checks.may(ASKED, now=START)
    others = [replace(ASKED, amount=f"{n}.00") for n in range(60)]
    assert all(checks.may_each([ASKED, *others, others[0]], now=START))
    assert [len(document["evaluations"]) for _, document in there.asked[1:] if document] == [48, 11]
    assert checks.may_each([], now=START) == []


def test_fewer_answers_than_questions_are_none(there: Provider, checks: AuthorityChecks) -> None:
    there.answer = lambda: {"evaluations": [{"decision": True, "context": {"ttl": 30}}]}
    answers = checks.may_each([ASKED, replace(ASKED, action="view")], now=START)
    assert [answer.away for answer in answers] == [True, True]


def event(**says: str) -> SecurityEvent:
    return SecurityEvent(id="e", kind="k", subject="pw_nobody", happened_at=START, says=says)


@pytest.mark.parametrize(
    "happens",
    [
        lambda checks: checks.forget(handle=HANDLE),
        lambda checks: checks.hear_event(event(represented=HANDLE)),
        lambda checks: checks.hear_event(replace(event(), subject="pw_person")),
        lambda checks: checks.hear_logout(a_notice(handle=HANDLE)),
        lambda checks: checks.hear_logout(a_notice()),
    ],
)
def test_what_is_heard_of_an_acting_makes_it_ask_again(
    there: Provider, checks: AuthorityChecks, happens: Callable[[AuthorityChecks], None]
) -> None:
    checks.may(ASKED, now=START)
    other = replace(ASKED, handle=OTHER, subject="pw_other")
    checks.may(other, now=START)
    happens(checks)
    there.decision = False
    assert not checks.may(ASKED, now=START)
    assert checks.may(other, now=START)


def test_an_answer_that_was_on_its_way_when_something_was_heard_is_not_kept(there: Provider) -> None:
    checks = AuthorityChecks(there)

    def overtaken() -> dict[str, Any]:
        checks.forget(handle=HANDLE)
        return {"decision": True, "context": {"id": "1", "ttl": 30}}

    there.answer = overtaken
    assert checks.may(ASKED, now=START)  # it was true when it was given
    there.answer, there.decision = None, False
    assert not checks.may(ASKED, now=START)


def test_a_notice_of_no_subject_forgets_nothing_of_others(there: Provider, checks: AuthorityChecks) -> None:
    checks.may(ASKED, now=START)
    checks.hear_logout(a_notice(sub=None))
    checks.may(ASKED, now=START)
    assert len(there.asked) == 1


def test_the_state_of_a_mandate_is_read_and_an_unknown_one_is_none(there: Provider, checks: AuthorityChecks) -> None:
    told = {"id": "mnd_1", "state": "active", "valid_from": "2026-01-01", "valid_to": "2026-12-31", "changed_at": 7}
    there.answer = lambda: told
    found = checks.mandate_status("mnd/1", now=START)
    assert there.asked == [("/mandates/mnd%2F1/status", None)]
    assert found is not None
    assert (found.active, found.valid_to, found.changed_at) == (True, "2026-12-31", 7)

    def unknown() -> dict[str, Any]:
        raise ProviderRefused("not_found", status=404)

    there.answer = unknown
    assert checks.mandate_status("mnd_1", now=START) is None


# How an app proves itself


@dataclass
class Endpoint:
    """Behind the stand-in provider, an endpoint that takes the client's secret, or its newest token."""

    provider: FakeProvider
    statuses: list[int] = field(default_factory=list)
    tokens: int = 0
    seen: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        if request.url == f"{ISSUER}/token":
            self.tokens += 1
            assert request.form is not None
            assert (request.form["grant_type"], request.form["scope"]) == ("client_credentials", "authority.check")
            body = f'{{"access_token": "own-{self.tokens}", "token_type": "Bearer", "expires_in": 600}}'
            return Response(200, {}, body.encode())
        if not request.url.startswith(f"{ISSUER}/access"):
            return self.provider.send(request)
        self.seen.append(request.headers["Authorization"])
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            return Response(status, {}, b'{"type": "urn:tongban:problem:insufficient_scope"}')
        return Response(200, {}, b'{"decision": true, "context": {"id": "1", "ttl": 30}}')


def test_who_has_a_secret_shows_it(settings: ClientSettings, provider: FakeProvider) -> None:
    wire = Endpoint(provider)
    assert AuthorityChecks(RelyingParty(settings, wire)).may(ASKED, now=START)
    assert wire.seen[0].startswith("Basic ")
    assert wire.tokens == 0


def by_key(settings: ClientSettings) -> ClientSettings:
    from joserfc.jwk import ECKey

    pem = ECKey.generate_key("P-256").as_pem(private=True).decode()
    changes = {"authentication": ClientAuthentication.PRIVATE_KEY_JWT, "client_secret": "", "private_key": pem}
    return replace(settings, **changes)  # type: ignore[arg-type]


def test_who_has_none_shows_a_token_of_its_own_as_long_as_it_is_good(
    settings: ClientSettings, provider: FakeProvider
) -> None:
    wire = Endpoint(provider)
    checks = AuthorityChecks(RelyingParty(by_key(settings), wire))
    for now in (START, START + 100, START + 569, START + 600):
        assert checks.may(ASKED, now=now)
    assert wire.seen == ["Bearer own-1", "Bearer own-1", "Bearer own-1", "Bearer own-2"]


def test_a_token_that_is_not_taken_is_asked_for_again_once(settings: ClientSettings, provider: FakeProvider) -> None:
    wire = Endpoint(provider, statuses=[401])
    checks = AuthorityChecks(RelyingParty(by_key(settings), wire))
    assert checks.may(ASKED, now=START)
    assert wire.seen == ["Bearer own-1", "Bearer own-2"]
    wire.statuses = [401, 401]
    with pytest.raises(ProviderRefused):
        checks.may(replace(ASKED, action="pay"), now=START)


@pytest.mark.parametrize(("status", "away"), [(429, True), (500, True), (503, True), (302, True)])
def test_an_answer_that_decides_nothing_is_none(
    settings: ClientSettings, provider: FakeProvider, status: int, away: bool
) -> None:
    checks = AuthorityChecks(RelyingParty(settings, Endpoint(provider, statuses=[status])))
    assert checks.may(ASKED, now=START).away is away


def test_a_problem_is_a_refusal_with_its_name(settings: ClientSettings, provider: FakeProvider) -> None:
    checks = AuthorityChecks(RelyingParty(settings, Endpoint(provider, statuses=[403])))
    with pytest.raises(ProviderRefused, match="insufficient_scope"):
        checks.may(ASKED, now=START)


def test_the_notices_of_a_kit_without_acting_are_understood() -> None:
    assert LogoutNotice(ISSUER, "pw", None, "j", START, START + 1, "f").handle is None
