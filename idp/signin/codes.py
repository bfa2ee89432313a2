"""Sending and checking codes by text message, with their audit records, for every page that asks for one.

Always true: no database transaction is open while a code is issued or checked.
"""

from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, Issued, Proved, SmsCodes
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.cookies import browser_id
from idp.web.limits import address_budget_key
from idp.web.locale import preferences


def send_code(
    codes: SmsCodes,
    purpose: Purpose,
    mobile: Mobile,
    party_id: str | None,
    *,
    deliver: bool,
    replaces: str | None = None,
) -> Issued | Denied:
    """Issue a code to this browser and leave the audit record."""
    issued = codes.issue(
        purpose=purpose,
        phone=mobile.e164,
        browser=browser_id(),
        locale=preferences().lang,
        deliver=deliver,
        address=address_budget_key(),
        replaces=replaces,
        party_id=party_id,
        now=now(),
    )
    refused = issued.reason if isinstance(issued, Denied) else None
    record(
        current_transaction(),
        Event.SMS_CODE_SENT,
        subject=party_id,
        result="refused" if refused else "ok",
        reason=refused,
        detail={"purpose": purpose},
        now=now(),
    )
    db.session.commit()
    return issued


def answer_code(
    codes: SmsCodes, purpose: Purpose, challenge: str, typed: str, *, party_id: str | None = None
) -> Proved | Denied:
    """Check an answer and leave the audit record; no transaction may be open."""
    db.session.rollback()
    answered = codes.answer(challenge_id=challenge, purpose=purpose, code=typed, browser=browser_id(), now=now())
    refused = answered.reason if isinstance(answered, Denied) else None
    event = {None: Event.SMS_CODE_ACCEPTED, Refusal.CODE_EXHAUSTED: Event.SMS_CODE_EXHAUSTED}.get(
        refused, Event.SMS_CODE_REFUSED
    )
    record(
        current_transaction(),
        event,
        subject=party_id,
        result="refused" if refused else "ok",
        reason=refused,
        detail={"purpose": purpose},
        now=now(),
    )
    return answered
