"""Issuers in the console: trusted by two, switched off by one, their lists told of and brought by hand."""

import re
from collections.abc import Mapping
from io import BytesIO

import orjson
import pytest
from werkzeug.test import TestResponse

from idp.console.rules import Role
from idp.db import Database
from idp.issuers.authorities import Authorities
from idp.issuers.importing import grouped, sm3
from idp.issuers.profiles import BUILT_IN
from idp.settings.certificates import Certificates
from tests.console.staff import WHY, Staff, on_duty
from tests.issuers.making import House, a_ca, a_house
from tests.multipart import KIND, form_with
from tests.provider import Site

URL = "http://crl.example.cn/ca.crl"
FORM = {
    "title": "示例证书颁发机构", "title_en": "Example", "usage": "both", "profile": "gmt0015", "grace": "2",
    "crl_urls": f"{URL}\nldap://ldap.example.cn/cn=ca", "ocsp_url": "", "anchors": "", "intermediates": "", **WHY,
}  # fmt: skip
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
Files = Mapping[str, bytes]


@pytest.fixture(scope="module")
def house() -> House:
    return a_house("Example")


@pytest.fixture
def first(site: Site) -> Staff:
    return on_duty(site, "li.na", Role.PLATFORM)


@pytest.fixture
def second(site: Site) -> Staff:
    return on_duty(site, "zhao.min", Role.PLATFORM)


def send(staff: Staff, path: str, form: Mapping[str, str], files: Files | None = None) -> TestResponse:
    """A form with files, as the page sends it."""
    found = _TOKEN.search(staff.get("/signin").text)
    assert found
    sent = [(name, "a.crl", content) for name, content in (files or {}).items()]
    body = form_with({**form, "csrf_token": found[1]}, *sent)
    return staff.browser.client.post(path, input_stream=BytesIO(body), content_type=KIND)


def proposed(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def trusted(site: Site, first: Staff, second: Staff, house: House, **changes: str) -> str:
    """The id of an issuer that two operators trust."""
    form = FORM | {"anchors": house.root.pem, "intermediates": house.issuing.pem} | changes
    answer = second.approve(proposed(send(first, "/console/issuers/add", form)))
    assert answer.status_code == 303, answer.text
    return str(site.one("SELECT id FROM certificate_issuer ORDER BY id DESC LIMIT 1"))


def elsewhere(site: Site) -> Authorities:
    """What another node holds."""
    return Authorities(Database(site.provider.database.engine), BUILT_IN, Certificates())


def enabled(node: Authorities) -> list[bool]:
    node.expire()
    return [authority.enabled for authority, _ in node.get()]


def test_two_operators_trust_an_issuer_after_comparing_every_fingerprint(
    site: Site, first: Staff, second: Staff, house: House
) -> None:
    files = {"anchors_file": house.root.der, "intermediates_file": house.issuing.pem.encode()}
    proposal = proposed(send(first, "/console/issuers/add", FORM, files))
    text = second.get(proposal).text
    for ca in (house.root, house.issuing):
        assert grouped(sm3(ca.der)) in text
        assert "CN=Example" in text
    assert "p-256" in text
    assert URL in text
    assert enabled(elsewhere(site)) == []
    assert first.approve(proposal).status_code == 422  # never one's own
    assert enabled(elsewhere(site)) == []
    assert second.approve(proposal).status_code == 303
    ((authority, profile),) = elsewhere(site).get()
    assert (authority.anchors, authority.intermediates) == ((house.root.der,), (house.issuing.der,))
    assert (authority.grace, profile.name) == (7200, "gmt0015")
    assert site.one("SELECT url FROM revocation_source") == URL  # the directory's address was left out
    assert site.one("SELECT actor FROM audit_event WHERE event = 'operator:issuer:added'") == second.party


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"usage": "everybody"}, "usage"),
        ({"profile": "unknown"}, "profile"),
        ({"grace": "-1"}, "grace"),
        ({"grace": "169"}, "grace"),
        ({"crl_urls": "file:///etc/passwd"}, "crl_urls"),
        ({"ocsp_url": "gopher://a.example"}, "crl_urls"),
        ({"anchors": ""}, "anchors"),
        ({"anchors": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}, "anchors"),
        ({"ticket": ""}, "ticket"),
    ],
)
def test_a_form_with_a_fault_proposes_nothing(
    site: Site, first: Staff, house: House, wrong: dict[str, str], field: str
) -> None:
    answer = send(first, "/console/issuers/add", FORM | {"anchors": house.root.pem} | wrong)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert site.one("SELECT COUNT(*) FROM proposal") == 0


def test_the_same_issuer_is_not_proposed_and_not_added_again(
    site: Site, first: Staff, second: Staff, house: House
) -> None:
    form = FORM | {"anchors": house.root.pem}
    twice = [proposed(send(first, "/console/issuers/add", form)) for _ in range(2)]
    assert second.approve(twice[0]).status_code == 303
    assert second.approve(twice[1]).status_code == 422
    assert send(first, "/console/issuers/add", form).status_code == 422
    assert site.one("SELECT COUNT(*) FROM certificate_issuer") == 1


def test_one_operator_switches_off_at_once_and_two_switch_on(
    site: Site, first: Staff, second: Staff, house: House
) -> None:
    key = trusted(site, first, second, house)
    node = elsewhere(site)
    assert enabled(node) == [True]
    switch = f"/console/issuers/{key}/switch"
    assert first.submit(switch, {"reason": "", "ticket": ""}).status_code == 422
    assert enabled(node) == [True]
    assert first.submit(switch, WHY).status_code == 303
    assert enabled(node) == [False]
    proposal = proposed(first.submit(switch, WHY))
    assert enabled(node) == [False]
    assert first.approve(proposal).status_code == 422
    assert second.approve(proposal).status_code == 303
    assert enabled(node) == [True]
    because = orjson.loads(site.one("SELECT detail FROM audit_event WHERE event = 'operator:issuer:off'"))["because"]
    assert site.one("SELECT operator FROM justification WHERE id = :id", id=because) == first.party


