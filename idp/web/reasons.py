"""The one table from a machine's reason to a sentence for the person.

Always true: who looks up a reason gets a sentence; one that is not in the table gets the general one, and
``known_reason`` lets a test find it. Sentences that could tell strangers whether an account exists do not exist.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.web.words import (
    account,
    assisted,
    certificates,
    console,
    departments,
    entities,
    events,
    mandates,
    proofing,
    recovery,
    signin,
)

SENTENCES: Mapping[str, LazyString] = {
    name: words
    for room in (
        account,
        assisted,
        certificates,
        console,
        departments,
        entities,
        mandates,
        proofing,
        recovery,
        signin,
    )
    for name, words in room.SENTENCES.items()
}
GENERAL = _("操作没有成功，请重试。")

EVENTS: Mapping[str, LazyString] = {**events.EVENTS, **mandates.EVENTS, **assisted.EVENTS}
OTHER_EVENT = _("账户操作")


def _key(reason: str) -> str:
    return str(reason).replace("-", "_")


def known_reason(reason: str) -> bool:
    """Whether ``reason`` has a sentence of its own."""
    return _key(reason) in SENTENCES


def sentence(reason: str) -> LazyString:
    """What the person reads for ``reason``; hyphens and underscores are alike."""
    return SENTENCES.get(_key(reason), GENERAL)


def event_sentence(event: str) -> LazyString:
    """An audit event as a line in the person's own list of activity."""
    return EVENTS.get(event, OTHER_EVENT)


def scope_words(scope: str) -> tuple[LazyString | str, LazyString | None]:
    """Name and description of what a scope gives away; an unknown scope is shown as it is."""
    return departments.SCOPES.get(scope, (scope, None))


def certificate_purpose(purpose: str) -> LazyString:
    """What a text is signed for, in words."""
    return certificates.CERTIFICATE_PURPOSES[purpose]


def entity_type_word(kind: str) -> LazyString:
    """A kind of legal entity in words."""
    return entities.ENTITY_TYPES[kind]


def role_word(role: str) -> LazyString | str:
    """What somebody is to an entity, in words."""
    return entities.ROLES.get(role, role)


def capacity_word(capacity: str) -> LazyString | str:
    """As what somebody acts by a mandate, in words."""
    return mandates.CAPACITIES.get(capacity, capacity)


def capability_words(capability: str) -> tuple[LazyString, LazyString]:
    """What a department asks for, in words, and what is done when the person agrees."""
    return departments.CAPABILITIES[capability]


def evidence_word(kind: str) -> LazyString | str:
    """How identity was proved, in words; an unknown kind is shown as it is."""
    return proofing.EVIDENCE.get(kind, kind)


def source_word(source: str) -> LazyString | str:
    """Who proved it: a register by its name, anything else as it was recorded."""
    return proofing.SOURCES.get(source, source)


def password_rule(rule: str, **numbers: int | str) -> str:
    """One line of advice above a new password. KeyError for an unknown ``rule``."""
    text = str(signin.PASSWORD_RULES[rule])
    return text % numbers if numbers else text


def method_word(method: str) -> LazyString | str:
    """An ``amr`` value in words."""
    return signin.METHODS.get(method, method)
