"""Being told before evidence ends: which notice is due when, once each, whatever the workers do."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.actions import Active, Directory
from idp.accounts.anchors import Anchors
from idp.accounts.rules import Mobile
from idp.audit import chains, init_audit
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.db import Database, Statement
from idp.messages import outbox
from idp.messages.outbox import init_outbox
from idp.proofing import ending
from idp.proofing.actions import add_evidence, ial
from idp.proofing.notices import tell_of_ends
from idp.proofing.rules import DAY, NOTICE_DAYS, Proof, carrying, identity_level, next_notice, renewable
from tests.provider import Browser, Site, add_person

RING = Ring((RingKey("2026", b"k" * 32),))
NOON = int(datetime(2027, 3, 1, 4, tzinfo=UTC).timestamp())
"""Midday in China."""
ENDS = int(datetime(2027, 4, 30, 16, tzinfo=UTC).timestamp())
"""Midnight in China at the end of 30 April."""

moments = st.integers(NOON - 40 * DAY, NOON + 40 * DAY)
proofs = st.lists(
    st.builds(
        Proof,
        id=st.uuids().map(str),
        kind=st.sampled_from(["name_number", "face", "counter"]),
        level=st.integers(2, 4),
        source=st.just("x"),
        proved_at=st.just(1),
        expires_at=st.none() | moments,
    ),
    max_size=5,
    unique_by=lambda proof: proof.id,
)


# The rules


@given(proofs, proofs)
def test_more_evidence_never_lowers_the_level_and_less_never_raises_it(some: list[Proof], more: list[Proof]) -> None:
    assert identity_level(some, now=NOON) <= identity_level(some + more, now=NOON)


@given(proofs)
def test_the_level_never_stands_above_its_evidence(some: list[Proof]) -> None:
    level = identity_level(some, now=NOON)
    assert level == 1 or any(proof.level == level and proof.valid(NOON) for proof in some)


@given(proofs, st.integers(0, 80 * DAY))
def test_time_alone_never_raises_the_level(some: list[Proof], later: int) -> None:
    assert identity_level(some, now=NOON + later) <= identity_level(some, now=NOON)


@given(proofs)
def test_the_level_falls_exactly_at_the_end_of_what_carries_it(some: list[Proof]) -> None:
    carrier, level = carrying(some, now=NOON), identity_level(some, now=NOON)
    if carrier is None:
        assert level == 1
    elif carrier.expires_at is None:
        assert identity_level(some, now=NOON + 1000 * DAY) == level
    else:
        assert identity_level(some, now=carrier.expires_at - 1) == level
        assert identity_level(some, now=carrier.expires_at) < level


@given(ends=moments, after=moments)
def test_the_next_notice_is_one_of_three_and_lies_ahead(ends: int, after: int) -> None:
    due = next_notice(ends, after=after)
    ahead = [ends - days * DAY for days in NOTICE_DAYS if ends - days * DAY > after]
    assert due == (ahead[0] if ahead else None)
    assert due is None or after < due < ends


@given(ends=moments)
def test_from_notice_to_notice_there_are_at_most_three(ends: int) -> None:
    at, seen = 0, []
    while (due := next_notice(ends, after=at)) is not None:
        seen.append((ends - due) // DAY)
        at = due
    assert seen == list(NOTICE_DAYS)
    assert next_notice(None, after=0) is None


@given(proofs)
def test_who_has_no_checked_name_a_month_from_now_may_check_it(some: list[Proof]) -> None:
    held = [p for p in some if p.valid(NOON) and (p.expires_at is None or p.expires_at > NOON + 30 * DAY)]
    assert renewable(some, now=NOON) is (not held)


# The worker


@pytest.fixture
def proved(site: Site) -> Site:
    """The person's name and number were checked; the document ends on 30 April."""
    prove(site, "name_number", 2, ENDS)
    return site