def test_a_change_is_for_two_and_shows_what_changes(site: Site, first: Staff, second: Staff, house: House) -> None:
    key = trusted(site, first, second, house)
    page = first.get(f"/console/issuers/{key}/change").text
    assert URL in page
    third = a_ca("Second CA", house.root)
    new = "https://crl.example.cn/new.crl"
    form = FORM | {"grace": "5", "crl_urls": new, "intermediates": third.pem}
    change = f"/console/issuers/{key}/change"
    proposal = proposed(send(first, change, form))
    text = second.get(proposal).text
    for told in (URL, new, grouped(sm3(third.der))):
        assert told in text
    assert grouped(sm3(house.root.der)) not in text  # trusted already
    assert second.approve(proposal).status_code == 303
    ((authority, _),) = elsewhere(site).get()
    assert set(authority.intermediates) == {house.issuing.der, third.der}
    assert authority.grace == 5 * 3600
    assert site.one("SELECT url FROM revocation_source") == new
    assert send(first, change, form).status_code == 422  # nothing would change


def test_a_change_of_what_has_changed_meanwhile_ends_void(
    site: Site, first: Staff, second: Staff, house: House
) -> None:
    change = f"/console/issuers/{trusted(site, first, second, house)}/change"
    one, other = (proposed(send(first, change, FORM | {"grace": hours})) for hours in ("5", "6"))
    assert second.approve(one).status_code == 303
    assert second.approve(other).status_code == 422
    assert site.one("SELECT grace FROM certificate_issuer") == 5 * 3600


def test_a_list_is_brought_by_hand_and_must_be_signed(site: Site, first: Staff, second: Staff, house: House) -> None:
    path = f"/console/issuers/{trusted(site, first, second, house)}/list"
    assert send(first, path, {}, {"file": b""}).status_code == 422
    forged = send(first, path, {}, {"file": a_house("Example").issuing.crl()})
    assert forged.status_code == 422
    assert site.one("SELECT COUNT(*) FROM revocation_list") == 0
    now = site.now()
    crl = house.issuing.crl(this_update=now - 60, next_update=now + 3600, revoked=2)
    taken = send(first, path, {}, {"file": crl})
    assert taken.status_code == 303
    assert taken.headers["Location"].endswith("done=list_taken")
    assert send(first, path, {}, {"file": crl}).headers["Location"].endswith("done=list_unchanged")
    ((authority, _),) = elsewhere(site).get()
    assert authority.crls == (crl,)
    actors = site.one(
        "SELECT GROUP_CONCAT(actor || ' ' || result) FROM audit_event WHERE event LIKE 'issuer:revocation_list:%'"
    )
    assert actors == f"{first.party} refused,{first.party} ok"


def test_the_pages_tell_how_each_list_stands(site: Site, first: Staff, second: Staff, house: House) -> None:
    key = trusted(site, first, second, house)
    now = site.now()
    path = f"/console/issuers/{key}"
    for page in ("/console/issuers", path):
        assert URL in first.get(page).text
        assert "None" in first.get(f"{page}?lang=en").text  # of the address nothing has come yet
    send(first, f"{path}/list", {}, {"file": house.issuing.crl(this_update=now - 7200, next_update=now + 60)})
    for page in ("/console/issuers", path):
        assert "Valid" in first.get(page).text
    site.later += 120
    assert "In its grace" in first.get(path).text
    site.later += 7200
    assert "Expired" in first.sign_in().get(path).text


def test_nobody_else_sees_or_sends_anything(site: Site, first: Staff, second: Staff, house: House) -> None:
    key = trusted(site, first, second, house)
    stranger = on_duty(site, "wu.di", Role.AUDIT)
    for path in ("/console/issuers", "/console/issuers/add", f"/console/issuers/{key}"):
        assert stranger.get(path).status_code == 403
    assert stranger.submit(f"/console/issuers/{key}/switch", WHY).status_code == 403
    assert send(stranger, f"/console/issuers/{key}/list", {}, {"file": house.root.crl()}).status_code == 403
    assert first.get("/console/issuers/cai_unknown").status_code == 404
    assert enabled(elsewhere(site)) == [True]


def test_a_file_of_somebody_unknown_is_not_read(site: Site) -> None:
    client = site.app.test_client()

    class Body(BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("read")

    answer = client.post("/console/issuers/add", input_stream=Body(), content_type=KIND)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/console/signin")


def test_metrics_tell_how_long_each_list_is_good_for(site: Site, first: Staff, second: Staff, house: House) -> None:
    key = trusted(site, first, second, house)
    now = site.now()
    send(
        first,
        f"/console/issuers/{key}/list",
        {},
        {"file": house.issuing.crl(this_update=now, next_update=now + 5000)},
    )
    text = site.http.get("/metrics").text
    name = site.one("SELECT id FROM revocation_list")
    found = re.search(rf'idp_revocation_list_seconds_left{{list="{key}/{name}"}} ([0-9.]+)', text)
    assert found
    assert 4000 < float(found[1]) <= 5000 + site.later
    assert 'idp_revocation_lists{state="missing"} 1.0' in text
    assert 'idp_revocation_lists{state="fresh"} 1.0' in text
    assert site.http.get("/readyz").status_code == 200
