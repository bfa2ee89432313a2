"""``idp operator``: the first operator and every further one, by whoever has the machine."""

import re
from collections.abc import Callable

import pytest
from click.testing import Result

from idp.console.rules import Role
from tests.cli.test_commands import over_site
from tests.console.staff import PASSWORD, Staff, enrol, on_duty, opened
from tests.console.test_people import trail
from tests.provider import Site

__all__ = ["over_site"]
Run = Callable[..., Result]


def path(site: Site, result: Result) -> str:
    """The address under which the printed link and code let enrol."""
    assert result.exit_code == 0, result.output
    return opened(site, *printed(result.output))


def printed(told: str) -> tuple[str, str]:
    found = re.search(r"(/console/enrol\?k=\S+)\D+code:? (\d{8})", told)
    assert found, told
    return found[1], found[2]


def test_the_first_operator_is_made_by_a_link_that_closes_itself(site: Site, over_site: Run) -> None:
    added = over_site("operator", "add", "wang.fang", "--role", "platform", "--role", "audit")
    assert added.output.startswith("link: http://localhost:8000/console/enrol?k=")
    link = path(site, added)
    answer, secret = enrol(site, link)
    assert answer.status_code == 303
    assert site.browser().get(link).status_code == 400
    assert site.browser().get(printed(added.output)[0]).status_code == 400
    staff = Staff(site, "wang.fang", "", secret)
    staff.sign_in()
    assert staff.get("/console/audit").status_code == 200
    assert len(trail(site, "operator:operator:added")) == len(trail(site, "operator:operator:invited")) == 1


def test_further_operators_are_added_and_listed(over_site: Run) -> None:
    over_site("operator", "add", "wang.fang", "--role", "platform")
    over_site("operator", "add", "tax.admin", "--role", "department", "--department", "tax")
    listed = over_site("operator", "list").output
    assert "wang.fang" in listed
    assert "department:tax" in listed
    assert listed.count("invited") == 2


@pytest.mark.parametrize(
    "words",
    [("WANG.FANG", "--role", "review"), ("a b", "--role", "review"), ("x.y", "--role", "department"),
     ("x.y", "--role", "review", "--department", "tax"), ("x.y",), ("x.y", "--role", "king")],
)  # fmt: skip
def test_a_faulty_operator_is_not_added(site: Site, over_site: Run, words: tuple[str, ...]) -> None:
    over_site("operator", "add", "wang.fang", "--role", "platform")
    assert over_site("operator", "add", *words).exit_code != 0
    assert site.one("SELECT COUNT(*) FROM operator") == 1


def test_a_disabled_operator_is_out_at_once_and_cannot_come_back(site: Site, over_site: Run) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    link = path(site, over_site("operator", "link", "wang.fang"))
    assert over_site("operator", "disable", "wang.fang").exit_code == 0
    assert staff.get("/console").status_code == 303
    assert site.browser().get(link).status_code == 400
    answer = site.browser().submit("/console/signin", {"name": "wang.fang", "password": PASSWORD})
    assert answer.status_code == 422
    assert over_site("operator", "disable", "wang.fang").exit_code != 0
    assert over_site("operator", "disable", "nobody").exit_code != 0
    assert "disabled" in over_site("operator", "list").output


def test_a_lost_phone_is_answered_by_a_new_link(site: Site, over_site: Run) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    answer, staff.secret = enrol(site, path(site, over_site("operator", "link", "wang.fang")))
    assert answer.status_code == 303
    staff.sign_in()


def test_rotating_the_fields_reaches_names_reasons_and_proposals(site: Site, over_site: Run) -> None:
    from idp.cli import keys
    from idp.console.four_eyes import reseal_proposals
    from idp.console.justifications import reseal_justifications
    from idp.console.operators import Operators, rotate_operators
    from idp.crypto.fields import BlindIndex, FieldCipher
    from idp.crypto.rings import parse_ring
    from tests.provider import keys_of

    clerk = on_duty(site, "li.na", Role.REVIEW)
    clerk.propose("suspend")
    fields = parse_ring((f"f2:{keys_of('g')}", f"f1:{keys_of('f')}"), name="f")
    indexes = parse_ring((f"i2:{keys_of('j')}", f"i1:{keys_of('i')}"), name="i")
    cipher, index = FieldCipher(fields), BlindIndex(indexes)
    database = site.provider.database
    with database.autocommit() as tx:
        assert Operators(cipher, index).named(tx, "li.na")
    changed = (
        rotate_operators(database, cipher, index),
        reseal_justifications(database, cipher),
        reseal_proposals(database, cipher),
    )
    assert changed == (1, 1, 1)
    alone = FieldCipher(parse_ring((f"f2:{keys_of('g')}",), name="f"))
    with database.autocommit() as tx:
        found = Operators(alone, BlindIndex(parse_ring((f"i2:{keys_of('j')}",), name="i"))).named(tx, "li.na")
    assert found
    assert found.party_id == clerk.party
    assert {"rotate_operators", "reseal_justifications", "reseal_proposals"} <= set(vars(keys))


def test_the_demonstration_gives_links_to_two_operators_until_they_enrol(site: Site, over_site: Run) -> None:
    from idp.cli.context import Context
    from idp.cli.demo import _operator_links

    del over_site  # the commands' context is that of the site
    first = _operator_links(Context(None))
    assert [line.split()[1] for line in first] == ["xiao.lin", "xiao.chen"]
    second = _operator_links(Context(None))
    assert enrol(site, opened(site, *printed(second[0])))[0].status_code == 303
    assert site.browser().get(printed(first[1])[0]).status_code == 400
    third = _operator_links(Context(None))
    assert [line.split()[1] for line in third] == ["xiao.chen"]
    assert enrol(site, opened(site, *printed(third[0])))[0].status_code == 303
    assert _operator_links(Context(None)) == ["  the console         http://localhost:8000/console"]


def test_purging_keeps_reasons_as_long_as_the_audit(site: Site, over_site: Run) -> None:
    from idp.console.purge import purge

    clerk = on_duty(site, "li.na", Role.REVIEW)
    clerk.propose("suspend")
    tables = ("operator_invitation", "operator_session", "justification", "proposal")

    def held() -> list[int]:
        return [site.one(f"SELECT COUNT(*) FROM {table}") for table in tables]

    for days, kept in ((1, [1, 1, 1, 1]), (30, [0, 0, 1, 1]), (190, [0, 0, 0, 0])):
        with site.provider.database.transaction() as tx:
            purge(tx, now=site.now() + days * 86400, retention=180 * 86400)
        assert held() == kept