def prove(site: Site, kind: str, level: int, ends: int | None) -> None:
    with site.provider.database.transaction() as tx:
        add_evidence(tx, site.party(), kind=kind, level=level, source="test", expires_at=ends, now=NOON)


def run(site: Site, now: int) -> None:
    tell_of_ends(site.provider.database, site.provider.directory, now=now)


def told(site: Site) -> list[dict[str, str]]:
    return [message["params"] for message in site.outbox("sms") if message["template"] == "identity_ends"]


def daily(site: Site, first: int, last: int) -> list[int]:
    """Days before the end on which somebody was told, if the worker looks every noon."""
    days, before = [], len(told(site))
    for day in range(first, last, -1):
        run(site, ENDS - day * DAY + 12 * 3600)
        if len(told(site)) > before:
            days.append(day)
            before = len(told(site))
    return days


def test_the_person_is_told_30_7_and_1_days_before_and_never_again(proved: Site) -> None:
    assert daily(proved, 45, -5) == [30, 7, 1]
    assert told(proved) == [{"date": "2027-04-30"}] * 3
    assert proved.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:evidence:ending_told'") == 3


def test_nobody_is_woken_at_night(proved: Site) -> None:
    at_midnight = ENDS - 30 * DAY
    for hour in range(24):
        run(proved, at_midnight + hour * 3600)
        assert bool(told(proved)) is (hour >= 9)
    run(proved, ENDS - 7 * DAY + 21 * 3600)
    assert len(told(proved)) == 1


def test_after_a_long_silence_one_notice_makes_up_for_all(proved: Site) -> None:
    assert daily(proved, 3, -1) == [3, 1]


def test_who_proves_it_anew_hears_no_more_of_the_old_end(proved: Site) -> None:
    assert daily(proved, 31, 29) == [30]
    prove(proved, "name_number", 2, ENDS + 3650 * DAY)
    assert daily(proved, 29, -1) == []


def test_only_the_evidence_that_carries_the_level_is_told_of(proved: Site) -> None:
    prove(proved, "counter", 4, None)
    assert daily(proved, 31, -1) == []


def test_of_two_that_carry_it_the_one_that_lasts_longer_is_told_of(proved: Site) -> None:
    prove(proved, "face", 2, ENDS + 10 * DAY)
    assert daily(proved, 31, -1) == [20]
    assert told(proved) == [{"date": "2027-05-10"}]
    assert daily(proved, -1, -9) == [-3]


def test_evidence_that_was_short_from_the_beginning_skips_what_is_past(site: Site) -> None:
    prove(site, "name_number", 2, NOON + 5 * DAY)
    run(site, NOON + 3600)
    assert told(site) == []
    run(site, NOON + 4 * DAY + 3600)
    assert len(told(site)) == 1


def test_a_text_goes_out_in_the_persons_language_where_it_is_known(proved: Site) -> None:
    with proved.provider.database.transaction() as tx:
        proved.provider.directory.set_profile(tx, proved.party(), {"locale": "en"}, now=NOON)
    run(proved, ENDS - 30 * DAY + 12 * 3600)
    assert [message["locale"] for message in proved.outbox("sms")] == ["en"]


def test_a_closed_account_and_one_without_phone_get_no_text(proved: Site) -> None:
    with proved.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE party_identifier SET kind = 'was_mobile' WHERE kind = 'mobile'", int))
    run(proved, ENDS - 30 * DAY + 12 * 3600)
    assert told(proved) == []
    reason = "SELECT reason FROM audit_event WHERE event = 'person:evidence:ending_told'"
    assert proved.one(reason) == "no_phone"
    with proved.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE party SET status = 'closed'", int))
    run(proved, ENDS - 7 * DAY + 12 * 3600)
    assert proved.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:evidence:ending_told'") == 1


def test_workers_who_meet_tell_once(site: Site) -> None:
    people = [add_person(site.provider, f"1381234{number:04d}", None) for number in range(3, 11)]
    with site.provider.database.transaction() as tx:
        for party_id in people:
            add_evidence(tx, party_id, kind="name_number", level=2, source="t", expires_at=ENDS, now=NOON)
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        run(site, ENDS - 30 * DAY + 12 * 3600)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(told(site)) == len(people)


