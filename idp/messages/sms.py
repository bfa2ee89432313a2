"""Text messages through the outbox: writing one down, and the handler that hands it to the provider.

Always true: the row's id is the provider's idempotency key, so a message sent twice arrives once.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp.db import Transaction
from idp.messages.claims import Message
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind, Refused, Sent, SmsGateway, Unavailable
from idp.messages.templates import TEMPLATES, compose
from idp.messages.worker import Failed, Handler, Outcome, Retry, Settled


def enqueue_sms(
    tx: Transaction,
    *,
    to: str,
    template: str,
    params: Mapping[str, str],
    locale: str,
    send: bool = True,
    party_id: str | None = None,
    lifetime: int | None = None,
    now: int,
) -> str:
    """Write a text message to ``to`` (E.164) into the outbox; returns its id.

    ``send=False`` runs the very same statements and sends nothing: what an unknown identifier causes (trust 3).
    ``lifetime``: seconds after which it is not worth sending, default the template's.
    """
    return enqueue(
        tx,
        Kind.SMS if send else Kind.NONE,
        {"to": to, "template": template, "params": dict(params), "locale": locale},
        lifetime=TEMPLATES[template].lifetime if lifetime is None else lifetime,
        party_id=party_id,
        now=now,
    )


def sms_handler(gateway: SmsGateway) -> Handler:
    """The worker's handler of kind ``sms`` over this provider."""

    def send(message: Message, payload: Mapping[str, Any]) -> Outcome:
        match gateway.send(replace(compose(message_id=message.id, **payload), attempt=message.attempt)):
            case Sent():
                return Settled()
            case Refused(reason):
                return Failed(reason)
            case Unavailable(reason, retry_after):
                return Retry(reason, retry_after)

    return send
