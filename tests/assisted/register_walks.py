"""Driving the register as its pages do: clerks of two offices, a citizen, one step after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.assisted.actions import Assisting, Carded
from idp.assisted.rules import Case, Clerk, Denied, Matter, Refusal, Seen
from idp.entities.rules import Acting, Via
from idp.mandates.power import Asked, Chain
from idp.mandates.rules import Kind
from idp.mandates.scopes import Action, Scope
from idp.signin.rules import Session
from tests.entities.conftest import ONE, THREE, TWO
from tests.mandates.conftest import Mandates, to_person
from tests.provider import Site

POST = Scope(frozenset({Action.VIEW, Action.COLLECT}), frozenset({"hn-assist-01"}))
UNIT = "社保窗口"
CARD = Carded(
    name=PersonName("田秀英"),
    document=IdNumber("430199195003070021"),
    valid_to=date(2050, 1, 1),
    seen=Seen.CHIP_READ,
)
PENSION = Matter("social.pension", "hn-pension-01", frozenset({Action.VIEW, Action.DRAFT, Action.SUBMIT}))


def session(person: str, acting: Acting | None, *, now: int, methods: str = "pwd sms") -> Session:
    """As it was a moment ago."""
    text = acting.text if acting else None
    return Session("ses_1", person, now, now, now + 9, now, 1, methods, "", "", None, acting=text)


@dataclass
class Counter:
    """``clerk`` (THREE) and ``colleague`` (TWO) of one office of the organ."""

    mandates: Mandates
    clerk: Clerk
    colleague: Clerk

    @property
    def site(self) -> Site:
        return self.mandates.site

    @property
    def assisting(self) -> Assisting:
        return self.site.provider.assisted.assisting

    def do(self, name: str, *args: Any, **more: Any) -> Any:
        """One call of `Assisting`, committed."""
        with self.site.provider.database.transaction() as tx:
            return getattr(self.assisting, name)(tx, *args, now=self.site.now(), **more)

    def look(self, name: str, *args: Any) -> Any:
        with self.site.provider.database.autocommit() as tx:
            return getattr(self.assisting, name)(tx, *args)

    def opened(self, card: Carded = CARD, matters: Sequence[Matter] = (PENSION,)) -> Case:
        case = self.do("open", self.clerk, card, matters)
        assert isinstance(case, Case), case
        return case

    def accepted(self, card: Carded = CARD) -> Case:
        case = self.do("accept", self.clerk, self.opened(card).id)
        assert isinstance(case, Case), case
        return case

    def authorised(self, card: Carded = CARD) -> Case:
        """Agreed to on paper, before a witness."""
        case = self.accepted(card)
        agreed = self.hash(case)
        assert isinstance(self.do("bring_paper", self.clerk, case.id, b"scan", text_hash=agreed), Case)
        found = self.do("witness", self.colleague, case.id, text_hash=agreed)
        assert isinstance(found, Case), found
        return found

    def hash(self, case: Case) -> str:
        return str(self.look("authority_text", case).hash)

    def case(self, case: Case) -> Case:
        found = self.look("own_case", case.citizen, case.id)
        assert isinstance(found, Case)
        return found

    def may(self, clerk: Clerk, citizen: str) -> Chain | None:
        with self.site.provider.database.autocommit() as tx:
            return self.site.provider.deciding.may(
                tx,
                agent=clerk.person,
                represented=citizen,
                theme="social.pension",
                asked=Asked(Action.SUBMIT, "hn-pension-01"),
                now=self.site.now(),
            )

    def refusals(self) -> list[str]:
        with self.site.provider.database.autocommit() as tx:
            from idp.db import Statement

            sql = "SELECT reason FROM audit_event WHERE event = 'person:assisted_case:refused' ORDER BY chain, seq"
            return tx.all(Statement(sql, str))

    def posted(self, phone: str, *, unit: str = UNIT) -> Clerk:
        return clerk_of(self.mandates, phone, unit=unit)


def denied(found: Any) -> Refusal:
    assert isinstance(found, Denied), found
    return found.reason


def clerk_of(mandates: Mandates, phone: str, *, unit: str = UNIT, entity: str | None = None) -> Clerk:
    """Somebody with a post at the counter of ``mandates.entity``, who has just signed in."""
    organ = entity or mandates.entity
    term = {"kind": Kind.EMPLOYMENT, "theme": "counter.assist", "scope": POST, "unit": unit, "post": "综合岗"}
    mandate = mandates.given(organ, to_person(phone), ONE, phone, **term)
    acting = Acting(organ, "employee", Via.MANDATE, mandate)
    provider, now = mandates.site.provider, mandates.site.now()
    with provider.database.transaction() as tx:
        found = provider.assisted.assisting.clerk_of(tx, session(mandates.party(phone), acting, now=now), now=now)
    assert isinstance(found, Clerk), found
    return found


def counter_of(mandates: Mandates) -> Counter:
    mandates.site.execute("UPDATE legal_entity SET type = 'government_organ'")
    return Counter(mandates, clerk_of(mandates, THREE), clerk_of(mandates, TWO))
