"""Issuers: added, changed, switched off and on, and held in process by every node."""

import time
from pathlib import Path

from idp.crypto.certificates import Authority
from idp.db import Database, Statement
from idp.issuers import actions
from idp.issuers.authorities import Authorities, load_profiles
from idp.issuers.importing import checked
from idp.issuers.profiles import BUILT_IN
from idp.issuers.revocation import ListIntake, Taken
from idp.issuers.rules import Declaration, Issuer, IssuerRefusal, IssuerState, Usage
from idp.settings.certificates import Certificates
from idp.state.versions import read
from tests.issuers.making import NOW, SM2, House, a_ca, a_house

EVENTS = Statement("SELECT event FROM audit_event WHERE subject = :id ORDER BY seq", str)
URL = "http://crl.example.cn/a.crl"


def authorities(database: Database, **chosen: object) -> Authorities:
    return Authorities(database, BUILT_IN, Certificates(**chosen))  # type: ignore[arg-type]


def one(database: Database, **chosen: object) -> Authority:
    ((found, _),) = authorities(database, **chosen).get()
    return found


def switch(database: Database, key: str, state: IssuerState) -> IssuerRefusal | None:
    with database.transaction() as tx:
        return actions.switch(tx, key, state, actor="pty_1", now=NOW)


def test_an_issuer_is_read_back_as_it_was_added(any_database: Database, house: House) -> None:
    added = house.add(any_database, crl_urls=(URL,), grace=7200, usage=Usage.ENTITIES, title_en="Example")
    with any_database.autocommit() as tx:
        assert actions.find(tx, added.id) == added
        assert actions.find(tx, "cai_unknown") is None
        assert tx.all(EVENTS, id=added.id) == ["operator:issuer:added"]
        assert [source.url for source in actions.sources(tx)] == [URL]
    assert added.title("en") == "Example"
    assert added.title("zh") == "示例证书颁发机构"


def test_the_same_certificates_are_not_trusted_twice(any_database: Database, house: House) -> None:
    added = house.add(any_database)
    with any_database.transaction() as tx:
        again = actions.add(tx, added.declared, added.certificates, actor=None, now=NOW)
        below = a_ca("Another CA", house.root)
        other = checked([house.root.der], [below.der], sm2=SM2)
        assert isinstance(other, tuple)
        beside = actions.add(tx, added.declared, [found.stored for found in other], actor=None, now=NOW)
    assert again is IssuerRefusal.KNOWN
    assert isinstance(beside, Issuer)  # a national root stands above several


def test_an_issuer_without_a_root_or_with_too_many_certificates_is_none(database: Database, house: House) -> None:
    added = house.add(database)
    root = next(found for found in added.certificates if found.kind == "anchor")
    with database.transaction() as tx:
        below = [found for found in added.certificates if found != root]
        assert actions.add(tx, added.declared, below, actor=None, now=NOW) is IssuerRefusal.NO_ANCHOR
        many = [root._replace(fingerprint=f"{number:064x}") for number in range(17)]
        assert actions.add(tx, added.declared, many, actor=None, now=NOW) is IssuerRefusal.TOO_MANY


def test_a_change_adds_certificates_and_keeps_what_addresses_stay(any_database: Database, house: House) -> None:
    added = house.add(any_database, crl_urls=(URL, "http://crl.example.cn/gone.crl"))
    with any_database.autocommit() as tx:
        kept = next(source.id for source in actions.sources(tx) if source.url == URL)
    declared = Declaration("新名称", profile="gmt0015", crl_urls=(URL, "https://crl.example.cn/new.crl"), grace=60)
    found = checked([house.root.der], [house.issuing.der, a_ca("Second CA", house.root).der], sm2=SM2)
    assert isinstance(found, tuple)
    with any_database.transaction() as tx:
        changed = actions.change(tx, added, declared, [new.stored for new in found], actor="pty_1", now=NOW + 5)
        assert isinstance(changed, Issuer)
        again = actions.change(tx, changed, declared, [new.stored for new in found], actor="pty_1", now=NOW + 6)
    assert again is IssuerRefusal.NOTHING_NEW
    with any_database.autocommit() as tx:
        read_back = actions.find(tx, added.id)
        assert read_back is not None
        assert read_back.declared == declared
        assert set(read_back.certificates) == set(changed.certificates)
        assert kept in [source.id for source in actions.sources(tx)]
        assert tx.all(EVENTS, id=added.id)[-1] == "operator:issuer:changed"


def test_the_kill_switch_reaches_another_node_within_a_second(any_database: Database, house: House) -> None:
    added = house.add(any_database)
    elsewhere = authorities(any_database)
    assert [found.enabled for found, _ in elsewhere.get()] == [True]
    assert switch(any_database, added.id, IssuerState.OFF) is None
    end = time.monotonic() + 1
    while elsewhere.get()[0][0].enabled:
        assert time.monotonic() < end, "still trusted after a second"
        time.sleep(0.02)
    assert switch(any_database, added.id, IssuerState.ACTIVE) is None
    with any_database.autocommit() as tx:
        assert tx.all(EVENTS, id=added.id)[1:] == ["operator:issuer:off", "operator:issuer:on"]


def test_a_switch_that_changes_nothing_is_no_event_and_no_version(any_database: Database, house: House) -> None:
    added = house.add(any_database)
    with any_database.autocommit() as tx:
        before = read(tx, actions.VERSION)
    assert switch(any_database, added.id, IssuerState.ACTIVE) is IssuerRefusal.STATE
    assert switch(any_database, "cai_unknown", IssuerState.OFF) is IssuerRefusal.NOT_FOUND
    with any_database.autocommit() as tx:
        assert read(tx, actions.VERSION) == before
        assert tx.all(EVENTS, id=added.id) == ["operator:issuer:added"]


def test_validation_is_given_roots_intermediates_and_lists(any_database: Database, house: House) -> None:
    added = house.add(any_database, grace=7200, usage=Usage.PEOPLE)
    crl = house.issuing.crl()
    assert isinstance(ListIntake(any_database, SM2, most=1 << 20).bring(added.id, crl, actor=None, now=NOW), Taken)
    assert one(any_database) == Authority(
        added.id, (house.root.der,), (house.issuing.der,), (crl,), grace=7200, enabled=True
    )
    assert one(any_database, stale="refuse").grace == 0
    assert authorities(any_database).usage(added.id) is Usage.PEOPLE
    assert authorities(any_database).usage("cai_unknown") is None


def test_an_issuer_whose_profile_is_gone_is_not_trusted(database: Database, house: House) -> None:
    house.add(database, profile="of-the-past")
    assert authorities(database).get() == ()


def test_lists_that_did_not_change_are_not_read_again(any_database: Database, house: House) -> None:
    added, other = house.add(any_database), a_house("Other")
    beside, intake = other.add(any_database), ListIntake(any_database, SM2, most=1 << 20)
    intake.bring(added.id, house.issuing.crl(), actor=None, now=NOW)
    held = authorities(any_database)
    ((first,),) = [found.crls for found, _ in held.get() if found.id == added.id]
    intake.bring(beside.id, other.issuing.crl(), actor=None, now=NOW)
    held.expire()
    lists = {found.id: found.crls for found, _ in held.get()}
    assert len(lists[beside.id]) == 1
    assert lists[added.id][0] is first


def test_profiles_are_built_in_and_read_from_files() -> None:
    found = load_profiles([Path("config/certificates/example.toml")])
    assert set(found) > set(BUILT_IN)
