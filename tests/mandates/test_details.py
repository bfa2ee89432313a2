"""What is granted of authorization details, whatever is asked and held."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.rules import PartyKind
from idp.mandates.details import Detail, Wrong, granted, parse_details, read_details, write_details
from idp.mandates.power import Capacity, Chain
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.themes import Service, Theme

SERVICES = ("s-1", "s-2", "s-3")
THEME = Theme(
    code="tax.filing",
    version=1,
    title={"zh": "税"},
    text={"zh": "文"},
    actions=frozenset(Action),
    principals=frozenset(PartyKind),
    agents=frozenset(PartyKind),
    services=(
        Service("s-1", {"zh": "一"}, frozenset(Action)),
        Service("s-2", {"zh": "二"}, frozenset({Action.VIEW, Action.SUBMIT})),
        Service("s-3", {"zh": "三"}, frozenset({Action.VIEW})),
    ),
)
actions = st.frozensets(st.sampled_from(sorted(THEME.actions - {Action.MANAGE})), min_size=1)
services = st.frozensets(st.sampled_from(SERVICES))
limits = st.none() | st.builds(Limit, st.integers(0, 10_000), st.sampled_from(["CNY", "USD"]))
details = st.builds(Detail, st.just("tax.filing"), actions, services, limits)
held = st.builds(Scope, st.frozensets(st.sampled_from(sorted(Action))), services, limits)


def find(_code: str) -> Theme | None:
    return THEME


@given(details, held)
def test_nothing_is_granted_that_is_not_both_asked_and_held(asked: Detail, scope: Scope) -> None:
    chain = Chain("p", "a", (), scope, Capacity.HANDLER, None)
    told = granted(asked.narrows(scope), THEME, chain, subject=str, mandate="mnd_1")
    for part in read_details(told):
        assert part.actions <= asked.actions & scope.actions
        assert Action.MANAGE not in part.actions
        assert part.services
        assert part.services <= scope.services
        assert not asked.services or part.services <= asked.services
        assert all(part.actions <= THEME.acts(service) for service in part.services)
        assert not part.exceeds(scope)
        assert asked.limit is None or (part.limit is not None and asked.limit.covers(part.limit))


@given(details, held)
def test_what_does_not_exceed_is_granted_to_the_last_service_that_knows_it(asked: Detail, scope: Scope) -> None:
    if asked.exceeds(scope):
        return
    chain = Chain("p", "a", (), scope, Capacity.HANDLER, None)
    told = read_details(granted(asked.narrows(scope), THEME, chain, subject=str))
    given_away = {(service, action) for part in told for service in part.services for action in part.actions}
    wanted = asked.services or scope.services
    assert given_away == {(s, a) for s in wanted for a in asked.actions if a in THEME.acts(s)}


@given(st.lists(details, min_size=1, max_size=8))
def test_what_is_written_is_read_and_parsed_back(asked: list[Detail]) -> None:
    text = write_details(asked)
    assert read_details(text) == tuple(asked)
    assert parse_details(text, theme=find, serving=find) == tuple(asked)


names = st.sampled_from(["type", "theme", "services", "actions", "limit", "amount", "currency", "more"])
texts = st.sampled_from(["gov_mandate", "tax.filing", "s-1", "submit", "5.00", "CNY", ""]) | st.text(max_size=4)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)


@given(json)
def test_whatever_comes_is_understood_or_refused(told: object) -> None:
    found = parse_details(orjson.dumps([told]).decode(), theme=find, serving=find)
    assert isinstance(found, Wrong) or all(isinstance(one, Detail) for one in found)
