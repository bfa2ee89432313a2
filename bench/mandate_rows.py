"""People, entities and mandates between them as rows, made inside PostgreSQL, and questions whose answers are known.

Always true: the same numbers make the same rows, and of each question it is known beforehand who says yes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

NOW = 1_800_000_000
DAY = 86400
PEOPLE_PER_ENTITY = 10
SHARE = {"personal": 50, "staff": 40, "agency": 5}
"""Of a hundred mandates: between persons, an entity's for a person, an entity's for an agency; the rest are the
agencies' for their employees, one under each."""
_MANDATE = (
    "id, kind, principal_id, agent_id, represented_id, parent_id, theme, theme_version, scope, struck, state,"
    " valid_from, valid_to, may_delegate, waived, requested_by, created_at, signed_at, in_force_at, text_hash,"
    " sealed, unit"
)
_FILING = '{"actions":["submit","view"],"services":["hn-tax-01"],"limit":{"amount":5000000,"currency":"CNY"}}'
_PENSION = '{"actions":["submit","view"],"services":["hn-pension-01","hn-pension-02"]}'


@dataclass(frozen=True)
class Size:
    """How much there is."""

    mandates: int
    people: int

    @property
    def entities(self) -> int:
        return max(2, self.people // PEOPLE_PER_ENTITY)

    def of(self, kind: str) -> int:
        return self.mandates * SHARE[kind] // 100


@dataclass(frozen=True)
class Question:
    """Whether ``agent`` may submit for ``represented``; ``kind``: by what, or why not."""

    kind: str
    agent: str
    represented: str
    theme: str
    service: str
    allowed: bool


def fill(connection: "psycopg.Connection[tuple[object, ...]]", size: Size) -> None:
    """Every row, in place of whatever rows there are of parties and mandates."""
    run = connection.execute
    run("TRUNCATE mandate, entity_role, evidence, legal_entity, party CASCADE")
    people, entities = f"generate_series(0, {size.people - 1}) n", f"generate_series(0, {size.entities - 1}) n"
    run(f"INSERT INTO party (id, kind, status, created_at) SELECT 'p' || n, 'person', 'active', 1 FROM {people}")
    run(f"INSERT INTO party (id, kind, status, created_at) SELECT 'e' || n, 'entity', 'active', 1 FROM {entities}")
    run(
        "INSERT INTO evidence (id, party_id, kind, level, source, proved_at)"
        f" SELECT 'v' || n, 'p' || n, 'face', 3, 'bench', 1 FROM {people}"
        f" UNION ALL SELECT 'w' || n, 'e' || n, 'representative', 2, 'bench', 1 FROM {entities}"
    )
    run(
        "INSERT INTO legal_entity (party_id, sealed, type, status, version, as_of, checked_at, created_at)"
        rf" SELECT 'e' || n, '\x00', 'enterprise', 'active', '1', 1, {NOW}, 1 FROM {entities}"
    )
    run(
        "INSERT INTO entity_role (id, entity_id, person_id, role, state, source, since, checked_at, claimed_until)"
        f" SELECT 'r' || n, 'e' || n, 'p' || n, 'legal_representative', 'confirmed', 'bench', 1, {NOW}, 0"
        f" FROM {entities}"
    )
    for select in _mandates(size):
        run(f"INSERT INTO mandate ({_MANDATE}) {select}")
    run("ANALYZE")


def _mandates(size: Size) -> Iterator[str]:
    people, entities = size.people, size.entities
    yield _select("g", size.of("personal"), "personal", f"'p' || n % {people}", _agent(people, 1), _PENSION)
    yield _select("s", size.of("staff"), "delegated", f"'e' || n % {entities}", _agent(people, entities), _FILING)
    agency = f"'e' || (n % {entities} + 1 + n / {entities}) % {entities}"
    yield _select("a", size.of("agency"), "delegated", f"'e' || n % {entities}", agency, _FILING, delegates=1)
    represented = f"'e' || n % {entities}"
    clerk = f"'p' || (n + {2 * entities}) % {people}"
    second = size.mandates - sum(size.of(kind) for kind in SHARE)
    yield _select("c", second, "delegated", agency, clerk, _FILING, represented=represented, parent="'a' || n")


def _agent(people: int, offset: int) -> str:
    """Another one for each mandate of a principal."""
    return f"'p' || (n + {offset} + n / {people}) % {people}"


def _select(
    letter: str,
    count: int,
    kind: str,
    principal: str,
    agent: str,
    scope: str,
    *,
    represented: str = "",
    parent: str = "NULL",
    delegates: int = 0,
) -> str:
    theme = "social.pension" if kind == "personal" else "tax.filing"
    return (
        f"SELECT '{letter}' || n, '{kind}', {principal}, {agent}, {represented or principal}, {parent}, '{theme}', 1,"
        f" '{scope}', '', 'active', {NOW - DAY}, {NOW + 365 * DAY}, {delegates}, 0, 'bench', 1, 1, {NOW - DAY},"
        rf" 'hash', '\x00', '' FROM generate_series(0, {count - 1}) n"
    )


def questions(size: Size, count: int, *, seed: int) -> list[Question]:
    """Seven of ten have a mandate of their own, one acts by two links, one represents, one has nothing."""
    drawn = random.Random(seed)
    return [_question(size, drawn, number % 10) for number in range(count)]


def _question(size: Size, drawn: random.Random, turn: int) -> Question:
    people, entities = size.people, size.entities
    if turn < 4:
        n = drawn.randrange(size.of("personal"))
        return _pension("personal", f"p{(n + 1 + n // people) % people}", f"p{n % people}", allowed=True)
    if turn < 7:
        n = drawn.randrange(size.of("staff"))
        return _filing("staff", f"p{(n + entities + n // people) % people}", f"e{n % entities}", allowed=True)
    if turn == 7:
        n = drawn.randrange(size.mandates - sum(size.of(kind) for kind in SHARE))
        return _filing("two links", f"p{(n + 2 * entities) % people}", f"e{n % entities}", allowed=True)
    if turn == 8:
        n = drawn.randrange(entities)
        return _filing("representative", f"p{n}", f"e{n}", allowed=True)
    n = drawn.randrange(people)
    return _pension("nobody", f"p{n}", f"p{(n + people // 2) % people}", allowed=False)


def _pension(kind: str, agent: str, represented: str, *, allowed: bool) -> Question:
    return Question(kind, agent, represented, "social.pension", "hn-pension-01", allowed)


def _filing(kind: str, agent: str, represented: str, *, allowed: bool) -> Question:
    return Question(kind, agent, represented, "tax.filing", "hn-tax-01", allowed)
