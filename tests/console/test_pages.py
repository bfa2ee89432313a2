"""Every page of the console: its guard, its roles, its record of a look; departments apart; the auditor's trail."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from idp.accounts.actions import Directory
from idp.channels.actions import add
from idp.channels.rules import Channel
from idp.cli.mandates import apply_themes
from idp.console.guards import is_personal, operator, roles_of
from idp.console.pages import MENU
from idp.console.rules import Role
from idp.web.guards import Guard, guard_of
from tests.console.staff import WHY, Staff, on_duty
from tests.console.test_people import trail
from tests.issuers.making import a_house
from tests.provider import PHONE, Site
from tests.recovery.last_way import file
from tests.reviews.making import filed, reviews_offered  # noqa: F401

OPEN = {"console.signin", "console.signin_code", "console.signout", "console.enrol"}
"""What is reached before both factors were proved; nothing of a person or an app is behind it."""


def console_endpoints(app: Flask) -> list[str]:
    return sorted({rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/console")})


APPLICATION = {"capability": "name_check", "purpose": "低保资格复核", "law": "《社会救助暂行办法》", "daily": "2"}


def test_every_page_of_the_console_is_kept_for_declared_roles(shared_app: Flask) -> None:
    found = console_endpoints(shared_app)
    assert len(found) > 12
    assert set(found) >= OPEN
    for endpoint in found:
        view = shared_app.view_functions[endpoint]
        if endpoint not in OPEN:
            assert guard_of(shared_app, endpoint) is Guard.OPERATOR, endpoint
            assert roles_of(view), endpoint
    assert not [
        endpoint
        for endpoint, view in shared_app.view_functions.items()
        if roles_of(view) and not endpoint.startswith("console.")
    ]


def test_the_menu_leads_only_where_the_roles_may_go(shared_app: Flask) -> None:
    for _, endpoint, roles in MENU:
        assert set(roles) == set(roles_of(shared_app.view_functions[endpoint]))


_GUARDIANSHIP = """
INSERT INTO mandate (id, kind, principal_id, agent_id, represented_id, theme, theme_version, scope, struck, state,
 valid_from, valid_to, may_delegate, waived, requested_by, created_at, text_hash, unit)
VALUES ('mnd_1', 'statutory', :party, :party, :party, 'social.pension', 1, '{"actions":[],"services":[]}', '',
 'active', 1, 9999999999, 0, 0, 'op', 1, '', '')
