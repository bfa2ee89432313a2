"""Every combination of session and demand against an independent model of the specification.

The model below is written from the sentences of the specification, one flat decision per error, and shares no code
with the rules.
"""

import itertools
from functools import cache

import pytest

from idp.admission.rules import Admit, Ask, Demand, FaceDemand, FaceOutcome, Progress, Refuse, Standing, next_step
from idp.proofing.rules import Level

NOW = 1_800_000_000
SESSIONS = [
    None,
    *(
        (ial, aal, age, reach, (0, 0))
        for ial, aal, age, reach in itertools.product((1, 3), (1, 2, 3), (0, 30, 4000), (1, 2, 3))
        if reach >= aal and (age == 30 or reach == 2)
    ),
    *itertools.product((1, 3), (1,), (30,), (2,), [(0, 2), (2, 2)]),
]
"""(ial, aal, seconds since authentication, aal within reach, (el, el within reach))"""
MINIMA = [(0, 0), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1), (1, 3)]
ACRS = [
    (),
    ("urn:tongban:aal:1",),
    ("urn:tongban:aal:2",),
    ("urn:tongban:ial:2",),
    ("urn:tongban:ial:2:aal:2",),
    ("urn:tongban:ial:3",),
    ("urn:tongban:ial:4", "urn:tongban:aal:2"),
    ("urn:tongban:ial:3:aal:2", "urn:tongban:ial:1"),
    ("https://refeds.org/profile/mfa",),
    ("urn:tongban:aal:3",),
    ("urn:tongban:el:2",),
    ("urn:tongban:el:3", "urn:tongban:aal:2"),
]
MAX_AGES = [None, 0, 60]
PROMPTS = [frozenset(p) for p in ((), ("none",), ("login",), ("consent",), ("login", "consent"))]
PROGRESS = list(itertools.product((False, True), (False, True), (False, True)))


@cache
def wants(value):
    """(ial, aal, el) of an acr value, or None for a foreign one."""
    if not value.startswith("urn:tongban:"):
        return None
    words = value.split(":")[2:]
    found = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    return found.get("ial", 0), found.get("aal", 0), found.get("el", 0)


def at_least(truth, wanted):
    return all(have >= need for have, need in zip(truth, wanted, strict=True))


def model(session, minimum, acr, essential, max_age, prompt, consent_needed, done):
    """(kind, detail): ("page", step) | ("error", code) | ("code", acr)."""
    authenticated, consented, declined = done
    silent = "none" in prompt

    def page(step, error):
        return ("error", error) if silent else ("page", step)

    if session is None:
        return page("sign-in", "login_required")
    ial, aal, age, attainable, (el, el_reach) = session
    truth, reach = (ial, aal, el), (max(ial, 2), attainable, el_reach)
    minimum = (*minimum, 0)

    def raising(wanted):
        if el < wanted[2]:
            return page("represent", "account_selection_required")
        return page("prove" if ial < wanted[0] else "strengthen", "interaction_required")

    must_sign_in = "login" in prompt or (max_age is not None and (max_age == 0 or age > max_age))
    if must_sign_in and not authenticated:
        return page("sign-in", "login_required")
    if not at_least(truth, minimum):
        if at_least(reach, minimum) and not declined:
            return raising(minimum)
        return ("error", "unmet_authentication_requirements")
    known = [w for w in map(wants, acr) if w]
    if acr and not any(at_least(truth, w) for w in known):
        reachable = [w for w in known if at_least(reach, w)]
        if essential and not reachable:
            return ("error", "unmet_authentication_requirements")
        if reachable:
            if declined:
                return ("error", "unmet_authentication_requirements")
            return raising(reachable[0])
    if not consented and ("consent" in prompt or consent_needed):
        return page("consent", "consent_required")
    met = [value for value in acr if wants(value) and at_least(truth, wants(value))]
    return ("code", met[0] if met else f"urn:tongban:ial:{ial}:aal:{aal}")


@cache
def demanded(minimum, acr, essential, max_age, prompt, consent_needed):
    return Demand(
        client_id="c",
        minimum=Level(*minimum),
        acr=acr,
        acr_essential=essential,
        max_age=max_age,
        prompts=prompt,
        consent=frozenset({"phone"}) if consent_needed else frozenset(),
    )


@cache
def standing_in(session):
    if session is None:
        return None
    ial, aal, age, within, (el, reach) = session
    return Standing(
        party_id="p",
        auth_time=NOW - age,
        level=Level(ial, aal, el),
        attainable=Level(max(ial, 2), within, reach),
        agreed=True,
    )


