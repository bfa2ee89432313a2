"""Capabilities of department apps: applied for, granted by two, used within a quota, withdrawn by one."""

import re
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from click.testing import CliRunner

from idp.cli import cli
from idp.clients import permits
from idp.clients.capabilities import Capability, CapabilityRefusal, Permit, PermitState, Terms, read_terms
from idp.console.justifications import Justifications
from idp.console.rules import Role
from tests.console.staff import WHY, Staff, on_duty
from tests.provider import Site

TERMS = {"capability": "name_check", "purpose": {"zh": "低保资格复核"}, "law": "《社会救助暂行办法》", "daily": 2}
FORM = {"capability": "name_check", "purpose": "低保资格复核", "law": "《社会救助暂行办法》", "daily": "2"}


@pytest.fixture
def first(site: Site) -> Staff:
    return on_duty(site, "li.na", Role.PLATFORM)


@pytest.fixture
def second(site: Site) -> Staff:
    return on_duty(site, "zhao.min", Role.PLATFORM)


def applied(site: Site, **changes: object) -> str:
    terms, client = read_terms(TERMS | changes), site.provider.registry.get("app")
    assert isinstance(terms, Terms)
    assert client is not None
    with site.provider.database.transaction() as tx:
        key = permits.apply(tx, client, terms, actor=None, now=site.now())
    assert not isinstance(key, CapabilityRefusal)
    return key


def granted(site: Site) -> dict[Capability, Permit]:
    site.provider.registry.expire()
    client = site.provider.registry.get("app")
    assert client is not None
    return dict(client.capabilities)


def state(site: Site, key: str) -> str:
    return str(site.one("SELECT state FROM capability_permit WHERE id = :id", id=key))


def decide(staff: Staff, key: str, decision: str) -> str:
    answer = staff.submit(f"/console/capabilities/{key}", {**WHY, "decision": decision})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def test_a_department_applies_and_two_of_the_platform_grant(site: Site, first: Staff, second: Staff) -> None:
    department = on_duty(site, "sun.li", Role.DEPARTMENT, sectors=("one",))
    answer = department.submit("/console/clients/app/apply", FORM)
    assert answer.status_code == 303, answer.text
    key = answer.headers["Location"].partition("?")[0].rpartition("/")[2]
    assert "低保资格复核" in department.get("/console/clients/app").text
    assert department.submit(f"/console/capabilities/{key}", {**WHY, "decision": "grant"}).status_code == 403
    proposal = decide(first, key, "grant")
    assert "《社会救助暂行办法》" in second.get(proposal).text
    assert first.approve(proposal).status_code == 422  # never one's own
    assert granted(site) == {}
    assert second.approve(proposal).status_code == 303
    assert granted(site)[Capability.NAME_CHECK].id == key
    assert state(site, key) == "granted"


def test_the_platform_withdraws_alone_and_at_once(site: Site, first: Staff, second: Staff) -> None:
    key = applied(site)
    second.approve(decide(first, key, "grant"))
    assert granted(site)
    decide(first, key, "withdraw")
    assert granted(site) == {}
    again = first.submit(f"/console/capabilities/{key}", {**WHY, "decision": "withdraw"})
    assert again.status_code == 422
    assert state(site, key) == "withdrawn"


def test_what_is_refused_or_decided_is_granted_by_no_proposal_made_before(
    site: Site, first: Staff, second: Staff
) -> None:
    old = applied(site)
    second.approve(decide(first, old, "grant"))
    new = applied(site, daily=50)
    proposal = decide(first, new, "grant")
    decide(first, new, "refuse")
    with site.provider.database.transaction() as tx:  # as if it had been refused while the approval was decided on
        permit = permits.find(tx, new)
        assert permit is not None
        assert not permits.grant(tx, permit, actor="pty_1", now=site.now())
    assert second.approve(proposal).status_code == 422
    assert granted(site)[Capability.NAME_CHECK].id == old


def test_a_newer_permit_takes_the_place_of_the_one_in_force(site: Site, first: Staff, second: Staff) -> None:
    old = applied(site)
    second.approve(decide(first, old, "grant"))
    new = applied(site, daily=50)
    second.approve(decide(first, new, "grant"))
    assert state(site, old) == PermitState.REPLACED
    assert granted(site)[Capability.NAME_CHECK].terms.daily == 50


def test_one_application_stands_open_and_public_clients_make_none(site: Site, first: Staff) -> None:
    applied(site)
    assert first.submit("/console/clients/app/apply", FORM).status_code == 422
    assert first.submit("/console/clients/spa/apply", FORM).status_code == 422
    assert site.one("SELECT COUNT(*) FROM capability_permit") == 1