"""


def addresses(site: Site, clerk: Staff) -> dict[str, str]:
    """A real address of every page that is read."""
    site.browser().sign_in().submit("/account/disputes/new", {"item": "level", "text": "应当更高"})
    person = clerk.look_at()
    proposal = clerk.propose("suspend")
    reference = file(site.browser())
    clerk.submit("/console/recoveries", {"request": reference, **WHY})
    number = filed(site, site.browser().sign_in())
    clerk.submit("/console/reviews", {"number": number, **WHY})
    with site.provider.database.transaction() as tx:
        add(tx, Channel("cs-430121", "county", "长沙县", "", "430121", active=True), now=site.now())
    issuer = a_house("Example").add(site.provider.database, now=site.now())
    apply_themes(site.provider.database, Path("config/themes/demo.toml"), now=site.now())
    site.provider.themes.expire()
    site.execute(_GUARDIANSHIP, party=site.party())
    return {
        "console.home": "/console",
        "console.people": "/console/people",
        "console.person": person,
        "console.intervene": f"{person}/sign-out",
        "console.guardianships": f"{person}/guardianships",
        "console.guardianship": f"{person}/guardianships/social.pension",
        "console.end_guardianship": f"{person}/guardianships/end/mnd_1",
        "console.disputes": "/console/disputes",
        "console.dispute": f"/console/disputes/{site.one('SELECT id FROM dispute')}",
        "console.recoveries": "/console/recoveries",
        "console.recovery": f"/console/recoveries/{reference}",
        "console.reviews": "/console/reviews",
        "console.review": f"/console/reviews/{number}",
        "console.review_photo": f"/console/reviews/{number}/front",
        "console.proposals": "/console/proposals",
        "console.proposal": proposal,
        "console.clients": "/console/clients",
        "console.client": "/console/clients/app",
        "console.apply_capability": "/console/clients/app/apply",
        "console.capability": clerk.submit("/console/clients/app/apply", APPLICATION).headers["Location"],
        "console.channels": "/console/channels",
        "console.poster": "/console/channels/cs-430121/poster.svg",
        "console.issuers": "/console/issuers",
        "console.add_issuer": "/console/issuers/add",
        **{
            f"console.{name}": f"/console/issuers/{issuer.id}{path}"
            for name, path in (
                ("issuer", ""),
                ("change_issuer", "/change"),
                ("switch_issuer", "/switch"),
                ("bring_list", "/list"),
            )
        },
        "console.operators": "/console/operators",
        "console.invite": "/console/operators/invite",
        "console.audit": "/console/audit",
    }


def test_whatever_reads_a_person_leaves_a_record_of_the_look(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = on_duty(site, "li.na", *Role, sectors=("one",))
    pages = addresses(site, clerk)
    assert set(pages) == set(console_endpoints(site.app)) - OPEN
    read: list[str] = []
    whole = Directory.person

    def noting(self: Directory, tx: object, party_id: str) -> object:
        read.append(party_id)
        return whole(self, tx, party_id)  # type: ignore[arg-type]

    monkeypatch.setattr(Directory, "person", noting)
    for endpoint, address in pages.items():
        read.clear()
        before = site.one("SELECT COUNT(*) FROM audit_event")
        assert clerk.get(address).status_code == 200, address
        personal = is_personal(site.app.view_functions[endpoint])
        assert bool(read) <= personal, f"{endpoint} reads a person and is not declared personal"
        added = site.one("SELECT COUNT(*) FROM audit_event") - before
        assert (added > 0) == personal, endpoint


def test_a_personal_page_without_a_record_is_not_shown(site: Site) -> None:
    clerk = on_duty(site, "li.na", Role.REVIEW)
    secretive = operator(Role.REVIEW, personal=True)(lambda: "138 1234 0001")
    secret = clerk.browser.client.get_cookie("tb_op")
    assert secret
    with (
        site.app.test_request_context("/console", headers={"Cookie": f"tb_op={secret.value}"}),
        pytest.raises(RuntimeError, match="without an audit record"),
    ):
        secretive()


# -- roles


@pytest.fixture
def tax(site: Site) -> Staff:
    return on_duty(site, "tax.admin", Role.DEPARTMENT, sectors=("one",))


def test_a_department_operator_sees_its_own_apps_and_no_others(tax: Staff) -> None:
    page = tax.get("/console/clients").text
    assert "/console/clients/app" in page
    assert "/console/clients/post" not in page
    assert "/console/clients/machine" not in page
    assert tax.get("/console/clients/app").status_code == 200
    for other in ("post", "machine", "nobody"):
        assert tax.get(f"/console/clients/{other}").status_code == 404


def test_a_department_operator_sees_no_persons_and_decides_nothing(site: Site, tax: Staff) -> None:
    clerk = on_duty(site, "li.na", Role.REVIEW)
    person, proposal = clerk.look_at(), clerk.propose("suspend")
    for path in (
        "/console/people",
        person,
        f"{person}/sign-out",
        "/console/proposals",
        proposal,
        "/console/operators",
        "/console/operators/invite",
        "/console/audit",
    ):
        assert tax.get(path).status_code == 403, path
    assert tax.submit("/console/people", {"identifier": PHONE, **WHY}).status_code == 403
    assert tax.submit(proposal, {**WHY, "decision": "approve"}).status_code == 403
    assert len(trail(site, "operator:page:refused")) == 10


def test_each_role_has_its_own_places(site: Site) -> None:
    def open_to(*roles: Role) -> set[str]:
        staff = on_duty(site, f"x-{'-'.join(roles)}", *roles)
        paths = ("people", "recoveries", "proposals", "clients", "channels", "operators", "audit")
        return {path for path in paths if staff.get(f"/console/{path}").status_code == 200}

    assert open_to(Role.AUDIT) == {"audit"}
    assert open_to(Role.REVIEW) == {"people", "recoveries", "proposals"}
    assert open_to(Role.COUNTER) == {"recoveries", "proposals"}
    assert open_to(Role.PLATFORM) == {"people", "proposals", "clients", "channels", "operators"}


# -- the trail


@pytest.fixture
def auditor(site: Site) -> Staff:
    return on_duty(site, "sun.li", Role.AUDIT)


def asked(auditor: Staff, **wanted: str) -> str:
    answer = auditor.submit("/console/audit", wanted)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(page: str) -> str:
    """The records, without the form that names every event."""
    return page.partition("<tbody")[2]


def test_the_auditor_reads_who_looked_at_whom_and_why(site: Site, auditor: Staff) -> None:
    clerk = on_duty(site, "li.na", Role.REVIEW)
    clerk.get(clerk.look_at())
    page = rows(asked(auditor, subject=site.party()))
    assert "operator:person:viewed" in page
    assert clerk.party in page
    assert WHY["reason"] in page
    assert "operator:person:viewed" in rows(asked(auditor, actor=clerk.party))
    only = rows(asked(auditor, actor=clerk.party, event="operator:person:sought"))
    assert "operator:person:viewed" not in only
    assert only.count(clerk.party + " → ") == 1


def test_reading_the_trail_is_recorded(site: Site, auditor: Staff) -> None:
    asked(auditor, subject=site.party(), event="operator:person:viewed")
    ((_, actor, subject, detail),) = trail(site, "operator:audit:read")
    assert (actor, subject) == (auditor.party, site.party())
    assert "event=operator:person:viewed" in detail


def test_what_was_typed_into_the_filter_stands_in_the_trail_only_as_far_as_it_is_an_id(
    site: Site, auditor: Staff
) -> None:
    asked(auditor, subject=PHONE, actor=PHONE)
    asked(auditor, subject="app")
    assert [row[2] for row in trail(site, "operator:audit:read")] == [None, "app"]
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%138%'") == 0


def test_the_trail_is_paged(site: Site, auditor: Staff) -> None:
    for _ in range(60):
        site.browser().submit("/signin", {"identifier": PHONE, "password": "Not-the-right-1"})
    page = asked(auditor, subject=site.party())
    assert page.count("<tr") == 51
    paging = page.partition("<nav")[2]
    assert f'name="subject" value="{site.party()}"' in paging
    older = re.search(r'name="before" value="([^"]+)"', paging)
    assert older
    second = asked(auditor, subject=site.party(), before=older[1])
    assert "person:password:refused" in rows(second)
    assert not set(re.findall(r"<tr>.*?</tr>", rows(second), re.S)) & set(
        re.findall(r"<tr>.*?</tr>", rows(page), re.S)
    )
    assert 'name="before" value=""' in second


def test_what_is_typed_into_the_filter_stands_in_no_address(site: Site, auditor: Staff) -> None:
    page = asked(auditor, subject=PHONE)
    assert 'method="get"' not in page
    assert not re.search(rf'(?:href|action)="[^"]*{PHONE}', page)
    plain = auditor.get("/console/audit").text
    assert rows(auditor.get(f"/console/audit?subject={PHONE}").text).count("<tr") >= rows(plain).count("<tr") > 1


@pytest.mark.parametrize(
    ("wanted", "status"),
    [({"since": "x"}, 422), ({"until": "2026-13-01"}, 422), ({"since": "0001-01-01"}, 422), ({"event": "none"}, 422),
     ({"actor": "'"}, 422), ({"subject": "a" * 81}, 422), ({"since": "2026-01-01", "until": "2026-03-01"}, 422),
     ({"since": "2099-01-01"}, 200), ({"until": "2000-01-01"}, 200)],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_said_or_finds_nothing(
    auditor: Staff, wanted: dict[str, str], status: int
) -> None:
    answer = auditor.submit("/console/audit", wanted)
    assert answer.status_code == status
    assert rows(answer.text) == ""


def test_a_day_is_searched_in_the_time_of_china(auditor: Staff, site: Site) -> None:
    day = (datetime.fromtimestamp(site.now(), UTC) + timedelta(hours=8)).strftime("%Y-%m-%d")
    assert "operator:session:begun" in rows(asked(auditor, since=day, until=day))
    assert "operator:session:begun" not in rows(asked(auditor, since="2020-01-01", until="2020-01-02"))