@cache
def progressed(authenticated, consented, declined):
    return Progress(authenticated=authenticated, consented=consented, declined=declined)


def decided(session, minimum, acr, essential, max_age, prompt, consent_needed, done):
    demand = demanded(minimum, acr, essential, max_age, prompt, consent_needed)
    decision = next_step(demand, standing_in(session), progressed(*done), now=NOW)
    if isinstance(decision, Ask):
        return ("page", decision.step.value)
    if isinstance(decision, Refuse):
        return ("error", decision.refusal.value)
    return ("code", decision.acr)


@pytest.mark.parametrize(
    "prompt",
    [PROMPTS[0], *(pytest.param(prompt, marks=pytest.mark.exhaustive) for prompt in PROMPTS[1:])],
    ids=lambda p: "+".join(sorted(p)) or "no prompt",
)
@pytest.mark.parametrize("minimum", MINIMA, ids=str)
def test_every_combination_of_session_and_demand_is_decided_as_the_specification_says(minimum, prompt):
    tried = 0
    for case in itertools.product(SESSIONS, ACRS, (False, True), MAX_AGES, (False, True), PROGRESS):
        session, acr, essential, max_age, consent_needed, done = case
        asked = (session, minimum, acr, essential, max_age, prompt, consent_needed, done)
        assert decided(*asked) == model(*asked), asked
        tried += 1
    assert tried == len(SESSIONS) * len(ACRS) * 2 * len(MAX_AGES) * 2 * len(PROGRESS)


def _standing(**changes):
    known = {"party_id": "p", "auth_time": NOW, "level": Level(1, 1), "attainable": Level(1, 2), "agreed": True}
    return Standing(**(known | changes))


def test_a_hint_about_another_person_asks_to_sign_in_and_then_refuses():
    demand = Demand(client_id="c", party_id="somebody else")
    first = next_step(demand, _standing(), Progress(), now=NOW)
    assert isinstance(first, Ask)
    assert (first.step, first.refusal) == ("sign-in", "login_required")
    again = next_step(demand, _standing(), Progress(authenticated=True), now=NOW)
    assert isinstance(again, Refuse)
    assert again.refusal == "login_required"


def test_changed_agreements_come_before_levels_and_consent():
    demand = Demand(client_id="c", minimum=Level(1, 2), consent=frozenset({"phone"}))
    decision = next_step(demand, _standing(agreed=False), Progress(), now=NOW)
    assert isinstance(decision, Ask)
    assert decision.step == "agreements"


def test_consent_once_given_for_these_scopes_is_not_asked_again():
    demand = Demand(client_id="c", consent=frozenset({"phone"}))
    assert isinstance(
        next_step(demand, _standing(consented=frozenset({"phone", "email"})), Progress(), now=NOW), Admit
    )


def face_model(granted, essential, ial, declined, came, silent):
    """What becomes of a request for a face check of whom nothing else is asked."""

    def page(step):
        return ("error", "interaction_required") if silent else ("page", step)

    if came == "passed":
        return ("code", None)
    if essential:
        if not granted:
            return ("error", "unmet_authentication_requirements")
        if came == "not_passed":
            return ("error", "access_denied")
        if came == "used_up":
            return ("error", "temporarily_unavailable")
        if ial >= 2:
            return page("face")
        return ("error", "unmet_authentication_requirements") if declined else page("prove")
    return page("face") if granted and ial >= 2 and came is None else ("code", None)


@pytest.mark.parametrize("came", [None, *FaceOutcome])
def test_a_face_check_comes_last_and_each_way_it_can_go_has_its_answer(came):
    for case in itertools.product((False, True), (False, True), (1, 2, 3), (False, True), (False, True)):
        granted, essential, ial, declined, silent = case
        prompts = frozenset({"none"} if silent else ())
        demand = Demand(client_id="c", prompts=prompts, face=FaceDemand("m", essential, granted))
        who = _standing(level=Level(ial, 1), attainable=Level(max(ial, 2), 2))
        decision = next_step(demand, who, Progress(declined=declined, face=came), now=NOW)
        found = ("code", None)
        if not isinstance(decision, Admit):
            found = ("page", decision.step) if isinstance(decision, Ask) else ("error", decision.refusal)
        assert found == face_model(granted, essential, ial, declined, came, silent), case
    demand = Demand(client_id="c", consent=frozenset({"phone"}), face=FaceDemand("m", True, True))
    assert next_step(demand, _standing(level=Level(2, 1)), Progress(face=came), now=NOW).step == "consent"