def reasons(site: Site, event: str) -> list[str]:
    """What was stated for each record of ``event``; a record that names no reason there is fails."""
    told = str(site.one("SELECT GROUP_CONCAT(detail, '|') FROM audit_event WHERE event = :event", event=event))
    with site.provider.database.autocommit() as tx:
        found = [justifications(site).read(tx, orjson.loads(one)["because"]) for one in told.split("|")]
    return [why.text for why in found if why is not None]


def justifications(site: Site) -> Justifications:
    return Justifications(site.provider.cipher)


def test_every_decision_leads_to_its_reason_and_its_permit(site: Site, first: Staff, second: Staff) -> None:
    granted_one, refused_one = applied(site), applied(site, capability="face_check")
    second.approve(decide(first, granted_one, "grant"))
    decide(first, granted_one, "withdraw")
    decide(first, refused_one, "refuse")
    for event, permit in (("withdrawn", granted_one), ("refused", refused_one)):
        assert reasons(site, f"operator:capability:{event}") == [WHY["reason"]]
        detail = site.one("SELECT detail FROM audit_event WHERE event = :event", event=f"operator:capability:{event}")
        assert orjson.loads(detail)["permit"] == permit
    assert reasons(site, "operator:proposal:approved") == [WHY["reason"]]


def test_who_comes_too_late_with_the_kill_switch_is_recorded(
    site: Site, first: Staff, second: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = applied(site)
    second.approve(decide(first, key, "grant"))
    with site.provider.database.autocommit() as tx:
        before = permits.find(tx, key)
    decide(second, key, "withdraw")
    monkeypatch.setattr(permits, "find", lambda _tx, _key: before)
    late = first.submit(f"/console/capabilities/{key}", {**WHY, "decision": "withdraw"})
    assert late.status_code == 422
    told = site.one("SELECT actor || ' ' || reason FROM audit_event WHERE result = 'refused'")
    assert told == f"{first.party} capability_not_open"
    assert reasons(site, "operator:capability:withdrawn") == [WHY["reason"]] * 2


def test_both_operators_see_the_purpose_in_every_language(site: Site, first: Staff, second: Staff) -> None:
    key = applied(site, purpose={"zh": "低保资格复核", "en": "Selling to advertisers"})
    for page in (f"/console/capabilities/{key}", decide(first, key, "grant")):
        text = second.get(page).text
        assert "低保资格复核" in text
        assert "Selling to advertisers" in text


@pytest.mark.parametrize(
    "wrong", [{"daily": "0"}, {"daily": "many"}, {"capability": "everything"}, {"purpose": ""}, {"law": "长" * 201}]
)
def test_an_application_is_whole_or_none(site: Site, first: Staff, wrong: dict[str, str]) -> None:
    assert first.submit("/console/clients/app/apply", FORM | wrong).status_code == 422
    assert site.one("SELECT COUNT(*) FROM capability_permit") == 0


def test_another_department_sees_nothing_of_it(site: Site) -> None:
    key = applied(site)
    stranger = on_duty(site, "guo.an", Role.DEPARTMENT, sectors=("two",))
    assert stranger.get(f"/console/capabilities/{key}").status_code == 404
    assert stranger.get("/console/clients/app/apply").status_code == 404


def test_of_parallel_uses_a_day_gives_no_more_than_its_quota(site: Site) -> None:
    key = applied(site, daily=3)
    with site.provider.database.transaction() as tx:
        permit = permits.find(tx, key)
        assert permit is not None
        assert permits.grant(tx, permit, actor="pty_1", now=site.now())

    def use(_: int) -> int | None:
        with site.provider.database.transaction() as tx:
            return permits.spend(tx, permit, now=site.now())

    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(use, range(8)))
    assert waits.count(None) == 3
    assert all(0 < wait <= 86400 for wait in waits if wait is not None)
    with site.provider.database.autocommit() as tx:
        counted = {use.result: use.count for use in permits.uses(tx, "app", days=1, now=site.now())}
    assert counted == {"started": 3, "quota_used_up": 5}
    site.later += 86400
    assert use(0) is None


def test_the_command_applies_reports_and_withdraws(
    site: Site, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.cli.context.Context.database", lambda _self: site.provider.database)

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli, ["client", "capability", *words])
        return f"{done.exit_code} {done.output}"

    said = run(
        "apply", "app", "name_check", "--purpose", "低保资格复核", "--law", "《社会救助暂行办法》", "--daily", "2"
    )
    found = re.search(r"cpm_\w+", said)
    assert found, said
    with site.provider.database.transaction() as tx:
        permit = permits.find(tx, found[0])
        assert permit is not None
        assert permits.grant(tx, permit, actor="pty_1", now=site.now())
        permits.spend(tx, permit, now=site.now())
    assert "granted" in run("list", "app")
    assert "started" in run("report", "app")
    assert run("withdraw", "app", "name_check").startswith("0 ")
    assert run("withdraw", "app", "name_check").startswith("1 ")
