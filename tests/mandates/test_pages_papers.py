"""Mandates from tables, on paper, and checked by whoever holds the paper."""

import csv
import re
from io import StringIO
from typing import Any

from idp.mandates.bulk import COLUMNS
from idp.mandates.rules import State
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import AGENCY, AGENCY_NAME, Mandates, to_person
from tests.mandates.walking import hidden, signed_in, to
from tests.provider import Browser

HEAD = [names[0] for names in COLUMNS.values()]
BULK = "/account/mandates/bulk"


def line(**changes: str) -> list[str]:
    name, number = PEOPLE[THREE]
    told = {
        "kind": "员工", "name": name, "number": number, "theme": "办税事项", "services": "增值税申报",
        "actions": "查看、提交", "limit": "", "first": "", "last": "2027-06-30", "post": "",
    }  # fmt: skip
    return list((told | changes).values())


def table(*lines: list[str], encoding: str = "utf-8-sig") -> bytes:
    out = StringIO()
    csv.writer(out).writerows([HEAD, *lines])
    return out.getvalue().encode(encoding)


def upload(boss: Browser, content: bytes) -> Any:
    return boss.upload(BULK, content, filename="mandates.csv")


def test_good_lines_of_a_table_are_signed_together_and_bad_ones_named(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    content = table(
        line(),
        line(kind="机构", name=AGENCY_NAME, number=AGENCY, limit="50,000"),
        line(),
        line(number="11010519491231002Y"),
        line(theme="没有的主题"),
        line(services="没有的事项"),
        line(last="2020-01-01", number=PEOPLE[TWO][1], name=PEOPLE[TWO][0]),
        line(kind="administrator"),
        ["一", "二"],
        line(name=PEOPLE[ONE][0], number=PEOPLE[ONE][1]),
    )
    page = to(upload(boss, content))
    shown = boss.get(page).text
    assert shown.count('class="wrong"') == 8
    assert "2 lines can be given" in shown
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0
    text = re.search(r'href="(/account/mandates/bulk/text[^"]+line=3[^"]*)"', shown)
    assert text
    assert "50,000.00 CNY" in boss.get(text[1].replace("&amp;", "&")).text
    assert boss.submit(page, {"text_hash": "0" * 64}).status_code == 422
    form = hidden(shown)
    assert to(boss.submit(page, form)).endswith("done=mandate_bulk_given")
    assert boss.submit(page, form).status_code == 400
    assert mandates.site.one("SELECT COUNT(*) FROM mandate WHERE state = 'pending_acceptance'") == 2


def test_a_table_of_the_usual_spreadsheet_encoding_is_read(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    page = to(upload(boss, table(line(name="张三", number="11010519491231002X"), encoding="gb18030")))
    assert "张三" in boss.get(page).text


def test_what_is_no_table_is_said_to_be_none(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    long = table(*[line()] * 501)
    for content in (b"", b"\x00\x01", b"a,b\n1,2\n", table(), long, b"x" * 600_000, "授权".encode("utf-16")):
        assert upload(boss, content).status_code == 422
    assert upload(signed_in(mandates, ONE), table(line())).status_code == 404, "only entities"
    assert mandates.site.one("SELECT COUNT(*) FROM flow WHERE kind = 'mandate_bulk'") == 0


def test_a_table_of_one_administrator_goes_no_further_than_they_do(mandates: Mandates) -> None:
    from idp.mandates.rules import Kind
    from idp.mandates.scopes import Action, Scope
    from tests.mandates.conftest import FILING

    manages = Scope(FILING.actions | {Action.MANAGE}, FILING.services)
    term = {"valid_to": mandates.site.now() + 700 * 86400}
    own = mandates.given(mandates.entity, to_person(TWO), ONE, TWO, kind=Kind.ADMINISTRATOR, scope=manages, **term)
    admin = signed_in(mandates, TWO)
    content = table(
        line(),
        line(theme="窗口服务", services="协助办理", actions="查看"),
        line(number="11010519491231002X", actions="缴费"),
    )
    page = to(admin.upload(f"{BULK}?by={own}", content, filename="m.csv"))
    shown = admin.get(page).text
    assert "1 line can be given" in shown
    assert shown.count('class="wrong"') == 2


def test_the_sample_is_a_table_that_is_read(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    sample = boss.get(f"{BULK}/sample.csv").data
    assert "1 line can be given" in boss.get(to(upload(boss, sample))).text


def test_the_printed_form_is_the_same_bytes_and_its_code_leads_to_the_check(mandates: Mandates) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    boss, clerk = signed_in(mandates, ONE, acts_for=mandates.entity), signed_in(mandates, THREE)
    first = boss.get(f"/account/mandates/{key}/print").data
    mandates.site.later += 86400
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    assert boss.get(f"/account/mandates/{key}/print").data == first
    clerk = signed_in(mandates, THREE)
    assert clerk.get(f"/account/mandates/{key}/print").data == first, "whoever of the two prints it"
    assert b"<svg" in first
    assert b"csrf" not in first


def test_whoever_holds_the_paper_reads_the_state_and_no_name(mandates: Mandates) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    digest = str(mandates.site.one("SELECT text_hash FROM mandate"))
    stranger = mandates.site.browser()

    def check(number: str, code: str) -> str:
        return stranger.get(f"/mandates/check?m={number}&h={code}").text

    page = check(key, f"{digest[:4].upper()}-{digest[4:16]}")
    assert "The text is genuine" in page
    assert "In force" in page
    assert not [name for name, _ in PEOPLE.values() if name in page]
    for number, code in (
        (key, "0" * 16),
        (key, digest[:15]),
        ("mnd_none", digest[:16]),
        (key, digest + "0"),
        ("x", "y"),
    ):
        assert "No mandate has this number" in check(number, code)
    assert "Please enter" in check(key, "")
    assert 'id="not-found"' not in stranger.get("/mandates/check").text
    mandates.site.execute("UPDATE mandate SET state = 'revoked' WHERE id = :id", id=key)
    assert "Withdrawn" in check(key, digest[:16])


def test_what_was_not_signed_is_no_mandate_to_the_check(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    mandates.draw(draft, ONE)
    digest = str(mandates.site.one("SELECT text_hash FROM mandate"))
    mandates.site.execute("UPDATE mandate SET state = :state", state=State.PENDING_APPROVALS)
    assert "No mandate" in mandates.site.browser().get(f"/mandates/check?m={draft.id}&h={digest[:16]}").text
