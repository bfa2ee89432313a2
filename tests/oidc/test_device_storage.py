"""The statements of devices' sessions and of identity codes, on both databases."""

from collections.abc import Iterator

import pytest

from idp.accounts.actions import Active
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.capabilities import identity_codes
from idp.capabilities.identity_code_rules import Asked, Redemption
from idp.capabilities.identity_codes import IdentityCodes, Told
from idp.capabilities.rules import Refused
from idp.clients import permits
from idp.clients.actions import put
from idp.clients.capabilities import Permit, Terms, read_terms
from idp.clients.rules import Client
from idp.crypto.tokens import digest
from idp.db import Database
from idp.grants import actions as grants
from idp.grants.rules import Grant
from idp.messages.outbox import init_outbox
from idp.oidc import live
from idp.oidc.live import Endurance
from idp.signin import sessions
from idp.signin.rules import Method, Session
from tests.console.test_storage import CIPHER, directory
from tests.oidc.devices import KIOSK
from tests.provider import SECRET

NOW = 1_800_000_000
ENDURANCE = Endurance(3600, 86400, 86400 * 30)


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.fixture
def client(any_database: Database) -> Client:
    with any_database.transaction() as tx:
        made = put(tx, KIOSK, secret=SECRET, now=NOW)
    assert isinstance(made, Client)
    return made


def signed_in(database: Database, phone: str) -> Session:
    mobile = Mobile.parse(phone)
    assert mobile is not None
    with database.transaction() as tx:
        opened = directory().open_person(tx, mobile=mobile, user_name=None, now=NOW)
        assert isinstance(opened, Active)
        found, _ = sessions.start(
            tx, party_id=opened.party_id, method=Method.PASSWORD, agent="a phone", absolute=43200, now=NOW
        )
    return found


def test_a_devices_code_and_tokens_live_as_long_as_its_session(any_database: Database, client: Client) -> None:
    phone = signed_in(any_database, "13812340001")
    with any_database.transaction() as tx:
        kiosk, _ = sessions.derive(
            tx, phone, methods=phone.used, agent="kiosk", idle=900, absolute=90000, now=NOW + 60
        )
        assert (kiosk.auth_time, kiosk.absolute_end, kiosk.proofs) == (NOW, phone.absolute_end, 0)
        assert sessions.by_id(tx, kiosk.id) == kiosk
        grant = Grant(
            "gnt_1", client.client_id, phone.party_id, kiosk.id, "pw_1", "sid", "openid", None, "acr", "pwd", 1, 1,
            NOW, False, None, None, NOW + 60, None,
        )  # fmt: skip
        grants.issue_to_device(tx, grant, digest("a device code"), until=NOW + 360)
        asked = {"client_id": client.client_id, "redirect_uri": grants.DEVICE, "challenge": grants.DEVICE}
        won = grants.redeem_code(tx, code="a device code", refreshes=True, now=NOW + 61, **asked)
        assert won is not None
        assert won.refresh is not None
        assert grants.redeem_code(tx, code="a device code", refreshes=True, now=NOW + 62, **asked) is None
        footing = live.by_gid(tx, "gnt_1", jti="")
        assert footing is not None
        assert footing.stands(idle=3600, now=NOW + 959)
        assert not footing.stands(idle=3600, now=NOW + 960)
        who = {"client_id": client.client_id, "cnf": None, "endurance": ENDURANCE}
        assert live.rotate(tx, won.refresh, now=NOW + 960, **who) is None  # type: ignore[arg-type]
        rotated = live.rotate(tx, won.refresh, now=NOW + 959, **who)  # type: ignore[arg-type]
        assert rotated is not None
        assert live.rotate(tx, rotated[1], now=NOW + 1858, **who) is not None  # type: ignore[arg-type]
        assert sessions.end_stale(tx, idle=3600, now=NOW + 2757) == 0
        assert sessions.end_stale(tx, idle=3600, now=NOW + 2758) == 1
        assert sessions.find_live(tx, kiosk.id) is None
        assert sessions.find_live(tx, phone.id) == phone


def permit_of(database: Database, client: Client) -> Permit:
    terms = read_terms({"capability": "identity_code", "purpose": {"zh": "窗口"}, "law": "法", "daily": 9})
    assert isinstance(terms, Terms)
    with database.transaction() as tx:
        found = permits.find(tx, permits.apply(tx, client, terms, actor=None, now=NOW))
        assert found is not None
        permits.grant(tx, found, actor="pty_1", now=NOW)
    return found


def test_an_identity_code_takes_each_step_once(any_database: Database, client: Client) -> None:
    permit, codes = permit_of(any_database, client), IdentityCodes(CIPHER, directory())
    clerk, person = (signed_in(any_database, phone) for phone in ("13812340001", "13812340002"))
    with any_database.transaction() as tx:
        found = identity_codes.find(tx, codes.show(tx, person, now=NOW))
        assert found is not None
        sent = Redemption(codes.text(found), "", "office", ("matter",), ("phone", "profile"))
        redeemed = codes.redeem(tx, permit, clerk.party_id, sent, now=NOW + 59)
        assert isinstance(redeemed, identity_codes.IdentityCode)
        assert codes.asked(redeemed) == Asked("office", ("matter",), ("phone", "profile"))
        assert codes.redeem(tx, permit, clerk.party_id, sent, now=NOW + 59) is Refused.CODE_USED
        assert not codes.answer(tx, redeemed, clerk, ["phone"], now=NOW + 60)
        assert codes.answer(tx, redeemed, person, ["phone", "email"], now=NOW + 60)
        assert not codes.answer(tx, redeemed, person, None, now=NOW + 60)
        confirmed = identity_codes.find(tx, found.id)
        assert confirmed is not None
        told = codes.fetch(tx, confirmed, client, now=NOW + 61)
        assert isinstance(told, Told)
        assert (told.scopes, set(told.claims)) == (["phone"], {"phone_number", "phone_number_verified"})
        assert codes.fetch(tx, confirmed, client, now=NOW + 61) is Refused.CODE_FETCHED
        identity_codes.erase(tx, person.party_id, now=NOW)
        assert identity_codes.find(tx, found.id) is None
