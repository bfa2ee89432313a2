"""Choosing a password: what every page that asks for a new one says and refuses.

Always true: a password is judged by this installation's profile and by what is known of its person.
"""

from idp.accounts.actions import Person
from idp.credentials.password import Passwords
from idp.credentials.policy import Denied, Personal
from idp.web.forms import Form
from idp.web.reasons import password_rule, sentence


def password_rules(known: Passwords) -> list[str]:
    """What a new password must be, in sentences, for this installation's profile."""
    return [password_rule(name, **numbers) for name, numbers in known.advice()]


def personal(person: Person) -> Personal:
    """What of the person must not stand in their password, verified or only said."""
    known, said = person.identity, person.profile
    return Personal(
        phone=person.mobile.value if person.mobile else "",
        user_name=person.user_name.value if person.user_name else "",
        names=(known.name.value if known else "", str(said.get("name", ""))),
        words=(known.document.value if known else "", str(said.get("birthdate", ""))),
    )


def refuse_unfit(form: Form, name: str, known: Passwords, of_person: Personal) -> bool:
    """Say what is wrong with the new password in field ``name``, and whether anything is.

    An empty one has been refused as missing.
    """
    verdict = known.judge(form[name], of_person)
    if isinstance(verdict, Denied) and form[name]:
        form.refuse(name, sentence(verdict.reasons[0]))
    return isinstance(verdict, Denied)
