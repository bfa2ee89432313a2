"""Disputes as operators work with them: a queue by urgency, one answer, word to the person, alarms."""

from datetime import date

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from idp.cli import cli, work
from idp.cli.context import Context
from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.rings import parse_ring
from idp.db import Statement
from idp.disputes.actions import Denied, Dispute
from idp.disputes.rotation import reseal_disputes
from idp.disputes.rules import MOST_WAITING, Decision, Item, Refusal, State, last_second
from tests.provider import PHONE, Site, add_person, keys_of

NOW = last_second(date(2026, 11, 26)) - 3600
TEXT = "名字里的“䶮”写成了“龚”。"


def file(site: Site, party: str, *, now: int = NOW, item: Item = Item.VERIFIED_NAME) -> Dispute | Denied:
    with site.provider.database.transaction() as tx:
        return site.provider.disputes.file(tx, party, item=item, text=TEXT, locale="zh", now=now)


def filed(site: Site, party: str, *, now: int = NOW) -> Dispute:
    made = file(site, party, now=now)
    assert isinstance(made, Dispute)
    return made


def answer(site: Site, dispute: Dispute, decision: Decision = Decision.ACCEPTED, reason: str = "已更正") -> object:
    with site.provider.database.transaction() as tx:
        return site.provider.disputes.answer(
            tx, dispute.id, operator="opr_1", decision=decision, reason=reason, now=NOW + 60
        )


def waiting(site: Site, **options: object) -> list[Dispute]:
    with site.provider.database.autocommit() as tx:
        return site.provider.disputes.waiting(tx, **options)  # type: ignore[arg-type]


def test_a_dispute_is_due_at_the_end_of_its_tenth_working_day(site: Site) -> None:
    assert filed(site, site.party()).due_at == last_second(date(2026, 12, 10))


def test_the_queue_begins_with_what_is_due_first_and_has_pages(site: Site) -> None:
    later, first = filed(site, site.party(), now=NOW), filed(site, site.party(), now=NOW - 5 * 86400)
    third = filed(site, site.party(), now=NOW + 86400)
    assert [d.id for d in waiting(site)] == [first.id, later.id, third.id]
    assert [d.id for d in waiting(site, limit=1)] == [first.id]
    assert [d.id for d in waiting(site, place=first.place, limit=1)] == [later.id]
    assert waiting(site)[0].text == TEXT


@pytest.mark.parametrize("decision", list(Decision))
def test_an_answer_settles_once_and_the_person_is_told(site: Site, decision: Decision) -> None:
    dispute = filed(site, site.party())
    settled = answer(site, dispute, decision)
    assert isinstance(settled, Dispute)
    assert (settled.state, settled.answer, settled.operator) == (State(decision.value), "已更正", "opr_1")
    assert answer(site, dispute) == Denied(Refusal.NOT_WAITING)
    assert [m["template"] for m in site.outbox("sms")] == ["dispute_answered"]
    assert waiting(site) == []
    told = site.one("SELECT detail FROM audit_event WHERE event = 'operator:dispute:answered'")
    assert decision.value in told
    assert "更正" not in told


def test_an_answer_needs_a_reason_and_a_dispute_that_waits(site: Site) -> None:
    dispute = filed(site, site.party())
    assert answer(site, dispute, reason="  ") == Denied(Refusal.REASON_MISSING)
    with site.provider.database.transaction() as tx:
        assert site.provider.disputes.withdraw(tx, dispute.party_id, dispute.id, now=NOW)
        assert not site.provider.disputes.withdraw(tx, dispute.party_id, dispute.id, now=NOW)
    assert answer(site, dispute) == Denied(Refusal.NOT_WAITING)
    assert site.outbox("sms") == []


def test_somebody_elses_dispute_is_not_withdrawn(site: Site) -> None:
    dispute, other = filed(site, site.party()), add_person(site.provider, "13898760002", None)
    with site.provider.database.transaction() as tx:
        assert not site.provider.disputes.withdraw(tx, other, dispute.id, now=NOW)
        assert site.provider.disputes.of_party(tx, other) == []


def test_nobody_keeps_more_than_ten_waiting(site: Site) -> None:
    disputes = [filed(site, site.party()) for _ in range(MOST_WAITING)]
    assert file(site, site.party()) == Denied(Refusal.TOO_MANY_OPEN)
    answer(site, disputes[0])
    filed(site, site.party())


def test_texts_are_sealed_each_for_its_own_row(site: Site) -> None:
    one, other = filed(site, site.party()), filed(site, site.party())
    answer(site, one, reason="证件上如此")
    raw = (site.directory / "idp.db").read_bytes() + (site.directory / "idp.db-wal").read_bytes()
    assert TEXT.encode() not in raw
    assert "证件上如此".encode() not in raw
    with site.provider.database.transaction() as tx:
        move = Statement("UPDATE dispute SET text = (SELECT text FROM dispute WHERE id = :a) WHERE id = :b", int)
        tx.run(move, a=one.id, b=other.id)
    with pytest.raises(FieldUnreadable):
        waiting(site)


def test_texts_come_under_a_new_key(site: Site) -> None:
    answer(site, filed(site, site.party()))
    cipher = FieldCipher(parse_ring([f"g1:{keys_of('g')}", f"f1:{keys_of('f')}"], name="test"))
    assert reseal_disputes(site.provider.database, cipher) == 2
    assert reseal_disputes(site.provider.database, cipher) == 0


def test_what_is_overdue_is_said_by_metrics_log_and_doctor(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    monkeypatch.setattr("idp.cli.maintenance.is_current", lambda _: True)
    assert "idp_disputes_overdue 0.0" in site.http.get("/metrics").text
    filed(site, site.party(), now=1_760_000_000)
    assert "idp_disputes_overdue 1.0" in site.http.get("/metrics").text
    with capture_logs() as logs:
        work._look_at_waiting(site.provider, NOW)
    assert ("disputes_overdue", "error") in [(log["event"], log["log_level"]) for log in logs]
    sick = CliRunner().invoke(cli, ["doctor"])
    assert sick.exit_code == 1
    assert "wrong: disputes: 1 wait although their day has passed" in sick.output


def test_a_missing_year_is_said_when_a_dispute_is_filed_into_it(site: Site) -> None:
    with capture_logs() as logs:
        made = filed(site, site.party(), now=last_second(date(2199, 12, 30)))
    assert [log["year"] for log in logs if log["event"] == "calendar_year_missing"] == [2199, 2200]
    assert made.due_at == last_second(date(2200, 1, 13))
    assert PHONE not in str(logs)
