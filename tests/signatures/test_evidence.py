"""Signed texts are kept, and years later what was kept says whether they are still what was signed."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text as sql

from idp.accounts import closing
from idp.accounts.actions import Active, Directory
from idp.accounts.anchors import Anchors
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.certificates import Certificate, PathValidator, read_certificate
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.crypto.signed_data import Answer
from idp.crypto.sm2 import PureSm2
from idp.db import Database, Statement
from idp.issuers.profiles import GMT_0015
from idp.issuers.verifying import CertificateVerifier, Verified
from idp.signatures.actions import Kept, Method, SignedTexts
from idp.signatures.again import Altered, Intact, verify_again
from idp.signatures.export import SignatureExport
from idp.signatures.rotation import reseal_signatures
from idp.signatures.rules import Alteration, CanonicalText, canonical
from tests.crypto.signing import Holder, signed_data
from tests.issuers.chain import DAY, NOW, NUMBER, Chain
from tests.provider import keys_of

CHAIN = Chain()
HOLDER, OTHER = CHAIN.holder(), CHAIN.holder()
AUTHORITY = CHAIN.authority()
PATHS = PathValidator(PureSm2())
LATER = NOW + 20 * 365 * DAY
"""The certificate and its issuers have long expired."""
EVENTS = Statement("SELECT event FROM audit_event WHERE event = 'person:text:signed'", str)


def ring(*names: str) -> Any:
    return parse_ring([f"{name}:{keys_of(name)}" for name in names], name="test")


CIPHER = FieldCipher(ring("f"))
TEXTS = SignedTexts(CIPHER)


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    yield
    chains_module._writer = None


def text_of(number: int = 1) -> CanonicalText:
    made = canonical(
        purpose="mandate.grant",
        origin="https://id.example.gov.cn",
        about=f"mandate:{number}",
        body="我授权某人办税。",
    )
    assert isinstance(made, CanonicalText)
    return made


def answered(text: CanonicalText, holder: Holder = HOLDER, *, bare: bool = False) -> tuple[Answer, Verified]:
    if bare:
        answer = Answer(signature=holder.sign(text.content), certificate=holder.certificate)
    else:
        answer = Answer(signed_data(holder, attached=text.content, digest_of=text.content))
    verifier = CertificateVerifier(lambda: ((AUTHORITY, GMT_0015),), sm2=PureSm2(), paths=PATHS)
    verified = verifier.answer(answer, content=text.content, now=NOW)
    assert isinstance(verified, Verified)
    return answer, verified


@pytest.fixture
def party(database: Database) -> str:
    directory = Directory(CIPHER, BlindIndex(ring("i")), Anchors(b"n" * 32))
    with database.transaction() as tx:
        opened = directory.open_person(tx, mobile=Mobile("13812340001"), user_name=None, now=NOW)
    assert isinstance(opened, Active)
    return opened.party_id


def kept(database: Database, party: str, number: int = 1, *, bare: bool = False, holder: Holder = HOLDER) -> str:
    text = text_of(number)
    answer, verified = answered(text, holder, bare=bare)
    with database.transaction() as tx:
        made = TEXTS.keep(tx, party_id=party, text=text, answer=answer, verified=verified, now=NOW)
    assert made is not None
    return made


def again(database: Database, signature_id: str, *, texts: SignedTexts = TEXTS, now: int = LATER) -> Any:
    with database.transaction() as tx:
        found = texts.load(tx, signature_id)
    return verify_again(found, sm2=PureSm2(), paths=PATHS, now=now) if isinstance(found, Kept) else found


def why(found: Any) -> Alteration | None:
    if isinstance(found, Intact):
        return None
    return found.reason if isinstance(found, Altered) else found


@pytest.mark.parametrize("bare", [False, True], ids=["SignedData", "bare"])
def test_a_text_verifies_years_later_from_what_was_kept(database: Database, party: str, bare: bool) -> None:
    signature_id = kept(database, party, bare=bare)
    read = read_certificate(HOLDER.certificate)
    assert isinstance(read, Certificate)
    assert again(database, signature_id) == Intact(text_of(), NOW, read.fingerprint, NUMBER, None)
    with database.transaction() as tx:
        found = TEXTS.load(tx, signature_id)
        assert tx.all(EVENTS) == ["person:text:signed"]
    assert isinstance(found, Kept)
    assert found.method is (Method.BARE if bare else Method.SIGNED_DATA)
    assert NUMBER not in repr(found)


def test_there_is_nothing_under_another_id(database: Database) -> None:
    assert again(database, "sig_none") is None


def test_a_text_is_kept_once_for_each_who_signs_it(database: Database, party: str) -> None:
    kept(database, party)
    answer, verified = answered(text_of())
    with database.transaction() as tx:
        assert TEXTS.keep(tx, party_id=party, text=text_of(), answer=answer, verified=verified, now=NOW) is None
        assert tx.all(EVENTS) == ["person:text:signed"]


def test_revocation_data_is_kept_once_for_all_it_spoke_for(database: Database, party: str) -> None:
    for number in range(3):
        kept(database, party, number)
    count = Statement("SELECT COUNT(*) FROM revocation_data", int)
    with database.transaction() as tx:
        assert tx.one(count) == len(AUTHORITY.crls)


def set_column(database: Database, column: str, value: Any, signature_id: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            sql(f"UPDATE text_signature SET {column} = :value WHERE id = :id"), {"value": value, "id": signature_id}
        )


PLAIN = {
    "purpose": "mandate.revoke",
    "about": "mandate:2",
    "method": Method.BARE.value,
    "digest": text_of(2).sha256,
    "digest_sm3": text_of(2).sm3,
    "issuer": "iss_other",
    "revocation": "[]",
    "signed_at": NOW - 1,
    "verified_at": NOW - 1,
}


@pytest.mark.parametrize(("column", "value"), PLAIN.items(), ids=list(PLAIN))
def test_an_altered_column_is_noticed(database: Database, party: str, column: str, value: Any) -> None:
    signature_id = kept(database, party)
    set_column(database, column, value, signature_id)
    assert again(database, signature_id) is Alteration.RECORD


def test_a_signature_given_to_another_party_is_noticed(database: Database, party: str) -> None:
    signature_id = kept(database, party)
    directory = Directory(CIPHER, BlindIndex(ring("i")), Anchors(b"n" * 32))
    with database.transaction() as tx:
        other = directory.open_person(tx, mobile=Mobile("13812340002"), user_name=None, now=NOW)
    assert isinstance(other, Active)
    set_column(database, "party_id", other.party_id, signature_id)
    assert again(database, signature_id) is Alteration.RECORD


@pytest.mark.parametrize("column", ["text", "answer", "path", "record"])
def test_a_sealed_column_of_another_row_is_noticed(database: Database, party: str, column: str) -> None:
    first, second = kept(database, party, 1), kept(database, party, 2)
    with database.engine.begin() as connection:
        statement = sql(f"SELECT {column} FROM text_signature WHERE id = :id")
        blob = connection.execute(statement, {"id": second}).scalar_one()
    set_column(database, column, blob, first)
    assert again(database, first) is Alteration.UNREADABLE
    assert why(again(database, second)) is None


def reseal(database: Database, signature_id: str, column: str, data: bytes) -> None:
    """What only who has the field keys could do."""
    set_column(
        database, column, CIPHER.seal_bytes(data, context=f"text_signature.{column}:{signature_id}"), signature_id
    )


def test_not_even_who_has_the_field_keys_changes_what_was_signed(database: Database, party: str) -> None:
    signature_id = kept(database, party)
    reseal(database, signature_id, "text", text_of(2).content)
    assert why(again(database, signature_id)) is Alteration.TEXT
    reseal(database, signature_id, "text", b"no text")
    assert why(again(database, signature_id)) is Alteration.TEXT
    reseal(database, signature_id, "text", text_of().content)
    assert why(again(database, signature_id)) is None
    for data, expected in (
        (signed_data(OTHER, attached=text_of().content, digest_of=text_of().content), Alteration.CERTIFICATE),
        (signed_data(HOLDER, attached=text_of(2).content, digest_of=text_of(2).content), Alteration.SIGNATURE),
        (b"nothing", Alteration.SIGNATURE),
    ):
        answer = b'{"signed_data":"%s","signature":"","certificate":""}' % base64.b64encode(data)
        reseal(database, signature_id, "answer", answer)
        assert why(again(database, signature_id)) is expected


def test_a_path_to_another_root_or_none_is_noticed(database: Database, party: str) -> None:
    from idp.crypto.der import SEQUENCE, encoded

    signature_id = kept(database, party)
    anchor, issuing = AUTHORITY.anchors[0], AUTHORITY.intermediates[0]
    foreign = Chain(title="Foreign").authority()
    for path, expected in (
        ((foreign.anchors[0], issuing, HOLDER.certificate), Alteration.PATH),
        ((anchor, HOLDER.certificate), Alteration.PATH),
        ((anchor, issuing, OTHER.certificate), Alteration.CERTIFICATE),
        ((), Alteration.RECORD),
    ):
        reseal(database, signature_id, "path", encoded(SEQUENCE, *path))
        assert why(again(database, signature_id)) is expected


def test_revocation_data_that_is_gone_or_altered_is_noticed(database: Database, party: str) -> None:
    signature_id = kept(database, party)
    with database.engine.begin() as connection:
        connection.execute(sql("UPDATE revocation_data SET sealed = :blob"), {"blob": b"\x01\x02f1" + bytes(60)})
    assert again(database, signature_id) is Alteration.REVOCATION
    with database.engine.begin() as connection:
        connection.execute(sql("DELETE FROM revocation_data"))
    assert again(database, signature_id) is Alteration.REVOCATION


def test_what_was_signed_after_the_moment_asked_about_proves_nothing_then(database: Database, party: str) -> None:
    signature_id = kept(database, party)
    assert why(again(database, signature_id, now=NOW - 1)) is Alteration.RECORD
    assert why(again(database, signature_id, now=NOW)) is None


def test_a_later_revocation_changes_nothing(database: Database, party: str) -> None:
    """Revocation data of the moment of signing is kept with it, and that alone is asked."""
    signature_id = kept(database, party)
    assert why(again(database, signature_id, now=NOW + DAY)) is None


def test_the_evidence_stays_when_the_account_is_closed(database: Database, party: str) -> None:
    signature_id = kept(database, party)
    with database.transaction() as tx:
        closing.erase(tx, party, now=NOW + DAY)
    assert why(again(database, signature_id)) is None


def test_a_person_gets_what_they_signed(database: Database, party: str) -> None:
    signature_id = kept(database, party, bare=True)
    kept(database, party, 2)
    with database.transaction() as tx:
        name, listed = SignatureExport(TEXTS)(tx, party)
        assert SignatureExport(TEXTS)(tx, "pty_nobody") == ("signatures", [])
    assert name == "signatures"
    assert [one["method"] for one in listed] == [Method.BARE.value, Method.SIGNED_DATA.value]
    assert listed[0]["id"] == signature_id
    assert listed[0]["text"] == text_of().content.decode()
    assert base64.b64decode(listed[0]["certificate"]) == HOLDER.certificate


def test_sealed_anew_it_is_the_same_evidence(database: Database, party: str) -> None:
    signature_id = kept(database, party)
    turned = FieldCipher(ring("g", "f"))
    assert reseal_signatures(database, turned) == 4 + len(AUTHORITY.crls)
    assert reseal_signatures(database, turned) == 0
    assert why(again(database, signature_id, texts=SignedTexts(FieldCipher(ring("g"))))) is None
    assert again(database, signature_id) is Alteration.UNREADABLE
