"""Whom the demo CAs give certificates, and what is wrong with some of them.

Always true: everybody is of config/demo/people.toml or registers.toml, and this table alone drives what is made, the
page that lists it, and the list in docs/providers.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.register_entries import Entries, Enterprise, Person

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
    english: tuple[str, str]
    """``what`` and ``then``."""
    days: tuple[int, int] = (-1, 730)
    quirk: Quirk | None = None
    revoked: bool = False

    def is_of(self, kind: Kind) -> bool:
        return self.quirk is not Quirk.EMPTY_USER_ID or kind is Kind.SM2


_PERSON = Holder("欧阳清岚", "430105199003070011")
_ENTITY = Holder("", "", "长沙岳麓示例科技有限公司", "91430100MA0000007Q")
_BOTH = Holder(_PERSON.name, _PERSON.number, _ENTITY.entity, _ENTITY.uscc)
_GOOD, _BAD = "认得，可以用", "不认，说明原因"
_TAKEN, _REFUSED = "accepted", "refused, and why is said"

SCENES = (
    Scene("person", _PERSON, "个人证书", _GOOD, ("of a person", _TAKEN)),
    Scene(
        "person-renewed",
        _PERSON,
        "同一个人换发的证书：新的密钥和序列号",
        "认得；再验证一次后换绑",
        ("the same person's renewed one: new key, new serial number", "accepted; rebound after a further factor"),
    ),
    Scene("enterprise", _ENTITY, "单位证书", _GOOD, ("of an entity", _TAKEN)),
    Scene(
        "enterprise-holder",
        _BOTH,
        "单位证书，写明持有人",
        _GOOD,
        ("of an entity, with the holder's name", _TAKEN),
    ),
    Scene("revoked", _PERSON, "已吊销的个人证书", _BAD, ("of a person, revoked", _REFUSED), revoked=True),
    Scene(
        "enterprise-revoked", _ENTITY, "已吊销的单位证书", _BAD, ("of an entity, revoked", _REFUSED), revoked=True
    ),
    Scene("expired", _PERSON, "已过期的个人证书", _BAD, ("of a person, expired", _REFUSED), (-800, -10)),
    Scene(
        "not-yet-valid", _PERSON, "还没有生效的个人证书", _BAD, ("of a person, not yet valid", _REFUSED), (365, 1095)
    ),
    Scene(
        "encryption",
        _PERSON,
        "加密证书，不能签名",
        _BAD,
        ("for encryption: must not sign", _REFUSED),
        quirk=Quirk.ENCRYPTION,
    ),
    Scene(
        "empty-user-id",
        _PERSON,
        "发证时用了空的 SM2 用户标识",
        _BAD,
        ("signed by its CA with the empty SM2 user id", _REFUSED),
        quirk=Quirk.EMPTY_USER_ID,
    ),
    Scene("no-identity", Holder(_PERSON.name), "没有写明身份", _BAD, ("without an identity", _REFUSED)),
    Scene(
        "wrong-number",
        Holder(_PERSON.name, _PERSON.number[:-1] + "2"),
        "身份证号码的校验位不对",
        _BAD,
        ("with a number whose check digit is wrong", _REFUSED),
    ),
    Scene(
        "authority",
        _PERSON,
        "自称可以发证的个人证书",
        _BAD,
        ("of a person, claims to be a CA", _REFUSED),
        quirk=Quirk.AUTHORITY,
    ),
    Scene(
        "foreign",
        _PERSON,
        "没有人信任的另一个根发的证书",
        _BAD,
        ("of another root that nobody trusts", _REFUSED),
        quirk=Quirk.FOREIGN,
    ),
)
_BY_KEY = {scene.key: scene for scene in SCENES}


def cast(entries: Entries) -> Mapping[str, Scene]:
    """Every certificate that can be had, by key: the scenes, then everybody the registers know."""
    people = [_of_person(person) for person in entries.people if person.document_type in _NUMBERED]
    entities = [scene for entity in entries.enterprises for scene in _of_entity(entity)]
    return _BY_KEY | {scene.key: scene for scene in (*people, *entities)}


def _of_person(person: Person) -> Scene:
    holder = Holder(person.name, person.number)
    return Scene(f"person-{_short(person.number)}", holder, "个人证书", _GOOD, ("of a person", _TAKEN))


def _of_entity(entity: Enterprise) -> tuple[Scene, Scene]:
    key = f"enterprise-{_short(entity.uscc)}"
    name, _, number, _ = entity.people[0]
    both = Holder(name, number, entity.name, entity.uscc)
    bare = Holder("", "", entity.name, entity.uscc)
    return (
        Scene(key, bare, "单位证书", _GOOD, ("of an entity", _TAKEN)),
        Scene(f"{key}-holder", both, "单位证书，写明持有人", _GOOD, ("of an entity, with the holder's name", _TAKEN)),
    )


def _short(number: str) -> str:
    """Stands for a number in addresses and file names."""
    return hashlib.sha256(number.encode()).hexdigest()[:8]
