"""``python -m tests.trust.counters COUNT``: cases of a counter that wait for consent, before a race for each of them.

Always true: every case is another citizen's, has been accepted by the first of three clerks of one office, and has
what one way of consenting is proved by; all three clerks are signed in. Printed as one `Prepared`.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from idp.accounts.credit_code import CreditCode
from idp.assisted.actions import Assisting, Carded
from idp.assisted.rules import Case, Clerk, Seen
from idp.cli.context import Context
from idp.cli.mandates import apply_themes
from idp.db import Statement, Transaction
from idp.entities import roles
from idp.entities.registering import prove
from idp.entities.rules import Acting, RoleState, Via
from idp.mandates.addressing import Addressee
from idp.mandates.rules import DAY, Kind, State
from idp.proofing.ports import EnterpriseRecord, EntityStatus, EntityType, RegisterRole
from idp.signin.rules import Method
from idp.signin.sessions import start
from tests.assisted.register_walks import PENSION, POST, UNIT
from tests.entities.conftest import CODE, NAME
from tests.mandates.conftest import Mandates
from tests.provider import Site
from tests.trust.mandating import known

BOSS = "13700009000"
CLERKS = ("13700009001", "13700009002", "13700009003")
FIRST = 6000
"""Number of the first citizen's document; those before are others'."""
_AT_WORK = Statement[None]("UPDATE session SET acting = :acting, methods = 'pwd sms' WHERE id = :id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case and the text its citizen agrees to. ``cookie``: of the citizen's session; ``code``: of the text message
    that asks them to agree, or of the one by which they object, with its ``reference``.
    """

    case: str
    agreed: str
    cookie: str
    code: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cookies of the three clerks, and the cases: three kinds that wait for consent of that way (the paper was
    brought by the first clerk), and one that is handled and may be objected to.
    """

    clerks: list[str]
    sms: list[Waiting]
    paper: list[Waiting]
    identity: list[Waiting]
    objection: list[Waiting]


class Counter:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.assisting: Assisting = site.provider.assisted.assisting
        boss = known(site, BOSS, FIRST - 1)
        with site.provider.database.transaction() as tx:
            self.mandates = Mandates(site, self._organ(tx, boss), "")
        self.clerks, self.cookies = [], []
        for number, phone in enumerate(CLERKS):
            self._employ(phone, known(site, phone, FIRST - 2 - number))

    def _organ(self, tx: Transaction, boss: Addressee) -> str:
        provider, now, person = self.site.provider, self.site.now(), self.site.party(BOSS)
        heard = EnterpriseRecord(
            name=NAME, uscc=CODE, entity_type=EntityType.GOVERNMENT_ORGAN, status=EntityStatus.ACTIVE,
            name_matches=True, representative_matches=True, version="1", as_of=now,
            roles=frozenset({RegisterRole.LEGAL_REPRESENTATIVE}),
        )  # fmt: skip
        entity = provider.entities.open(tx, CreditCode(CODE), heard=heard, actor=person, now=now)
        roles.set_role(
            tx, [], entity_id=entity, person_id=person, role=RegisterRole.LEGAL_REPRESENTATIVE,
            state=RoleState.CONFIRMED, source="test", now=now,
        )  # fmt: skip
        identity = provider.directory.person(tx, person).identity
        assert identity is not None
        assert identity.document == boss.number
        prove(tx, entity, identity, now=now)
        return entity

    def _employ(self, phone: str, clerk: Addressee) -> None:
        mandates, now, entity = self.mandates, self.site.now(), self.mandates.entity
        draft = mandates.draft(
            entity, clerk, kind=Kind.EMPLOYMENT, theme="counter.assist", scope=POST, unit=UNIT, post="综合岗",
            waived=True, valid_from=now, valid_to=now + DAY,
        )  # fmt: skip
        assert mandates.draw(draft, BOSS) is State.PENDING_ACCEPTANCE
        assert mandates.accept(draft.id, phone) is State.ACTIVE
        party, acting = mandates.party(phone), Acting(entity, "employee", Via.MANDATE, draft.id)
        self.clerks.append(Clerk(person=party, organ=entity, unit=UNIT, mandate=draft.id, ial=3))
        with self.site.provider.database.transaction() as tx:
            session, cookie = start(tx, party_id=party, method=Method.PASSWORD, agent="", absolute=DAY, now=now)
            tx.run(_AT_WORK, acting=acting.text, id=session.id)
        self.cookies.append(cookie)

    def waiting(self, number: int, way: str) -> Waiting:
        """A new citizen's case, with what is needed to consent that way."""
        site, now, clerk = self.site, self.site.now(), self.clerks[0]
        phone = f"1370002{number:04d}"
        paper = known(site, phone, FIRST + number)
        party = self.mandates.party(phone)
        with site.provider.database.transaction() as tx:
            _, cookie = start(tx, party_id=party, method=Method.PASSWORD, agent="", absolute=DAY, now=now)
            person = site.provider.directory.person(tx, party).identity
            assert person is not None
            assert person.document == paper.number
            card = Carded(name=person.name, document=person.document, valid_to=None, seen=Seen.CHIP_READ)  # type: ignore[arg-type]
            case = self.assisting.open(tx, clerk, card, [PENSION], now=now)
            assert isinstance(case, Case), case
            case = self.assisting.accept(tx, clerk, case.id, now=now)
            assert isinstance(case, Case), case
            agreed = self.assisting.authority_text(tx, case).hash
            made = Waiting(case=case.id, agreed=agreed, cookie=cookie)
            if way == "sms":
                drawn = self.assisting._codes.draw(tx, case, phone="137****", text_hash=agreed, now=now)
                return replace(made, code=str(drawn))
            if way == "identity":
                return made
            kept = self.assisting.bring_paper(tx, clerk, case.id, b"scan", text_hash=agreed, now=now)
            assert isinstance(kept, Case), kept
            if way == "paper":
                return made
            done = self.assisting.witness(tx, self.clerks[1], case.id, text_hash=agreed, now=now)
            assert isinstance(done, Case), done
            told = self.assisting._codes.offer_objection(tx, done)
            return replace(made, code=told.code, reference=told.reference)


def main(count: int) -> None:
    site = Site(Context(None).app)
    apply_themes(site.provider.database, Path("config/themes/demo.toml"), now=site.now())
    counter, ways = Counter(site), ("sms", "paper", "objection", "identity")
    made = {way: [counter.waiting(at * count + n, way) for n in range(count)] for at, way in enumerate(ways)}
    print(json.dumps(asdict(Prepared(counter.cookies, **made))))


if __name__ == "__main__":
    main(int(sys.argv[1]))
