"""What a tie is worth: nothing but a confirmed, active, lately checked one counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.entities.rules import (
    Acting,
    EntityRefusal,
    RepresentedStatus,
    RoleState,
    Tie,
    Via,
    is_stale,
    judge,
    represented_level,
    role_of,
    worth,
)
from idp.proofing.ports import REPRESENTING, EnterpriseRecord, EntityStatus, EntityType, RegisterRole
from idp.proofing.rules import Evidence

NOW, DAY = 1_800_000_000, 86400
USCC = "91430100MA0000007Q"
ties = st.builds(
    Tie,
    st.just("pty_1"),
    st.sampled_from(RoleState),
    st.sampled_from(RegisterRole),
    st.sampled_from(EntityStatus),
    st.integers(NOW - 2 * DAY, NOW),
    st.integers(1, 4),
)
records = st.builds(
    EnterpriseRecord,
    name=st.just("单位"),
    uscc=st.sampled_from([USCC, "92420100MA4K00029K"]),
    entity_type=st.sampled_from(EntityType),
    status=st.sampled_from(EntityStatus),
    name_matches=st.sampled_from([None, True, False]),
    representative_matches=st.sampled_from([None, True, False]),
    roles=st.frozensets(st.sampled_from(RegisterRole)),
    version=st.just("1"),
    as_of=st.just(NOW),
)


@given(ties)
def test_only_a_confirmed_active_proved_and_lately_checked_tie_counts(tie: Tie) -> None:
    counts = (
        tie.state == RoleState.CONFIRMED
        and tie.status == EntityStatus.ACTIVE
        and NOW - tie.checked_at < DAY
        and tie.level >= 2
    )
    assert (worth(tie, recheck=DAY, now=NOW) is RepresentedStatus.CURRENT) == counts
    assert represented_level(tie, recheck=DAY, now=NOW) == (tie.level if counts else 0)


@given(ties, st.integers(0, 3 * DAY))
def test_time_alone_never_gives_power(tie: Tie, later: int) -> None:
    before, after = (represented_level(tie, recheck=DAY, now=at) for at in (NOW, NOW + later))
    assert after <= before


@given(ties)
def test_asking_the_register_is_needed_for_confirmed_ties_only(tie: Tie) -> None:
    assert not is_stale(tie, recheck=DAY, now=NOW) or tie.state == RoleState.CONFIRMED


def test_who_has_no_role_any_more_has_expired_in_the_session() -> None:
    assert worth(None, recheck=DAY, now=NOW) is RepresentedStatus.EXPIRED_IN_SESSION
    assert represented_level(None, recheck=DAY, now=NOW) == 0


@given(records, st.sampled_from(EntityType))
def test_only_a_record_that_agrees_in_everything_lets_somebody_register(
    record: EnterpriseRecord, kind: EntityType
) -> None:
    verdict = judge(record, uscc=USCC, entity_type=kind)
    agrees = (
        record.uscc == USCC
        and record.status is EntityStatus.ACTIVE
        and record.name_matches is True
        and record.representative_matches is True
        and record.entity_type is kind
        and bool(record.roles & REPRESENTING)
    )
    assert isinstance(verdict, RegisterRole) == agrees
    if isinstance(verdict, RegisterRole):
        assert verdict in record.roles & REPRESENTING


@given(records)
def test_a_partner_speaks_for_nobody(record: EnterpriseRecord) -> None:
    assert role_of(record) is not RegisterRole.PARTNER


@pytest.mark.parametrize("status", [status for status in EntityStatus if status is not EntityStatus.ACTIVE])
def test_every_status_that_is_not_active_has_its_refusal(status: EntityStatus) -> None:
    assert f"entity_{status}" in tuple(EntityRefusal)


@given(st.sampled_from(RegisterRole), st.sampled_from(Via))
def test_acting_is_written_so_that_it_is_read_back(role: RegisterRole, via: Via) -> None:
    acting = Acting("pty_1", role, via)
    assert Acting.parse(acting.text) == acting
    assert Acting.parse(None) is None


@given(st.lists(st.tuples(st.sampled_from(["pty_1", "pty_2"]), st.builds(Evidence, st.integers(2, 4), st.none()))))
def test_anothers_proofs_never_count(proofs: list[tuple[str, Evidence]]) -> None:
    tie = Tie("pty_1", "confirmed", "sole_trader", "active", NOW).leveled(proofs, now=NOW)
    assert tie.level == max((proof.level for entity, proof in proofs if entity == "pty_1"), default=1)