def test_more_people_than_fit_one_look_are_all_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_BATCH", 2)
    with site.provider.database.transaction() as tx:
        for number in range(5):
            add_evidence(tx, site.party(), kind=f"k{number}", level=2, source="t", expires_at=ENDS, now=NOON)
    run(site, ENDS - 30 * DAY + 12 * 3600)
    assert len(told(site)) == 1, "one person, one text, however many proofs end together"
    assert site.one("SELECT COUNT(*) FROM evidence WHERE notice_at <= :now", now=ENDS - 30 * DAY) == 0


def test_a_worker_that_fails_half_way_has_told_nobody_and_the_next_one_does(
    proved: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(ending, "enqueue_sms", lambda *_args, **_options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(proved, ENDS - 30 * DAY + 12 * 3600)
    run(proved, ENDS - 30 * DAY + 13 * 3600)
    assert len(told(proved)) == 1


# My account


def test_my_account_shows_the_level_its_evidence_and_its_end(site: Site, signed_in: Browser) -> None:
    empty = signed_in.get("/account/identity").text
    assert "Your identity has not been checked yet." in empty
    assert 'href="/identity/name"' in empty
    with site.provider.database.transaction() as tx:
        party = site.party()
        add_evidence(tx, party, kind="name_number", level=2, source="population-register", expires_at=None, now=1)
        add_evidence(tx, party, kind="face", level=3, source="vendor", expires_at=site.now() + 90 * DAY, now=1)
        add_evidence(tx, party, kind="counter", level=4, source="hall", expires_at=site.now() - 1, now=1)
        assert ial(tx, party, now=site.now()) == 3
    page = signed_in.get("/account/identity").text
    for text in ("Population register", "Without end", "Face check", "vendor", "Ended", "Valid until", "After that"):
        assert text in page
    assert 'href="/identity/name"' not in page


def test_what_ends_within_a_month_can_be_renewed_and_nothing_earlier(site: Site, signed_in: Browser) -> None:
    for days, renews in ((31, False), (29, True)):
        with site.provider.database.transaction() as tx:
            ends = site.now() + days * DAY
            add_evidence(tx, site.party(), kind="name_number", level=2, source="t", expires_at=ends, now=site.now())
        assert ('href="/identity/name"' in signed_in.get("/account/identity").text) is renews
        assert (signed_in.get("/identity/name").status_code == 200) is renews


# Over both databases


@pytest.fixture
def directory() -> Iterator[Directory]:
    """What finds people in a bare database, with an audit writer and an outbox beside it."""
    cipher = FieldCipher(RING)
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(cipher)
    yield Directory(cipher, BlindIndex(RING), Anchors(b"an anchor key of thirty-two bytes"))
    outbox._cipher = None
    chains._writer = None


def test_two_workers_over_one_database_tell_everybody_once(any_database: Database, directory: Directory) -> None:
    with any_database.transaction() as tx:
        for number in range(20):
            mobile = Mobile.parse(f"1381234{number:04d}")
            assert mobile
            opened = directory.open_person(tx, mobile=mobile, user_name=None, now=NOON)
            assert isinstance(opened, Active)
            add_evidence(tx, opened.party_id, kind="face", level=3, source="t", expires_at=ENDS, now=NOON)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        tell_of_ends(any_database, directory, now=ENDS - 7 * DAY + 12 * 3600)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    count = Statement("SELECT COUNT(*), COUNT(DISTINCT party_id) FROM outbox WHERE kind = 'sms'", lambda *row: row)
    with any_database.autocommit() as tx:
        assert tx.all(count) == [(20, 20)]
        assert tx.all(Statement("SELECT DISTINCT notice_at FROM evidence", int)) == [ENDS - DAY]
