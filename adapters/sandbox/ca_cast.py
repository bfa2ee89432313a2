"""Whom the demo CAs give certificates, and what is wrong with some of them.

Always true: everybody is of config/demo/people.toml or registers.toml, and this table alone drives what is made, the
page that lists it, and the list in docs/providers.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.register_entries import Enterprise, Entries, Person

_NUMBERED = ("resident_id", "permanent_residence", "residence_permit")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is named; ``number`` and ``uscc`` are empty where the certificate names no person, no entity."""

    name: str
    number: str = field(default="", repr=False)
    entity: str = ""
    uscc: str = ""

    @property
    def shown(self) -> str:
        return self.entity + (f"（{self.name}）" if self.entity and self.name else self.name)


class Quirk(Enum):
    """What is wrong with a certificate."""

    ENCRYPTION = "keyEncipherment only"
    EMPTY_USER_ID = "signed with the empty SM2 user id"
    FOREIGN = "of a root that nobody trusts"
    AUTHORITY = "claims to be a CA"


@dataclass(frozen=True, slots=True)
class Scene:
    """One certificate. ``what`` and ``then`` (Chinese): what it is, and what a correct provider makes of it.

    ``days``: from when and until when it is valid, counted from when it is made.
    """

    key: str
    holder: Holder
    what: str
    then: str
    days: tuple[int, int] = (-1, 730)
    quirk: Quirk | None = None
    revoked: bool = False

    def is_of(self, kind: Kind) -> bool:
        return self.quirk is not Quirk.EMPTY_USER_ID or kind is Kind.SM2


_PERSON = Holder("欧阳清岚", "430105199003070011")
_ENTITY = Holder("", "", "长沙岳麓示例科技有限公司", "91430100MA0000007Q")
_BOTH = Holder(_PERSON.name, _PERSON.number, _ENTITY.entity, _ENTITY.uscc)
_OF_PERSON, _OF_ENTITY, _WITH_HOLDER = "个人证书", "单位证书", "单位证书，写明持有人"
_TAKEN, _REFUSED = "认得，可以用", "不认，说明原因"

SCENES = (
    Scene("person", _PERSON, _OF_PERSON, _TAKEN),
    Scene("person-renewed", _PERSON, "个人证书，换发的：新的密钥和序列号", "认得；再验证一次后换绑"),
    Scene("enterprise", _ENTITY, _OF_ENTITY, _TAKEN),
    Scene("enterprise-holder", _BOTH, _WITH_HOLDER, _TAKEN),
    Scene("revoked", _PERSON, "个人证书，已吊销", _REFUSED, revoked=True),
    Scene("enterprise-revoked", _ENTITY, "单位证书，已吊销", _REFUSED, revoked=True),
    Scene("expired", _PERSON, "个人证书，已过期", _REFUSED, (-800, -10)),
    Scene("not-yet-valid", _PERSON, "个人证书，还没有生效", _REFUSED, (365, 1095)),
    Scene("encryption", _PERSON, "加密证书，不能用来签名", _REFUSED, quirk=Quirk.ENCRYPTION),
    Scene("empty-user-id", _PERSON, "发证时用了空的 SM2 用户标识", _REFUSED, quirk=Quirk.EMPTY_USER_ID),
    Scene("no-identity", Holder(_PERSON.name), "没有写明身份", _REFUSED),
    Scene("wrong-number", Holder(_PERSON.name, _PERSON.number[:-1] + "2"), "号码的校验位不对", _REFUSED),
    Scene("authority", _PERSON, "自称可以发证的个人证书", _REFUSED, quirk=Quirk.AUTHORITY),
    Scene("foreign", _PERSON, "没有人信任的另一个根发的证书", _REFUSED, quirk=Quirk.FOREIGN),
)
_BY_KEY = {scene.key: scene for scene in SCENES}


def cast(entries: Entries) -> Mapping[str, Scene]:
    """Every certificate that can be had, by key: the scenes, then everybody the registers know."""
    people = [_of_person(person) for person in entries.people if person.document_type in _NUMBERED]
    entities = [scene for entity in entries.enterprises for scene in _of_entity(entity)]
    return _BY_KEY | {scene.key: scene for scene in (*people, *entities)}


def _of_person(person: Person) -> Scene:
    holder = Holder(person.name, person.number)
    return Scene(f"person-{_short(person.number)}", holder, _OF_PERSON, _TAKEN)


def _of_entity(entity: Enterprise) -> tuple[Scene, Scene]:
    key = f"enterprise-{_short(entity.uscc)}"
    name, _, number, _ = entity.people[0]
    both = Holder(name, number, entity.name, entity.uscc)
    bare = Holder("", "", entity.name, entity.uscc)
    return (
        Scene(key, bare, _OF_ENTITY, _TAKEN),
        Scene(f"{key}-holder", both, _WITH_HOLDER, _TAKEN),
    )


def _short(number: str) -> str:
    """Stands for a number in addresses and file names."""
    return hashlib.sha256(number.encode()).hexdigest()[:8]
