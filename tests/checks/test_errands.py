"""The worker's part of checks: a vendor that holds up every question holds up nobody else's messages."""

import threading
import time

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.checks.ports import CheckOrder
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Order
from idp.cli.work import check_errands
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.messages.worker import Settled, Worker
from idp.proofing.ports import Unavailable, UnavailableReason
from tests.checks.vendor import ScriptedVendor
from tests.provider import Site

MANY = 40


def agreed(site: Site, number: int) -> None:
    subject = CheckSubject(PersonName("欧阳清岚"), IdNumber(f"1101051949123{number:04d}X"))
    order = Order(CheckKind.FACE, CheckPurpose.SIGN_IN, subject, None, "/b", "/e", "zh-CN")
    checks, browser = site.provider.checks, number.to_bytes(32)
    with site.provider.database.transaction() as tx:
        key = checks.order(tx, order, browser=browser, now=site.now())
        check = checks.read(tx, key, browser=browser, now=site.now())
        assert check is not None
        assert checks.agree(tx, check, vendor="face-vendor", consent="1", browser=browser, now=site.now()) is None


def test_a_vendor_that_holds_every_question_holds_up_no_text_message(site: Site, vendor: ScriptedVendor) -> None:
    let_go, sent = threading.Event(), threading.Event()

    def hold(_order: CheckOrder) -> Unavailable:
        let_go.wait(20)
        return Unavailable(UnavailableReason.TIMEOUT)

    vendor.opens = hold
    for number in range(MANY):
        agreed(site, number)
    handlers = check_errands(site.provider).handlers | {"sms": lambda *_: sent.set() or Settled()}
    worker = Worker(site.provider.database, handlers)
    worker.start()
    try:
        while not vendor.opened:
            time.sleep(0.02)
        with site.provider.database.transaction() as tx:
            enqueue(tx, Kind.SMS, {}, now=site.now())
        assert sent.wait(5), "text messages wait for the vendor"
        assert len(vendor.opened) < MANY, "not everything the worker has goes to one vendor"
    finally:
        let_go.set()
        worker.stop()
