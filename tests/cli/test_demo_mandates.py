"""What stands ready in the demo: an agency's employee who may file, and a company whose refunds two people sign."""

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
from idp.mandates.ruling import rule_of
from idp.mandates.scopes import Action
from idp.mandates.signing import SigningRule
from tests.cli.test_commands import Run, over_site
from tests.provider import Site

__all__ = ["over_site"]

COMPANY = "91430100MA0000007Q"
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
    assert seeded.output == "2 APIs registered\n3 mandates given\n1 signing rules set\n"
    chain = may(site)
    assert chain is not None
    assert chain.intermediary == entity(site, AGENCY)
    assert may(site, Action.PAY) is None


def test_what_stands_is_left_alone_and_what_was_taken_back_is_given_anew(
    seeded: Result, over_site: Run, site: Site
) -> None:
    assert over_site(*WORDS).output == "0 APIs registered\n0 mandates given\n0 signing rules set\n"
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
    assert "\n2 mandates given\n" in over_site(*WORDS).output
    second = may(site)
    assert second is not None
    assert first.mandates[0].id not in {one.id for one in second.mandates}


def test_two_sign_for_the_company_until_it_has_chosen_otherwise(seeded: Result, over_site: Run, site: Site) -> None:
    company = entity(site, COMPANY)
    with site.provider.database.autocommit() as tx:
        assert rule_of(tx, company) is SigningRule.ANY_TWO
    site.execute("UPDATE entity_signing_rule SET rule = 'alone'")
    assert over_site(*WORDS).output.endswith("\n0 signing rules set\n")
    with site.provider.database.autocommit() as tx:
        assert rule_of(tx, company) is SigningRule.ALONE


def test_a_rule_that_the_entity_has_not_the_people_for_is_not_set_and_that_is_said(
    seeded: Result, over_site: Run, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(f'[[signing_rule]]\nentity = "{TRADE}"\nrule = "any_two"\nsigned = "{MARIA}"\n', "utf-8")
    said = over_site("people", "mandates", str(file)).output
    assert f"{TRADE}: any_two not set (mandate_signers_missing)" in said
    assert said.endswith("\n0 signing rules set\n")


def test_a_second_link_without_a_first_is_not_given(
    seeded: Result, over_site: Run, site: Site, tmp_path: Path
) -> None:
    second = tomllib.loads(MANDATES.read_text("utf-8"))["mandate"][1]
    file = tmp_path / "mandates.toml"
    lines = [f"{name} = {value!r}" for name, value in (second | {"under": "91430100MA0000007Q"}).items()]
    file.write_text("[[mandate]]\n" + "\n".join(lines), "utf-8")
    assert "\n0 mandates given\n" in over_site("people", "mandates", str(file)).output


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
