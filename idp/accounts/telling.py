"""Word to a person's phone about what has happened to their account.

Always true: it goes through the outbox in the transaction of what it tells of, and telling nobody, or who has
no phone, runs the same statements.
"""

from idp.accounts.actions import Directory, Person
from idp.accounts.rules import Mobile
from idp.db import Transaction
from idp.messages.sms import enqueue_sms
from idp.web.locale import short_time


def own_locale(person: Person) -> str:
    """The language of their profile where an installation keeps one there; else ``zh``, the citizens' language."""
    return str(person.profile.get("locale") or "zh")


def tell(
    tx: Transaction,
    directory: Directory,
    party_id: str | None,
    template: str,
    *,
    now: int,
    at: int | None = None,
    locale: str | None = None,
) -> None:
    """Queue ``template`` for the phone on file. ``at``: the time it names, default ``now``.

    ``locale``: of the page on which the person did it; None where somebody else did it: `own_locale`.
    """
    person = directory.person(tx, party_id or "")
    tell_phone(tx, person.mobile, template, party_id=party_id, locale=locale or own_locale(person), at=at, now=now)


def tell_phone(
    tx: Transaction,
    mobile: Mobile | None,
    template: str,
    *,
    party_id: str | None,
    locale: str,
    now: int,
    at: int | None = None,
    **params: str,
) -> None:
    """Queue ``template`` for a phone that is not, or no longer, the one on file."""
    enqueue_sms(
        tx,
        to=mobile.e164 if mobile else "",
        template=template,
        params={"time": short_time(now if at is None else at), **params},
        locale=locale,
        send=mobile is not None,
        party_id=party_id,
        now=now,
    )
