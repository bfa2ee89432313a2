"""Every magic number of the vendors of checks, through the real client against the running sandbox."""

from dataclasses import replace
from http.client import HTTPConnection
from typing import Literal
from urllib.parse import urlencode, urlsplit

import pytest

from adapters.providers.check import HttpCheckVendor
from adapters.sandbox.check_magic import FINDINGS, Finding
from idp.accounts.documents import DocumentType
from idp.checks.ports import CheckOrder, Heard, Judged, Opened, Pending
from idp.checks.rules import CheckPurpose, Refusal, Variant
from idp.proofing.ports import Unavailable, UnavailableReason, Unusable, UnusableReason
from tests.providers.conftest import IMPATIENT, RunningSandbox

ORDER = CheckOrder(
    reference="chk_1",
    purpose=CheckPurpose.ACTIVATION,
    name="欧阳清岚",
    document_type=DocumentType.RESIDENT_ID,
    number="430105199003070011",
    nonce="n" * 32,
    return_url="http://localhost:8000/checks/chk_1/back",
    locale="zh-CN",
    variant=Variant.REDIRECT,
)


def away(reason: UnavailableReason) -> Unavailable:
    return Unavailable(reason)


PASSED, FAILED = "passed", "failed"
MALFORMED, SWAPPED = away(UnavailableReason.MALFORMED_ANSWER), away(UnavailableReason.ANSWER_SWAPPED)
UNSIGNED, DOWN = away(UnavailableReason.ANSWER_UNSIGNED), away(UnavailableReason.PROVIDER_ERROR)
LATE, REDIRECTED = away(UnavailableReason.TIMEOUT), away(UnavailableReason.REDIRECTED)
FOUND: dict[str, object] = {
    "pass": PASSED,
    "fail": FAILED,
    "low": FAILED,
    "other_person": SWAPPED,
    "late": Pending(),
    "never": Pending(),
    "twice": PASSED,
    "silent": PASSED,
    "down": DOWN,
    "hang": LATE,
    "nan": MALFORMED,
    "text_false": MALFORMED,
    "text_true": MALFORMED,
    "other_key": UNSIGNED,
    "alg_none": UNSIGNED,
    "public_key": UNSIGNED,
    "stale": away(UnavailableReason.ANSWER_STALE),
    "other_nonce": SWAPPED,
    "other_purpose": SWAPPED,
    "other_transaction": SWAPPED,
    "unsigned": UNSIGNED,
    "cut": MALFORMED,
    "oversized": away(UnavailableReason.ANSWER_TOO_LARGE),
    "redirect": REDIRECTED,
    "open_down": DOWN,
    "open_hang": LATE,
    "open_redirect": REDIRECTED,
    "open_elsewhere": MALFORMED,
    "open_both": MALFORMED,
}


def patient(finding: Finding, sandbox: RunningSandbox, kind: Literal["face", "bank"] = "face") -> HttpCheckVendor:
    hangs = finding.result.wait or finding.opening.wait
    return sandbox.check_vendor(kind, timeout=IMPATIENT if hangs else 3.0)


def press(url: str | None, **form: object) -> None:
    """A person at the vendor's page."""
    assert url
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", parts.path, body=urlencode(form), headers=headers)
    assert connection.getresponse().status == 303
    connection.close()


def go_through(url: str | None) -> None:
    press(url, do="begin")
    for step in (1, 2, 3):
        press(url, do="did", step=step, way=0)


def outcome(found: object) -> object:
    if not isinstance(found, Judged):
        return found
    return PASSED if found.passed else FAILED


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.key)
def test_a_magic_number_ends_as_the_list_says(sandbox: RunningSandbox, finding: Finding) -> None:
    vendor, order = patient(finding, sandbox), replace(ORDER, number=finding.number)
    opened = vendor.open(order)
    if not isinstance(opened, Opened):
        assert opened == FOUND[finding.key]
        return
    assert vendor.fetch(order, opened.transaction) == Pending()
    go_through(opened.url)
    assert outcome(vendor.fetch(order, opened.transaction)) == FOUND[finding.key]
    assert len(sandbox.callbacks) == finding.calls


