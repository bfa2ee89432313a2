"""How three provinces register people and entities: each walk begins at a department app and ends in it.

Always true: every person and entity stands in the sandbox's registers, and has no account before the walk.
"""

import re
from typing import NamedTuple

from playwright.sync_api import expect

from tests.journeys.steps import Steps
from tests.journeys.walks import PASSWORD, signed_in_to


class Person(NamedTuple):
    name: str
    number: str


class Entity(NamedTuple):
    kind: str
    name: str
    uscc: str


SHEN, WANG = Person("沈新禾", "420199200106140047"), Person("王小川", "530199198707160014")
ABDUL, DANIEL = Person("阿卜杜·热合曼", "650199197910150033"), Person("Daniel Carter", "911840198808080012")
CARDS = {SHEN: ("6299990001000065", "13800001008"), WANG: ("6299990001000073", "13900002009")}
CARDS[ABDUL] = ("6299990001000081", "13900002010")
"""Of the people whose bank the sandbox knows: the card, and the phone the bank knows."""
LOST_CARD = "6299990009000034"
HE, LIN = Person("何嘉朗", "810000199001010019"), Person("林家豪", "830000199001010012")
COOPERATIVE = Entity("farmers_cooperative", "仙桃沈湖种养专业合作社", "93420199MA4K00037Q")
SOCIETY = Entity("social_organisation", "武汉示例书法学会", "514201995000000584")
CENTRE = Entity("private_non_enterprise", "昆明示例社工服务中心", "52530199500000066N")
FOUNDATION = Entity("foundation", "湖南示例助学基金会", "53430199500000074P")


class Registering(Steps):
    """What the provinces share."""

    def leave_app_for_registration(self, app: str, name: str | None = None) -> None:
        self.open(app)
        self.press("main a.button")
        self.press("main a[href*='/register']", name)

    def say_who(self, person: Person, name: str | None = None) -> None:
        self.fill(name=person.name, number=person.number)
        self.send(name)

    def prove_phone(self, n: int, *states: str) -> None:
        self.fill(phone=self.phone(n))
        self.send("register-code" if states else None)
        self.fill(code=self.code(self.phone(n)))
        self.send(*states)

    def set_password(self, name: str | None = None, **more: str) -> None:
        self.fill(password=PASSWORD, **more)
        self.page.locator("input[name=agreements]").check()
        self.send(name)

    def say_entity(self, entity: Entity) -> None:
        self.choose("type", entity.kind)
        self.fill(name=entity.name, uscc=entity.uscc)

    def act_for(self, entity: Entity) -> None:
        self.page.locator("main li, main .tick").filter(has_text=entity.uscc).locator("input").check()

    def arrived(self, app: str, *, ial: int, name: str | None = None) -> None:
        """In the app, which hears of that level and, when it was checked, of the name."""
        signed_in_to(self.page, app)
        expect(self.page.locator("#ial")).to_have_attribute("data-level", str(ial))
        if name:
            expect(self.page.locator("#person")).to_have_text(name)

    def is_told(self, claim: str) -> str | None:
        """What the tax app was told under that name; None: nothing."""
        row = self.page.locator("details dl.claims div").filter(has=self.page.get_by_text(claim, exact=True))
        return row.first.locator("dd").text_content() if row.count() else None

    def level_is(self, label: str, state: str) -> None:
        """My account shows the province's label of the level."""
        self.open("/account/identity", state)
        expect(self.page.locator("#level b")).to_have_text(label)


class Hunan(Registering):
    def person(self, person: Person) -> None:
        """The first try names somebody whom the register does not know, and ends on a calm page."""
        self.leave_app_for_registration(self.site.tax, "register-identity")
        self.fill(name="1", number="2")
        self.send("register-identity-wrong")
        self.say_who(Person("王一", person.number), "register-phone")
        self.prove_phone(1, "register-check")
        self.send("register-elsewhere")
        self.press("main a[href*='/register/identity']")
        self.say_who(person)
        self.prove_phone(2, "register-check")
        self.send("register-details")
        self.set_password("register-done")
        self.press("main a.button")
        self.arrived(self.site.tax, ial=2, name=person.name)

    def entity_from_outside(self, own: Person, entity: Entity, representative: Person) -> None:
        """``own``: who claims; ``representative``: whom the register names."""
        self.leave_app_for_registration(self.site.tax)
        self.press("main a[href*='/entities/claim']", "entity-claim-outside")
        self.say_entity(entity)
        self.fill(person=representative.name, number=representative.number)
        self.page.locator("input[name=long_term]").check()
        self.send()
        self.say_who(own)
        self.prove_phone(3)
        self.send()
        self.set_password("register-done-goes-on")
        self.press("main a.button", "entity-claim-send")
        self.send("account-acting-claimed")
        self.act_for(entity)
        self.send()
        self.arrived(self.site.tax, ial=2, name=own.name)


class Hubei(Registering):
    def person(self, person: Person) -> None:
        self._register(1, "register-done-offer")
        self.press("main a.button:not(.second)", "identity-name-later")
        self.say_who(person)
        self.arrived(self.site.social, ial=2, name=person.name)

    def skipping(self) -> None:
        self._register(2)
        self.press("main a.button.second")
        self.arrived(self.site.social, ial=1)

    def entity(self, representative: Person, entity: Entity) -> None:
        """By the representative after `skipping`, who is asked for their own real name first."""
        self.open("/account/acting")
        self.press("main a[href*='/entities/new']")
        self.press("main a[href*='/identity/name']", "identity-name-first")
        self.say_who(representative, "entity-new")
        self.say_entity(entity)
        self.send("entity-password-offer")
        self.press("main .links a", "account-acting-registered")
        self.act_for(entity)
        self.send("account-acting-entity")
        self.open(self.site.tax)
        self.press("main a.button")
        self.arrived(self.site.tax, ial=2)

    def _register(self, n: int, name: str | None = None) -> None:
        self.leave_app_for_registration(self.site.social)
        self.prove_phone(n)
        self.set_password(name)


class Yunnan(Registering):
    def three_states(self, person: Person, labels: tuple[str, str]) -> None:
        """``labels``: of the registered and of the real-name user."""
        self.open(self.site.social)
        expect(self.page.locator("main .promise")).to_be_visible()  # a guest, whom the app serves as one
        self.press("main a.button")
        self.press("main a[href*='/register']")
        self.prove_phone(1)
        self.set_password(user_name=f"harbour_{self.number:03d}")
        self.press("main a.button")
        self.arrived(self.site.social, ial=1)
        self.level_is(labels[0], "account-identity-registered")
        self.open(f"{self.site.social}/overview")
        self.press("#go-pension", "identity-raise")
        self.press("main a[href*='/identity/bank-card']", "identity-bank-card")
        card, phone = CARDS[person]
        self.fill(name=person.name, number=person.number, card=LOST_CARD, phone=phone)
        self.send("identity-bank-card-refused")
        self.fill(card=card)
        self.send()
        self.page.wait_for_url(re.compile("/pension$"))
        expect(self.page.locator("#verified-name")).to_have_text(person.name)
        expect(self.page.locator("#ial")).to_have_attribute("data-level", "2")
        self.level_is(labels[1], "account-identity-real-name")
