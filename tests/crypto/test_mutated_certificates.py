"""A thousand certificates that somebody has been at: only a signature that holds accepts, and none costs much."""

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.crypto import der, pkix
from idp.crypto.certificates import Accepted, Authority, Certificate, PathValidator, Refused, read_certificate
from idp.crypto.x509_fields import Fields, fields_of
from tests.crypto.building import NOW, SIGNING, Made, answers_at, p256_key, points, purposes, root, rsa_key, sm2_key
from tests.crypto.sm2_signing import SlowSm2

_SM2 = SlowSm2()
_VALIDATOR = PathValidator(_SM2)
_MOST_ELEMENTS = 4_000
_KEYS = {"sm2": sm2_key, "p-256": p256_key, "rsa": rsa_key}
_work: Counter[str] = Counter()


@cache
def _issued(kind: str) -> tuple[Authority, Made]:
    top = root("root", _KEYS[kind]("root"))
    between = top.authority("between")
    extensions = (
        SIGNING,
        points("http://ca/1"),
        answers_at("http://ca/2"),
        purposes("client_auth", "email_protection"),
    )
    leaf = between.issue("leaf", extensions=extensions)
    authority = Authority(kind, (top.der,), (between.der,), (top.crl(), between.crl()))
    _VALIDATOR.validate(read_certificate(leaf.der), [authority], now=NOW)  # what is administered is verified once
    return authority, leaf


@dataclass
class _Node:
    """An element that can be changed and written again, with whatever lengths that makes."""

    tag: int
    value: bytes
    members: list["_Node"] = field(default_factory=list)

    def dump(self) -> bytes:
        return der.encoded(self.tag, self.value, *(member.dump() for member in self.members))

    def all(self) -> Iterator["_Node"]:
        yield self
        for member in self.members:
            yield from member.all()


def _tree(element: der.Element) -> _Node:
    if not element.tag & 0x20:
        return _Node(element.tag, element.value)
    return _Node(element.tag, b"", [_tree(member) for member in element.parts.all(most=99)])


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    kind = draw(st.sampled_from(sorted(_KEYS)))
    tree = _tree(der.only(_issued(kind)[1].der))
    for _ in range(draw(st.integers(1, 2))):
        nodes = list(tree.all())
        at = draw(st.integers(1, len(nodes) - 1))
        parent = next(node for node in nodes if any(member is nodes[at] for member in node.members))
        _change(draw, nodes[at], parent, nodes)
    data = tree.dump()
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + draw(st.integers(0, 3)) :]
    return kind, data


def _change(draw: st.DrawFn, node: _Node, parent: _Node, nodes: list[_Node]) -> None:
    at = next(n for n, member in enumerate(parent.members) if member is node)
    match draw(st.sampled_from(["tag", "bit", "value", "twice", "gone", "other", "order"])):
        case "tag":
            node.tag = draw(st.integers(0, 255))
        case "bit" if node.value:
            bit = draw(st.integers(0, 8 * len(node.value) - 1))
            node.value = (int.from_bytes(node.value) ^ 1 << bit).to_bytes(len(node.value))
        case "bit" | "value":
            node.value = draw(st.binary(max_size=40))
        case "twice":
            parent.members.insert(at, deepcopy(node))
        case "gone":
            del parent.members[at]
        case "other":
            parent.members[at] = deepcopy(draw(st.sampled_from(nodes[1:])))
        case "order":
            parent.members.append(parent.members.pop(at))


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    header, validate = der._header, pkix.validate_path

    def counted(data: bytes, start: int) -> tuple[int, int, int]:
        _work["elements"] += 1
        return header(data, start)

    def counted_path(*given: object) -> object:
        _work["paths"] += 1
        return validate(*given)

    monkeypatch.setattr(der, "_header", counted)
    monkeypatch.setattr(pkix, "validate_path", counted_path)


def _judged(kind: str, data: bytes) -> Accepted | Refused:
    _work.clear()
    asked, read = _SM2.asked, read_certificate(data)
    verdict = _VALIDATOR.validate(read, [_issued(kind)[0]], now=NOW) if isinstance(read, Certificate) else read
    assert _work["elements"] <= _MOST_ELEMENTS
    assert _work["paths"] <= 1
    assert _SM2.asked - asked <= 1
    return verdict


@pytest.mark.parametrize("kind", _KEYS)
def test_what_nobody_has_been_at_is_accepted(kind: str) -> None:
    assert isinstance(_judged(kind, _issued(kind)[1].der), Accepted)


@pytest.mark.exhaustive
def test_what_somebody_has_been_at_is_refused_unless_what_was_signed_is_whole() -> None:
    outcomes: Counter[str] = Counter()

    @settings(max_examples=1_000, derandomize=True, database=None)
    @given(_mutated())
    def judge(mutated: tuple[str, bytes]) -> None:
        kind, data = mutated
        verdict = _judged(kind, data)
        outcomes["accepted" if isinstance(verdict, Accepted) else verdict.reason.name] += 1
        if isinstance(verdict, Accepted):
            assert _signed(fields_of(data)) == _signed(fields_of(_issued(kind)[1].der))

    judge()

    assert outcomes.total() >= 1_000
    assert {"MALFORMED", "PATH", "UNKNOWN_ISSUER", "ALGORITHM"} <= set(outcomes)


def _signed(fields: Fields) -> tuple[bytes, bytes]:
    return fields.tbs, fields.algorithm


@pytest.mark.parametrize("kind", _KEYS)
def test_every_single_bit_that_is_signed_counts(kind: str) -> None:
    leaf = _issued(kind)[1].der
    signed = len(fields_of(leaf).tbs)
    for at in range(4, 4 + signed, 7):
        spoiled = leaf[:at] + bytes((leaf[at] ^ 1 << at % 8,)) + leaf[at + 1 :]
        assert isinstance(_judged(kind, spoiled), Refused)