@pytest.mark.parametrize("purpose", CheckPurpose)
def test_a_check_is_opened_and_passed_for_whatever_it_may_be_for(
    sandbox: RunningSandbox, purpose: CheckPurpose
) -> None:
    vendor, order = sandbox.check_vendor("face"), replace(ORDER, purpose=purpose)
    opened = vendor.open(order)
    assert isinstance(opened, Opened)
    go_through(opened.url)
    assert outcome(vendor.fetch(order, opened.transaction)) == PASSED


def test_a_late_result_comes_and_a_vendor_may_contradict_itself(sandbox: RunningSandbox) -> None:
    late, twice = (next(one for one in FINDINGS if one.key == key) for key in ("late", "twice"))
    vendor, order = sandbox.check_vendor("face"), replace(ORDER, number=late.number)
    opened = vendor.open(order)
    assert isinstance(opened, Opened)
    go_through(opened.url)
    sandbox.ahead = 20
    assert outcome(vendor.fetch(order, opened.transaction)) == PASSED
    other = replace(ORDER, number=twice.number, reference="chk_2")
    second = vendor.open(other)
    assert isinstance(second, Opened)
    go_through(second.url)
    results = [vendor.fetch(other, second.transaction) for _ in range(2)]
    assert [outcome(found) for found in results] == [PASSED, FAILED]
    assert len({found.digest for found in results if isinstance(found, Judged)}) == 2


def test_callbacks_of_both_forms_are_heard(sandbox: RunningSandbox) -> None:
    vendor = sandbox.check_vendor("face")
    for reference in ("chk_1", "chk_2"):
        order = replace(ORDER, reference=reference)
        opened = vendor.open(order)
        assert isinstance(opened, Opened)
        go_through(opened.url)
        headers, body = sandbox.callbacks[-1]
        heard = vendor.hear(headers, body, now=int(sandbox.now()))
        assert isinstance(heard, Heard)
        assert (heard.reference, heard.transaction) == (reference, opened.transaction)
    assert {headers["content-type"] for headers, _ in sandbox.callbacks} == {"application/json", "application/jwt"}


def test_who_leaves_the_page_has_abandoned(sandbox: RunningSandbox) -> None:
    vendor = sandbox.check_vendor("face")
    opened = vendor.open(ORDER)
    assert isinstance(opened, Opened)
    press(opened.url, do="leave")
    found = vendor.fetch(ORDER, opened.transaction)
    assert isinstance(found, Judged)
    assert (found.passed, found.reason, found.digest) == (False, Refusal.ABANDONED, "")


def test_a_bank_confirms_and_no_face_result_is_a_banks(sandbox: RunningSandbox) -> None:
    vendor = sandbox.check_vendor("bank")
    opened = vendor.open(ORDER)
    assert isinstance(opened, Opened)
    press(opened.url, do="did")
    found = vendor.fetch(ORDER, opened.transaction)
    assert isinstance(found, Judged)
    assert (found.passed, found.score, vendor.name) == (True, None, "http://localhost:8009/bank")


def test_software_gets_a_token(sandbox: RunningSandbox) -> None:
    opened = sandbox.check_vendor("face").open(replace(ORDER, variant=Variant.SDK))
    assert isinstance(opened, Opened)
    assert opened.url is None
    assert opened.sdk_token


def test_the_same_order_again_is_one_and_another_person_under_it_is_refused(sandbox: RunningSandbox) -> None:
    vendor = sandbox.check_vendor("face")
    assert vendor.open(ORDER) == vendor.open(ORDER)
    assert vendor.open(replace(ORDER, name="欧阳清风")) == Unusable(UnusableReason.REFERENCE_CONFLICT)
    other = sandbox.check_vendor("face", secret="another-key-of-more-than-32-characters!")
    assert other.open(ORDER) == Unusable(UnusableReason.BAD_SIGNATURE)
    assert vendor.fetch(ORDER, "face_unknown") == Unusable(UnusableReason.INVALID_REQUEST)
