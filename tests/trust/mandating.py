"""``python -m tests.trust.mandating COUNT``: mandates of an installation that are in force, and used, before a race.

Always true: one person acts for COUNT others, each by a mandate of their own; every other person is signed in, and
the app ``tax`` holds tokens that were given while the one acted for them. Printed as a list of `Prepared`.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.cli.context import Context
from idp.cli.mandates import apply_themes
from idp.db import Statement
from idp.entities.rules import Acting as ActingFor
from idp.entities.rules import Via
from idp.mandates.addressing import Addressee
from idp.mandates.power import Capacity
from idp.mandates.rules import DAY, Kind, State
from idp.proofing.actions import add_evidence
from idp.signin.rules import Method
from idp.signin.sessions import start
from tests.mandates.conftest import Mandates
from tests.mandates.world import PENSION, document
from tests.oidc.representing import SCOPE, Acting, admit
from tests.provider import Site, add_person, claims_of

NAME, AGENT = "龚䶮", "13600000000"
_ACT = Statement[None]("UPDATE session SET acting = :acting WHERE party_id = :party AND ended_at IS NULL")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mandate, the cookie of who gave it, the handle by which the app knows it, and the app's tokens."""

    mandate: str
    cookie: str
    handle: str
    access: str
    refresh: str


def known(site: Site, phone: str, number: int) -> Addressee:
    """Somebody with an account, of whose identity a face check is the proof."""
    party, paper = add_person(site.provider, phone, None), IdNumber(document(number).value)
    with site.provider.database.transaction() as tx:
        named = {"document": paper, "name": PersonName(NAME), "valid_to": None, "source": "test", "now": site.now()}
        site.provider.directory.record_document(tx, party, **named)
        add_evidence(tx, party, kind="face", level=3, source="test", expires_at=None, now=site.now())
    return Addressee(NAME, paper)


def given(mandates: Mandates, phone: str, to: Addressee) -> str:
    """A mandate in force from the person of that phone."""
    now = mandates.site.now()
    draft = mandates.draft(
        mandates.party(phone), to, kind=Kind.PERSONAL, theme="social.pension", scope=PENSION, waived=True,
        valid_from=now, valid_to=now + DAY,
    )  # fmt: skip
    assert mandates.draw(draft, phone) is State.PENDING_ACCEPTANCE
    assert mandates.accept(draft.id, AGENT) is State.ACTIVE
    return draft.id


def prepare(site: Site, count: int) -> list[Prepared]:
    apply_themes(site.provider.database, Path("config/themes/demo.toml"), now=site.now())
    admit(site)
    mandates, agent = Mandates(site, "", ""), known(site, AGENT, 1)
    acting, browser, made = Acting(mandates), site.browser().sign_in(AGENT), []
    for number in range(count):
        phone = f"1360001{number:04d}"
        known(site, phone, number + 2)
        mandate, principal = given(mandates, phone, agent), mandates.party(phone)
        context = ActingFor(principal, Capacity.HANDLER, Via.MANDATE, mandate)
        with site.provider.database.transaction() as tx:
            _, cookie = start(tx, party_id=principal, method=Method.PASSWORD, agent="", absolute=DAY, now=site.now())
            tx.run(_ACT, acting=context.text, party=mandates.party(AGENT))
        tokens = browser.tokens("tax", scope=SCOPE)
        assert claims_of(tokens["id_token"])["represented_status"] == "current"
        made.append(Prepared(mandate, cookie, acting.handle(tokens), tokens["access_token"], tokens["refresh_token"]))
    return made


def main(count: int) -> None:
    print(json.dumps([asdict(one) for one in prepare(Site(Context(None).app), count)]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
