"""What stands ready in the demo: the agency's employee may file, and only because three people have said so."""

import tomllib
from pathlib import Path

import pytest
from click.testing import Result

from idp.accounts.actions import Active
from idp.accounts.credit_code import CreditCode
from idp.cli.clients import apply_file
from idp.cli.demo import CLIENTS, MANDATES, PEOPLE, THEMES
from idp.cli.mandates import apply_themes
from idp.mandates.power import Asked, Chain
from idp.mandates.rules import Step
from idp.mandates.scopes import Action
from tests.cli.test_commands import Run, over_site
from tests.provider import Site

__all__ = ["over_site"]

TRADE, AGENCY, EMPLOYEE, MARIA = "91430199MA99000958", "91430199MA9900132E", "13800001011", "13800001006"
WORDS = ("people", "mandates", str(MANDATES))


@pytest.fixture
def seeded(over_site: Run, site: Site) -> Result:
    over_site("people", "add", str(PEOPLE))
    apply_themes(site.provider.database, THEMES, now=site.now())
    apply_file(site.provider.database, CLIENTS, now=site.now())
    site.provider.registry.expire()
    return over_site(*WORDS)


def entity(site: Site, code: str) -> str:
    parsed = CreditCode.parse(code)
    assert parsed is not None
    with site.provider.database.autocommit() as tx:
        found = site.provider.directory.lookup(tx, parsed)
    assert isinstance(found, Active)
    return found.party_id


def may(site: Site, action: Action = Action.SUBMIT) -> Chain | None:
    with site.provider.database.autocommit() as tx:
        return site.provider.deciding.may(
            tx,
            agent=site.party(EMPLOYEE),
            represented=entity(site, TRADE),
            theme="tax.filing",
            asked=Asked(action, "hn-tax-01"),
            now=site.now(),
        )


def test_the_employee_files_for_the_agencys_client_and_no_more_than_that(seeded: Result, site: Site) -> None:
    assert seeded.output == "2 APIs registered\n2 mandates given\n"
    chain = may(site)
    assert chain is not None
    assert chain.intermediary == entity(site, AGENCY)
    assert may(site, Action.PAY) is None


def test_what_stands_is_left_alone_and_what_was_taken_back_is_given_anew(
    seeded: Result, over_site: Run, site: Site
) -> None:
    assert over_site(*WORDS).output == "0 APIs registered\n0 mandates given\n"
    first = may(site)
    assert first is not None
    with site.provider.database.transaction() as tx:
        site.provider.moving.step(
            tx,
            first.mandates[0].id,
            Step.REVOKE,
            person=site.party(MARIA),
            party=entity(site, TRADE),
            now=site.now(),
        )
    assert may(site) is None
    assert over_site(*WORDS).output == "0 APIs registered\n2 mandates given\n"
    second = may(site)
    assert second is not None
    assert first.mandates[0].id not in {one.id for one in second.mandates}


def test_a_second_link_without_a_first_is_not_given(
    seeded: Result, over_site: Run, site: Site, tmp_path: Path
) -> None:
    second = tomllib.loads(MANDATES.read_text("utf-8"))["mandate"][1]
    file = tmp_path / "mandates.toml"
    lines = [f"{name} = {value!r}" for name, value in (second | {"under": "91430100MA0000007Q"}).items()]
    file.write_text("[[mandate]]\n" + "\n".join(lines), "utf-8")
    assert over_site("people", "mandates", str(file)).output == "0 APIs registered\n0 mandates given\n"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"theme": "tax.none"}, "no such theme"),
        ({"agent": "13999999999"}, "nobody has an account"),
        ({"signed": EMPLOYEE}, "not given (mandate_not_grantor)"),
        ({"actions": ["view", "collect"]}, "not given (mandate_scope_beyond)"),
    ],
)
def test_what_the_rules_refuse_is_said(
    seeded: Result, over_site: Run, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    first = tomllib.loads(MANDATES.read_text("utf-8"))["mandate"][0] | {"agent": EMPLOYEE, "accepted": EMPLOYEE}
    first.pop("may_delegate")
    file = tmp_path / "mandates.toml"
    lines = [f"{name} = {value!r}" for name, value in (first | changed).items()]
    file.write_text("[[mandate]]\n" + "\n".join(lines), "utf-8")
    assert said in over_site("people", "mandates", str(file)).output
