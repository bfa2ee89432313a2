"""What departments hear, and who hears it."""

from typing import Any

import orjson
import pytest

from idp.accounts import closing
from idp.accounts.events import add_event
from idp.accounts.rules import PartyEventKind
from idp.cli.work import make_worker
from idp.entities import roles
from idp.mandates.rules import Step
from idp.selfservice.actions import close_due
from idp.signin.interventions import Intervention, restore, suspend
from idp.streams.spreading import LATE, Spreading
from tests.authority.conftest import Asking, add_client
from tests.entities.conftest import ONE, THREE, TWO
from tests.mandates.conftest import to_entity, to_person
from tests.provider import ISSUER, Site
from tests.streams.conftest import OWN, RISC, open_stream, poll, work


def only(site: Site, client_id: str = "tax") -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The one event that waits: its URI, its token's claims, what it says."""
    (claims,) = poll(site, client_id).values()
    ((uri, said),) = claims["events"].items()
    return uri, claims, said


def test_the_end_of_a_mandate_is_told_to_who_was_told_of_acting_by_it(asking: Asking) -> None:
    site = asking.site
    for client in ("tax", "social"):
        open_stream(site, client)
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    work(site)
    uri, claims, said = only(site)
    assert uri == f"{OWN}mandate-revoked"
    assert said == {"mandate": asking.mandate, "represented": asking.handle, "state": "revoked"}
    assert claims["sub_id"] == {"format": "iss_sub", "iss": ISSUER, "sub": asking.sub}
    assert (claims["iss"], claims["aud"]) == (ISSUER, "tax")
    assert {"iss", "aud", "iat", "jti", "toe", "sub_id", "events"} == set(claims)  # no exp, no sub (SSF 1.0 4.1)
    assert poll(site, "social") == {}


def test_freezing_and_giving_back_are_changes(asking: Asking) -> None:
    site, entity = asking.site, asking.mandates.entity
    open_stream(site)
    for step, state in ((Step.FREEZE, "suspended"), (Step.UNFREEZE, "active")):
        asking.mandates.step(asking.mandate, step, ONE, entity)
        work(site)
        uri, claims, said = only(site)
        assert (uri, said["state"]) == (f"{OWN}mandate-changed", state)
        poll(site, ack=[claims["jti"]])


def test_of_an_agencys_mandate_its_employees_apps_hear_as_well(asking: Asking) -> None:
    mandates, site = asking.mandates, asking.site
    first = mandates.given(mandates.entity, to_entity(), ONE, TWO, mandates.agency, may_delegate=True)
    mandates.step(asking.mandate, Step.REVOKE, ONE, mandates.entity)
    until = site.now() + 86400
    second = mandates.given(mandates.agency, to_person(THREE), TWO, THREE, parent=first, valid_to=until)
    _, handle = asking.told("social", THREE, mandates.entity, second)
    open_stream(site, "social")
    mandates.step(first, Step.FREEZE, ONE, mandates.entity)
    work(site)
    uri, claims, said = only(site, "social")
    assert (uri, said) == (f"{OWN}mandate-changed", {"mandate": second, "represented": handle, "state": "suspended"})
    poll(site, "social", ack=[claims["jti"]])
    mandates.step(first, Step.REVOKE, ONE, mandates.entity)
    work(site)
    uri, _, said = only(site, "social")  # once, although both links have ended
    assert (uri, said["mandate"], said["state"]) == (f"{OWN}mandate-revoked", second, "invalidated")


def test_an_office_that_ends_changes_the_status(asking: Asking) -> None:
    site, mandates = asking.site, asking.mandates
    sub, handle = asking.told("tax", ONE, mandates.entity, None)
    open_stream(site)
    with site.provider.database.transaction() as tx:
        (role,) = roles.of_entity(tx, mandates.entity)
        roles.end_role(tx, site.provider.directory, role, reason="register", now=site.now())
    work(site)
    uri, claims, said = only(site)
    assert uri == f"{OWN}represented-status-changed"
    assert said == {"represented": handle, "represented_status": "not_allowed"}
    assert claims["sub_id"]["sub"] == sub


