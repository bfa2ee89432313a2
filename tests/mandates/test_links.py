"""Links of older platforms: the representative sees them, gives a mandate or declines, once."""

from dataclasses import replace

import pytest

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount, Representative
from idp.crypto.tokens import new_id
from idp.mandates.granting import Denied
from idp.mandates.links import LinkRequest
from idp.mandates.rules import Refusal, State
from idp.mandates.scopes import Action, Scope
from tests.activation.walking import add_old, states
from tests.entities.conftest import CODE, FORM, NAME, ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import FILING, Mandates


@pytest.fixture
def linked(mandates: Mandates) -> Mandates:
    """THREE stood for the entity at two older platforms, and has activated their account."""
    name, number = PEOPLE[THREE]
    told = OldAccount(
        credit_code=CreditCode(CODE),
        entity_name=NAME,
        representative=Representative(PersonName(name), IdNumber(number)),
    )
    for key in ("leg_1", "leg_2"):
        add_old(mandates.site, key, told)
    add_old(mandates.site, "leg_3", replace(told, entity_name="未激活"))
    mandates.site.execute(
        "UPDATE legacy_account SET state = 'claimed', party_id = :party WHERE id <> 'leg_3'",
        party=mandates.party(THREE),
    )
    return mandates


def requests(linked: Mandates, entity: str = "") -> list[LinkRequest]:
    with linked.site.provider.database.autocommit() as tx:
        return linked.site.provider.old_links.requests_from_links(tx, entity or linked.entity)


def test_each_person_is_one_request_to_their_own_entity_alone(linked: Mandates) -> None:
    [one] = requests(linked)
    assert (one.person, one.addressee.name) == (linked.party(THREE), PEOPLE[THREE][0])
    assert requests(linked, linked.agency) == []
    assert linked.may(THREE, linked.entity) is None


def test_a_request_becomes_a_mandate_as_narrow_as_the_representative_wants(linked: Mandates) -> None:
    site, [request] = linked.site, requests(linked)
    theme = site.provider.themes.current("tax.filing")
    assert theme is not None
    draft = site.provider.old_links.draft(request, linked.entity, theme, id=new_id("mnd"), now=site.now())
    assert draft.scope == theme.whole.without(Action.MANAGE)
    narrowed = replace(draft, scope=FILING)
    with site.provider.database.transaction() as tx:
        text = site.provider.granting.text(tx, narrowed)
        assert text is not None

        def grant(by: str) -> State | Denied:
            return site.provider.old_links.grant(
                tx, request, narrowed, linked.signer(by), text_hash=text.hash, now=site.now()
            )

        assert grant(TWO) == Denied(Refusal.NOT_GRANTOR)
        assert grant(ONE) is State.PENDING_ACCEPTANCE
    assert states(site) == {"leg_1": "active", "leg_2": "active", "leg_3": "imported"}
    assert requests(linked) == []
    assert linked.accept(draft.id, THREE) is State.ACTIVE


def test_a_request_is_declined_once_by_the_entitys_people_and_gives_nothing(linked: Mandates) -> None:
    site, [request] = linked.site, requests(linked)

    def decline(by: str, *, acting: bool = False) -> Refusal | None:
        with site.provider.database.transaction() as tx:
            return site.provider.old_links.decline(
                tx, request, linked.entity, by=linked.party(by), acting=acting, now=site.now()
            )

    assert decline(TWO) is Refusal.NOT_GRANTOR
    assert decline(ONE, acting=True) is Refusal.ACTING
    assert decline(ONE) is None
    assert decline(ONE) is Refusal.STATE
    assert requests(linked) == []
    assert site.one("SELECT detail FROM audit_event WHERE event = 'person:entity_link:settled'") is not None
    assert site.one("SELECT COUNT(*) FROM mandate") == 0


def test_a_link_outlives_the_registration_of_its_entity_by_somebody_else(linked: Mandates) -> None:
    assert linked.site.browser().sign_in(ONE).submit("/entities/new", FORM).status_code == 303
    assert states(linked.site) == {"leg_1": "claimed", "leg_2": "claimed", "leg_3": "active"}
    assert len(requests(linked)) == 1


def test_a_request_is_not_turned_into_a_mandate_for_somebody_else(linked: Mandates) -> None:
    from tests.mandates.conftest import to_person

    site, [request] = linked.site, requests(linked)
    draft = linked.draft(linked.entity, to_person(TWO), scope=Scope(FILING.actions, FILING.services))
    with site.provider.database.transaction() as tx:
        answer = site.provider.old_links.grant(tx, request, draft, linked.signer(ONE), text_hash="", now=site.now())
    assert answer == Denied(Refusal.FOR_ANOTHER)
