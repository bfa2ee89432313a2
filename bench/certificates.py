"""``python -m bench certificates``: what certificates cost a core, beginning with the SM2 signatures under them.

Always true: every answer is looked at, and signatures that must not hold are among what is asked; a wrong one ends
the run without a table.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import gmssl_pyx

from adapters.sandbox.ca import DemoAuthority, authorities
from adapters.sandbox.ca_cast import Holder, Scene
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.ca_signed_data import signed_data
from bench import machine, objections, report
from bench.load import WrongAnswer
from bench.publishing import circumstances, publish
from bench.targets import ROOT
from idp.crypto.certificates import Authority, PathValidator, Refused
from idp.crypto.signed_data import Answer
from idp.crypto.sm2 import GmsslSm2, PureSm2, Sm2Verifier
from idp.issuers.profiles import GMT_0015
from idp.issuers.verifying import CertificateVerifier, Verified

T = TypeVar("T")
SECTION = "certificates"
PURE, GMSSL = "SM2 signature, pure", "SM2 signature, gmssl"
ROUNDS, SECONDS = 7, 2.0
BAR = 400
"""Signatures that a core verifies in a second by arithmetic of our own."""
VERDICTS = {Kind.RSA: "verdict, RSA-2048", Kind.P256: "verdict, P-256", Kind.SM2: "verdict, SM2 pure"}
"""On an answer to a challenge: its signature, a path of three certificates, two lists, and whom it names."""
VERDICT_BAR = 0.030
"""CPU seconds of the dearest one."""
KEYS = 16
MESSAGE = 1024
"""Bytes that are signed: about those of a certificate."""


@dataclass(frozen=True)
class Line:
    """One row: CPU seconds that one operation took in each round."""

    operation: str
    rounds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


@dataclass(frozen=True)
class Given:
    """An answer made beforehand, and the verifier that judges it."""

    verifier: CertificateVerifier
    answer: Answer
    content: bytes
    now: int


@dataclass(frozen=True)
class Signed:
    """By a key made up for this run."""

    point: bytes
    message: bytes
    signature: bytes


def main(words: Sequence[str]) -> int:
    """0: done; 1: a wrong answer; 3: measured, but not to be published."""
    options = _parser().parse_args(words)
    os.sched_setaffinity(0, {options.core})
    before = machine.elsewhere()
    try:
        lines = signatures(options.rounds, options.seconds) + verdicts(options.rounds, options.seconds)
    except WrongAnswer as error:
        print(f"A wrong answer, nothing is reported: {error}", file=sys.stderr)
        return 1
    others = machine.share(before, machine.elsewhere())
    text = render(lines, _facts(options))
    return publish(text, SECTION, _objections(options, others), dry=options.dry)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench certificates", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each operation, by turns")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of a round")
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--dry", action="store_true", help="print only, whatever docs/benchmarks.md may take")
    return parser


def signatures(rounds: int, seconds: float) -> list[Line]:
    """SM2 signatures, the verifiers by turns. Raises ``WrongAnswer``."""
    verifiers: dict[str, Sm2Verifier] = {PURE: PureSm2(), GMSSL: GmsslSm2()}
    signed = [_signed(number) for number in range(KEYS)]
    for name, verifier in verifiers.items():
        _prove(name, verifier, signed)
    seen: dict[str, list[float]] = {name: [] for name in verifiers}
    for number in range(rounds):
        for name in verifiers if number % 2 == 0 else reversed(verifiers):
            seen[name].append(_per_call(lambda one, by=verifiers[name]: _verify(by, one), signed, seconds))
    return [Line(name, times) for name, times in seen.items()]


def verdicts(rounds: int, seconds: float) -> list[Line]:
    """What stands between an answer and a session, by kind of key. Raises ``WrongAnswer``."""
    now = int(time.time())
    given = {kind: _given(authority, now) for kind, authority in authorities(Shelf(), {}).items()}
    for kind, one in given.items():
        if not isinstance(one.verifier.answer(one.answer, content=b"another text", now=now), Refused):
            raise WrongAnswer(f"{VERDICTS[kind]}: an answer to another text is accepted")
    seen: dict[Kind, list[float]] = {kind: [] for kind in given}
    for number in range(rounds):
        for kind in given if number % 2 == 0 else reversed(given):
            seen[kind].append(_per_call(_judge, [given[kind]], seconds))
    return [Line(VERDICTS[kind], times) for kind, times in seen.items()]


def _given(authority: DemoAuthority, now: int) -> Given:
    holder = Holder(name="欧阳清岚", number="430105199003070011")
    issued = authority.certificate(Scene("person", holder, "", ""), now=now)
    root, issuing = authority.root(now=now).certificate, authority.issuing(now=now).certificate
    lists = (authority.revocation_list(now=now), authority.root_list(now=now))
    trusted = ((Authority(id="bench", anchors=(root,), intermediates=(issuing,), crls=lists), GMT_0015),)
    sm2, content = (
        PureSm2(),
        b"tongban-certificate\nsign-in\nhttps://idp.example.gov.cn\n" + os.urandom(64).hex().encode(),
    )
    verifier = CertificateVerifier(lambda: trusted, sm2=sm2, paths=PathValidator(sm2))
    return Given(verifier, Answer(signed_data=signed_data(issued, content, now=now)), content, now)


def _judge(one: Given) -> None:
    if not isinstance(one.verifier.answer(one.answer, content=one.content, now=one.now), Verified):
        raise WrongAnswer("a good answer is refused")


def _signed(number: int) -> Signed:
    public, private = gmssl_pyx.sm2_key_generate()
    message = os.urandom(MESSAGE - 4) + number.to_bytes(4)
    return Signed(b"\4" + public, message, gmssl_pyx.sm2_sign(private, public, message))


def _prove(name: str, verifier: Sm2Verifier, signed: Sequence[Signed]) -> None:
    for one, other in zip(signed, (*signed[1:], signed[0]), strict=True):
        if verifier.verify(point=one.point, message=one.message, signature=other.signature):
            raise WrongAnswer(f"{name}: a signature over something else holds")


def _verify(verifier: Sm2Verifier, one: Signed) -> None:
    if not verifier.verify(point=one.point, message=one.message, signature=one.signature):
        raise WrongAnswer("a good signature does not hold")


def _per_call(call: Callable[[T], None], signed: Sequence[T], seconds: float) -> float:
    """CPU seconds of one call, from as many as fit into ``seconds``; all of ``signed`` at least once."""
    calls, began = 0, time.process_time()
    while True:
        for one in signed:
            call(one)
        calls += len(signed)
        taken = time.process_time() - began
        if taken >= seconds:
            return taken / calls


def render(lines: Sequence[Line], told: Mapping[str, str]) -> str:
    """The table and the facts, as Markdown."""
    rows = [
        [
            line.operation,
            f"**{line.median * 1e6:.0f}**",
            f"{1 / line.median:.0f}",
            f"{min(line.rounds) * 1e6:.0f} to {max(line.rounds) * 1e6:.0f}",
        ]
        for line in lines
    ]
    pure = next(line for line in lines if line.operation == PURE)
    dearest = max((line.median for line in lines if line.operation in VERDICTS.values()), default=0.0)
    facts = {
        "bar": f"{BAR} signatures per core and s, pure: {'met' if 1 / pure.median >= BAR else 'NOT MET'}; "
        f"{VERDICT_BAR * 1e3:.0f} ms of CPU for any verdict: {'met' if dearest <= VERDICT_BAR else 'NOT MET'}",
        **told,
    }
    return f"{report.table(['', 'CPU, µs', 'per core and s', 'in the rounds, µs'], rows)}\n\n{report.listing(facts)}"


def _facts(options: argparse.Namespace) -> dict[str, str]:
    packages = {name: machine.package(name) for name in ("cryptography", "gmssl-pyx")}
    return circumstances(packages) | {
        "run": f"{options.rounds} rounds of {options.seconds:g} s of CPU each by turns, on core {options.core}; "
        f"{KEYS} keys, messages of {MESSAGE} bytes; with DER, the checks of key and numbers, Z and SM3"
    }


def _objections(options: argparse.Namespace, others: float) -> list[str]:
    return [
        *objections.of_tree(objections.uncommitted(ROOT)),
        *([] if options.rounds >= ROUNDS else [f"{options.rounds} rounds, at least {ROUNDS} are needed"]),
        *([] if options.seconds >= SECONDS else [f"rounds shorter than {SECONDS:g} s"]),
        *([] if others <= objections.FOREIGN else [f"others took {others:.0%} of the core"]),
    ]