def test_a_suspended_account_is_told_to_each_sector_that_knows_it_by_its_own_name(asking: Asking) -> None:
    site = asking.site
    with site.provider.database.transaction() as tx:
        other = site.provider.directory.subjects.of(tx, sector="social-office", party_id=site.party(THREE))
    add_client(site, "elsewhere", "another-office")
    for client in ("tax", "social", "elsewhere"):
        open_stream(site, client)
    person = site.party(THREE)
    for act, name in ((suspend, "account-disabled"), (restore, "account-enabled")):
        with site.provider.database.transaction() as tx:
            assert act(Intervention(tx, site.provider.directory, person, "opr_1", "jus_1", site.now()))
        work(site)
        heard = {client: only(site, client) for client in ("tax", "social")}
        assert {uri for uri, _, _ in heard.values()} == {f"{RISC}{name}"}
        assert heard["tax"][1]["sub_id"]["sub"] == asking.sub
        assert heard["social"][1]["sub_id"]["sub"] == other
        assert heard["tax"][1]["jti"] != heard["social"][1]["jti"]
        for client, (_, claims, said) in heard.items():
            assert said == {}
            poll(site, client, ack=[claims["jti"]])
    assert poll(site, "elsewhere") == {}


def test_a_closed_account_is_told_although_its_person_is_forgotten(asking: Asking) -> None:
    site, person = asking.site, asking.site.party(THREE)
    open_stream(site)
    with site.provider.database.transaction() as tx:
        assert closing.ask(tx, person, closes_at=site.now(), locale="en", now=site.now())
    assert close_due(site.provider.database, site.provider.closings, now=site.now()) == 1
    work(site)
    told = [claims for claims in poll(site).values() if f"{RISC}account-purged" in claims["events"]]
    assert [(claims["sub_id"]["sub"], claims["events"]) for claims in told] == [
        (asking.sub, {f"{RISC}account-purged": {}})
    ]


def test_a_subject_that_was_merged_is_told_to_its_sector(asking: Asking) -> None:
    site = asking.site
    for client in ("tax", "social"):
        open_stream(site, client)
    detail = {"sector": "tax-office", "old_sub": "pw_old", "new_sub": "pw_new"}
    with site.provider.database.transaction() as tx:
        add_event(tx, site.party(THREE), PartyEventKind.SUBJECT_MERGED, detail=detail, now=site.now())
    work(site)
    uri, claims, said = only(site)
    assert (uri, claims["sub_id"]["sub"]) == (f"{OWN}subject-merged", "pw_old")
    assert said == {"new_subject": {"format": "iss_sub", "iss": ISSUER, "sub": "pw_new"}}
    assert poll(site, "social") == {}


def test_a_recycled_identifier_is_told_without_the_number(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    with site.provider.database.transaction() as tx:
        kind = PartyEventKind.IDENTIFIER_RECYCLED
        add_event(tx, site.party(THREE), kind, detail={"identifier": "mobile"}, now=site.now())
    work(site)
    uri, claims, said = only(site)
    assert (uri, said) == (f"{OWN}identifier-recycled", {"identifier": "mobile"})
    assert THREE not in orjson.dumps(claims).decode()


def test_what_was_taken_back_before_it_came_into_force_is_no_news(asking: Asking) -> None:
    site, mandates = asking.site, asking.mandates
    draft = mandates.draft(mandates.entity, to_person(TWO))
    mandates.draw(draft, ONE)
    mandates.accept(draft.id, TWO)
    mandates.step(draft.id, Step.REVOKE, ONE, mandates.entity)
    assert site.one("SELECT COUNT(*) FROM party_event") == 0


def test_what_was_rolled_back_has_not_happened(asking: Asking) -> None:
    site, mandates = asking.site, asking.mandates
    moving, person = site.provider.moving, site.party(ONE)

    def revoke_and_fail() -> None:
        with site.provider.database.transaction() as tx:
            moving.step(tx, asking.mandate, Step.REVOKE, person=person, party=mandates.entity, now=site.now())
            raise RuntimeError("after all")

    with pytest.raises(RuntimeError, match="after all"):
        revoke_and_fail()
    assert (site.one("SELECT COUNT(*) FROM party_event"), work(site)) == (0, 0)


def test_of_several_workers_one_writes_an_event_down(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    event, now = site.one("SELECT id FROM party_event"), site.now()
    provider = site.provider
    for _ in range(3):
        Spreading(provider.database, provider.registry, provider.directory, issuer=ISSUER).spread(event, now=now)
    work(site)
    assert len(poll(site)) == 1


def test_an_event_whose_message_was_lost_is_found_by_the_sweep(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    site.execute("DELETE FROM outbox")
    spreading = Spreading(site.provider.database, site.provider.registry, site.provider.directory, issuer=ISSUER)
    spreading.run_due(site.now())
    assert poll(site) == {}
    spreading.run_due(site.now() + LATE)
    assert len(poll(site)) == 1


def test_the_worker_knows_these_errands(asking: Asking) -> None:
    worker = make_worker(asking.site.app)
    assert {"party_event", "security_event"} <= worker._handlers.keys()
    assert "party-events" in worker._jobs._known
