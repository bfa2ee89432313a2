"""A person's whole life with an account, and an operator's work on it, with everything they type planted as a canary.

Always true: each step is checked to have happened; a canary that never got in proves nothing.
"""

import base64
import html
import os
import re
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx
import pyotp
from cryptography.x509.oid import NameOID

from adapters.sandbox.services_redis import Redis
from idp.crypto.der import encoded
from tests.credentials.authenticator import Authenticator
from tests.crypto.signing import Holder
from tests.issuers.chain import EXPLICIT, PERSON, printable
from tests.reviews.making import MARK, SIDES, jpeg
from tests.trust.browser import Browser, Server, Tokens, Wire, problem, tokens_of
from tests.trust.canaries import (
    AGENT,
    AGENT_DOCUMENT,
    DOCUMENT,
    DOCUMENTS,
    E164,
    NAME,
    NATIONAL,
    OTHER_DOCUMENT,
    SPELLINGS,
    USCC,
    Canaries,
)
from tests.trust.certificates import BIND, SIGN_IN, signed, trusted
from tests.trust.installation import ALPHA, GAMMA, MACHINE, ROOT, Installation

PASSWORD = "Quartz8Heron&Lamp"
NEW_PASSWORD = "Velvet3Anchor&Moss"
USER_NAME = "canary_keeper"
OBJECTION = "Basalt5Kestrel"
PASSKEY_NAME = "Keeper's lamp in the hall"
ENTITY = "琭瑬示例茶行"
ENTITY_PASSWORD = "Cobalt6Thistle&Reed"
POST = "Malachite1Dotterel"
ANSWER = "Porphyry2Lapwing"
REASON = "Feldspar4Bittern"
TICKET = "GD-2031-7741"
CLERKS = ("canary.clerk", "canary.second")
CLERK_PASSWORD = "Granite7Plover&Birch"

_GIVER = """
import sys
from idp.accounts.documents import IdNumber
from idp.app import provider_of
from idp.cli.context import Context
from idp.crypto.tokens import new_id
from idp.mandates.addressing import Addressee
from idp.mandates.drafts import Draft, Signer
from idp.mandates.rules import Kind
from idp.mandates.scopes import Action, Scope
entity, person, name, number, post = sys.argv[1:]
context = Context(None)
granting, database, now = provider_of(context.app).granting, provider_of(context.app).database, context.now
draft = Draft(
    id=new_id("mnd"), kind=Kind.EMPLOYMENT, principal=entity, addressee=Addressee(name, IdNumber(number)),
    theme="tax.filing", scope=Scope(frozenset({Action.VIEW}), frozenset({"hn-tax-01"})), valid_from=now,
    valid_to=now + 86400, post=post,
)
with database.transaction() as tx:
    text = granting.text(tx, draft)
    signer = Signer(person=person, method="sms", ial=2, aal=2)
    print(granting.draw(tx, draft, signer, text_hash=text.hash, now=now))
"""


class Life:
    """Everything one person and their apps do, with their values planted as they come up."""

    def __init__(self, at: Installation, wire: Wire) -> None:
        self.at, self.wire = at, wire
        self.server, self.browser = Server(at, wire), Browser(at, wire)
        self.canaries = Canaries()
        self.canaries.plant_identifiers()
        for name, text in (
            ("password", PASSWORD),
            ("new password", NEW_PASSWORD),
            ("user name", USER_NAME),
            ("dispute", OBJECTION),
            ("answer to a dispute", ANSWER),
            ("name of an entity", ENTITY),
            ("password of an entity", ENTITY_PASSWORD),
            ("name of who is given a mandate", AGENT),
            ("document of who is given a mandate", AGENT_DOCUMENT),
            ("post of who is given a mandate", POST),
            ("reason of an operator", REASON),
            ("ticket of an operator", TICKET),
            ("what a telephone writes into a photo", MARK.decode()),
            ("password of an operator", CLERK_PASSWORD),
            *(("name of an operator", clerk) for clerk in CLERKS),
        ):
            self.canaries.plant(name, text)
        for app in (ALPHA, GAMMA, MACHINE):
            self.canaries.plant("client secret", app.secret)
        self.values: list[str] = [*SPELLINGS, PASSWORD, USER_NAME, ALPHA.secret, DOCUMENT, NAME]
        self.state: list[bytes] = []
        self.photos: list[bytes] = []

    def look(self) -> None:
        """Remember what the state store holds at this moment."""
        if self.at.redis:
            self.state.append(everything_in(self.at.redis))

    def keep_cookies(self) -> None:
        for name in ("tb_session", "tb_browser"):
            self.values.append(self.canaries.plant(f"cookie {name}", self.browser.cookies[name]))

    def keep_tokens(self, tokens: Tokens) -> Tokens:
        for name, token in (("access", tokens.access), ("refresh", tokens.refresh), ("ID", tokens.id)):
            if token:
                self.values.append(self.canaries.plant(f"{name} token", token))
        return tokens

    def code(self, template: str, *, after: int = 0) -> str:
        return self.canaries.plant_code(self.browser.await_code(NATIONAL, template, after=after))

    def register(self) -> None:
        browser = self.browser
        address = browser.submit("/register", {"phone": SPELLINGS[1]}).headers["location"]
        wrong = browser.submit(address, {"code": NATIONAL})
        assert wrong.status_code == 422, problem(wrong)
        self.look()
        address = browser.submit(address, {"code": self.code("register_code")}).headers["location"]
        page = browser.get(address).text
        versions = re.search(r'name="agreement_versions" value="([^"]+)"', page)
        assert versions
        details = {"password": PASSWORD, "user_name": USER_NAME, "agreements": "yes"}
        refused = browser.submit(address, details | {"agreement_versions": NATIONAL})
        assert refused.status_code == 422
        done = browser.submit(address, details | {"agreement_versions": versions[1]})
        assert done.headers["location"].startswith("/register/done"), problem(done)
        self.keep_cookies()

    def mistype(self) -> None:
        """Wrong passwords under every spelling, the right one as an identifier, one value in place of another."""
        for spelling in (*SPELLINGS, USER_NAME.upper()):
            stranger = Browser(self.at, self.wire)
            assert stranger.try_password(spelling, NEW_PASSWORD).status_code == 422
        for typed in (PASSWORD, E164, USER_NAME):
            Browser(self.at, self.wire).try_password(typed, NATIONAL)
            Browser(self.at, self.wire).submit("/register", {"phone": typed + "x"})
            Browser(self.at, self.wire).submit("/recover", {"identifier": typed + "~"})
        for typed in (SPELLINGS[2], USER_NAME, f"{USER_NAME}_x"):
            stranger = Browser(self.at, self.wire)
            asked = stranger.submit("/recover", {"identifier": typed})
            assert stranger.submit(asked.headers["location"], {"code": NATIONAL}).status_code == 422

    def sign_in(self) -> None:
        for spelling in SPELLINGS:
            browser = Browser(self.at, self.wire)
            assert browser.try_password(spelling, PASSWORD).status_code == 303
        self.sign_in_by_code()

    def sign_in_by_code(self) -> None:
        before = self.at.count_messages(NATIONAL, "signin_code")
        asked = self.browser.ask_code(SPELLINGS[4])
        self.look()
        code = self.code("signin_code", after=before)
        answer = self.browser.submit(asked.headers["location"], {"code": code})
        assert answer.status_code == 303, problem(answer)
        self.keep_cookies()

    def use_apps(self) -> None:
        """The code flow with hints, claims and states that hold what they should not."""
        for spelling in SPELLINGS:
            stranger = Browser(self.at, self.wire)
            parked = stranger.ask(ALPHA, login_hint=spelling, state=PASSWORD)
            assert stranger.get(parked.headers["location"]).status_code == 200
        self.look()
        claims = f'{{"userinfo":{{"phone_number":{{"value":"{E164}"}},"{NATIONAL}":null}}}}'
        code = self.browser.authorize(ALPHA, scope="openid profile phone", claims=claims, state=NATIONAL)
        self.values.append(self.canaries.plant("authorization code", code))
        self.look()
        tokens = self.keep_tokens(tokens_of(self.server.exchange(ALPHA, code)))
        assert NATIONAL in self.server.userinfo(tokens.access).text
        for token in (tokens.access, tokens.refresh, NATIONAL, PASSWORD):
            self.server.introspect(ALPHA, token)
        self.browser.ask(ALPHA, id_token_hint=tokens.id, prompt="login")
        self.look()
        self.tokens = self.keep_tokens(tokens_of(self.server.refresh(ALPHA, tokens.refresh)))
        self.keep_tokens(tokens_of(self.server.client_credentials(MACHINE)))
        unused = self.browser.authorize(GAMMA, scope="openid phone")
        self.canaries.plant("unused code", unused)

    def change_things(self) -> None:
        browser = self.browser
        sent = browser.submit("/signin/confirm", {})
        if sent.headers.get("location", "").startswith("/signin/confirm?c="):
            browser.submit(sent.headers["location"], {"code": self.code("confirm_code")})
        else:
            browser.submit("/signin/confirm", {"password": PASSWORD})
        fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        answer = browser.submit("/account/password", fields)
        assert answer.status_code == 303, problem(answer)
        self.keep_cookies()
        assert browser.submit("/account/phone", {"phone": SPELLINGS[1]}).status_code == 422
        assert browser.submit("/account/user-name", {"user_name": f"{USER_NAME}_y"}).status_code == 422
        self.add_factors()
        for page in (
            *("", "/profile", "/phone", "/user-name", "/sessions", "/apps", "/activity", "/password"),
            "/methods",
        ):
            assert browser.get(f"/account{page}").status_code == 200
        dispute = {"item": "other", "text": f"{OBJECTION}\r\n{NATIONAL}"}
        assert browser.submit("/account/disputes/new", dispute).status_code == 303
        exported = browser.submit("/account/export", {"export": "yes"})
        assert OBJECTION in exported.text, problem(exported)
        assert NATIONAL in exported.text

    def add_factors(self) -> None:
        """An authenticator app, recovery codes and a passkey; one of each is used, and none left in clear."""
        browser = self.browser
        browser.token("/account/methods")
        page = browser.submit("/account/methods/totp", {"begin": "yes"}).headers["location"]
        shown = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', browser.get(page).text)
        assert shown
        seed = self.canaries.plant("TOTP seed", shown[1].replace(" ", ""))
        self.canaries.plant("TOTP seed, raw", base64.b32decode(seed).hex())
        self.look()
        code = self.canaries.plant_code(pyotp.TOTP(seed).now())
        assert browser.submit(page, {"code": code}).headers["location"].endswith("done=totp_added")
        made = browser.submit("/account/methods/codes", {"make": "yes"}).text
        codes = re.findall(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}", made)
        assert len(codes) == 10
        for one in codes:
            self.canaries.plant("recovery code", one)
            self.canaries.plant("recovery code, bare", one.replace("-", ""))
        self.add_passkey()
        self.look()

    def add_passkey(self) -> None:
        page = self.browser.get("/account/methods/passkey").text
        key, options = re.search(r'name="key" value="([^"]+)"', page), re.search(r'data-options="([^"]+)"', page)
        assert key
        assert options
        made = Authenticator(origin=self.at.issuer).create(html.unescape(options[1]))
        form = {"name": self.canaries.plant("passkey name", PASSKEY_NAME), "key": key[1], "credential": made}
        added = self.browser.submit("/account/methods/passkey", form)
        assert added.headers.get("location", "").endswith("done=passkey_added"), problem(added)

    def add_certificate(self) -> None:
        """Bound, and signed in by; one that somebody else's number stands in is refused."""
        chain, browser = trusted(self.at, self.at.directory), self.browser
        mine, others = (
            chain.holder({PERSON: encoded(EXPLICIT, printable(number))}, subject=((NameOID.COMMON_NAME, NAME),))
            for number in (DOCUMENT, OTHER_DOCUMENT)
        )
        refused = browser.submit(BIND, signed(browser, BIND, others))
        assert refused.status_code == 422, problem(refused)
        bound = browser.submit(BIND, signed(browser, BIND, mine))
        assert bound.headers.get("location", "").endswith("done=certificate_bound"), problem(bound)
        assert NAME in browser.get("/account/certificates").text
        stranger = Browser(self.at, self.wire)
        told = signed(stranger, SIGN_IN, mine) | {"name": NAME, "number": DOCUMENT}
        assert stranger.submit(SIGN_IN, told).status_code == 400
        entered = stranger.submit(SIGN_IN, signed(stranger, SIGN_IN, mine))
        assert entered.status_code == 303, problem(entered)
        self.sign_a_mandate(mine)

    def sign_a_mandate(self, mine: Holder) -> None:
        """Of their own, by their certificate, to somebody who has no account; what they signed is kept to the end."""
        browser, here = self.browser, "/account/mandates/new"
        whom = {"name": AGENT, "kind": "id_number", "number": AGENT_DOCUMENT}
        scope = {"service-hn-pension-02": "yes", "action-view": "yes"}
        for answer in ({"choice": "family"}, whom, {"theme": "social.pension"}, scope, {"term": "month"}, {}):
            here = browser.submit(here, answer).headers["location"]
        page = here.replace("/text?", "/certificate?")
        shown = re.search(r'name="text_hash" value="(\w+)"', browser.get(page).text)
        assert shown
        form = signed(browser, page, mine, node=1) | {"text_hash": shown[1], "replaces": ""}
        done = browser.submit(page, form)
        assert done.headers.get("location", "").endswith("/done"), problem(done)

    def leave(self) -> None:
        self.server.call("/revoke", ALPHA, {"token": self.tokens.access})
        answer = self.browser.sign_out_from(ALPHA, self.tokens.id)
        assert answer.status_code == 303
        assert self.server.exchange(ALPHA, self.values[-1]).status_code == 400

    def prove(self) -> None:
        """Name and number against the register; then they sign in and recover, however they are typed."""
        browser = self.browser
        told = {"name": NAME, "kind": "id_number"}
        refused = browser.submit("/identity/name", told | {"number": OTHER_DOCUMENT})
        assert refused.status_code == 422, problem(refused)
        checked = browser.submit("/identity/name", told | {"number": DOCUMENTS[1]})
        assert "identity_checked" in checked.headers.get("location", ""), problem(checked)
        for typed in DOCUMENTS:
            assert Browser(self.at, self.wire).try_password(typed, PASSWORD).status_code == 303
            stranger = Browser(self.at, self.wire)
            asked = stranger.submit("/recover", {"identifier": typed})
            assert stranger.submit(asked.headers["location"], {"code": DOCUMENT[:6]}).status_code == 422
        stranger = Browser(self.at, self.wire)
        parked = stranger.ask(ALPHA, login_hint=DOCUMENT, state=DOCUMENT)
        assert stranger.get(parked.headers["location"]).status_code == 200
        self.look()

    def found_an_entity(self) -> None:
        """Registered by its representative; its password opens the door to them."""
        browser = self.browser
        made = browser.submit("/entities/new", {"type": "enterprise", "name": ENTITY, "uscc": USCC.lower()})
        assert "done=entity_registered" in made.headers.get("location", ""), problem(made)
        [[entity]] = self.at.rows("SELECT party_id FROM legal_entity")
        set_ = browser.submit("/entities/password", {"entity": entity, "new_password": ENTITY_PASSWORD})
        assert set_.status_code == 303, problem(set_)
        door = Browser(self.at, self.wire)
        who = door.try_password(USCC, ENTITY_PASSWORD).headers["location"]
        [[role]] = self.at.rows("SELECT id FROM entity_role")
        asked = door.submit(who, {"who": role})
        answer = door.submit(asked.headers["location"], {"code": self.code("entity_signin_code")})
        assert answer.status_code == 303, problem(answer)
        assert ENTITY in browser.get("/account/acting").text
        self.look()

    def give_a_mandate(self) -> None:
        """For the entity, to somebody who has no account; it waits for them to the end."""
        self.at.run("mandate", "theme", "import", "config/themes/demo.toml")
        [[entity, person]] = self.at.rows("SELECT entity_id, person_id FROM entity_role")
        told = [entity, person, AGENT, AGENT_DOCUMENT, POST]
        given = subprocess.run(
            [sys.executable, "-c", _GIVER, *told],
            env=os.environ | self.at.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert given.stdout.endswith("pending_acceptance\n"), given.stderr
        self.look()

    def ask_for_help(self) -> None:
        """From another browser: who has lost everything says who they are and where they can be reached now."""
        stranger, phone = Browser(self.at, self.wire), self.canaries.plant("phone of a request", "17091524863")
        at = stranger.submit("/recover/last/person", {"name": NAME, "kind": "id_number", "number": DOCUMENT})
        at = stranger.submit(at.headers["location"], {"phone": phone})
        code = self.canaries.plant_code(stranger.await_code(phone, "bind_code"))
        at = stranger.submit(at.headers["location"], {"code": code})
        filed = stranger.submit(at.headers["location"], {"way": "review"})
        assert filed.status_code == 303, problem(filed)
        self.look()

    def send_photos(self) -> None:
        """Two nodes take them; operators are to look at them."""
        browser = self.browser
        begun = browser.submit("/identity/review/person", {"consent": "yes"})
        query = urlsplit(begun.headers["location"]).query
        for number, side in enumerate(SIDES):
            sent = browser.upload(f"/identity/review/{side}?{query}", jpeg(), node=number % 2)
            assert sent.status_code == 303, problem(sent)
        self.photos.append(browser.get(f"/identity/review/photo/front?{query}").content)
        filed = browser.submit(f"/identity/review/send?{query}", {})
        assert filed.headers["location"].endswith("done=review_filed"), problem(filed)
        self.look()

    def be_reviewed(self, clerk: "Clerk", second: "Clerk") -> None:
        """One operator proposes, the other agrees, both having looked at the photos."""
        [[number]] = self.at.rows("SELECT id FROM review WHERE state = 'filed'")
        why, case = {"reason": REASON, "ticket": TICKET}, f"/console/reviews/{number}"
        for one in (clerk, second):
            assert one.submit("/console/reviews", why | {"number": number}).status_code == 303
            for side in SIDES:
                assert one.browser.get(f"{case}/{side}").content.startswith(b"\xff\xd8\xff")
        shown = re.search(r'name="photos" value="([0-9a-f]{64})"', clerk.browser.get(case).text)
        assert shown
        said = {"decision": "propose", "long_term": "yes", "photos": shown[1]}
        proposed = clerk.submit(case, why | said)
        agreed = second.submit(urlsplit(proposed.headers["location"]).path, why | {"decision": "approve"})
        assert agreed.status_code == 303, problem(agreed)
        assert self.at.rows("SELECT 1 FROM photo") == []

    def be_dealt_with(self) -> None:
        """Two operators: one reads and answers the objection, looks at the person, and proposes; the other agrees."""
        clerk, second = (Clerk(self, name) for name in CLERKS)
        self.be_reviewed(clerk, second)
        [[dispute]] = self.at.rows("SELECT id FROM dispute")
        page = f"/console/disputes/{dispute}"
        assert OBJECTION in clerk.browser.get(page).text
        answered = clerk.submit(page, {"decision": "rejected", "answer": ANSWER})
        assert answered.status_code == 303, problem(answered)
        why = {"reason": REASON, "ticket": TICKET}
        nobody = clerk.submit("/console/people", why | {"identifier": OTHER_DOCUMENT})
        assert nobody.status_code == 422
        seen = ""
        for identifier in (DOCUMENT, NATIONAL, USER_NAME):
            seen = clerk.submit("/console/people", why | {"identifier": identifier}).headers["location"]
            assert clerk.browser.get(seen).status_code == 200
        proposed = clerk.submit(f"{urlsplit(seen).path}/require-proofing", why)
        proposal = urlsplit(proposed.headers["location"]).path
        assert REASON in second.browser.get(proposal).text
        agreed = second.submit(proposal, why | {"decision": "approve"})
        assert agreed.status_code == 303, problem(agreed)

    def come_back(self) -> None:
        """What an operator asked for anew is sent; these photos wait for their review to the end. Then a certificate
        proves more than they would.
        """
        self.sign_in_by_code()
        self.send_photos()
        confirmed = self.browser.submit("/signin/confirm?by=pwd", {"password": NEW_PASSWORD})
        assert confirmed.status_code == 303, problem(confirmed)
        self.browser.forget_token()
        self.add_certificate()


class Clerk:
    """An operator in a browser of their own, enrolled and signed in."""

    def __init__(self, life: Life, name: str) -> None:
        self.browser = Browser(life.at, life.wire)
        told = life.at.run("operator", "add", name, "--role", "review").splitlines()
        link, code = (line.partition(": ")[2] for line in told)
        path = link.removeprefix(life.at.issuer)
        life.canaries.plant("link of an operator", path.partition("k=")[2])
        path = self.submit(path, {"enrolment_code": life.canaries.plant_code(code)}).headers["location"]
        life.canaries.plant("link of who typed the code", path.partition("k=")[2])
        shown = re.search(r'id="secret"[^>]*>([A-Z2-7]{32})<', self.browser.get(path).text)
        assert shown
        totp = pyotp.TOTP(life.canaries.plant("TOTP seed", shown[1]))
        before = totp.at(int(time.time()) - 30)  # a step is good once, and the sign-in needs the next
        enrolled = self.submit(path, {"new_password": CLERK_PASSWORD, "code": before})
        assert enrolled.status_code == 303, problem(enrolled)
        first = self.submit("/console/signin", {"name": name.upper(), "password": CLERK_PASSWORD})
        assert first.status_code == 303, problem(first)
        inside = self.submit("/console/signin/code", {"code": life.canaries.plant_code(totp.now())})
        assert inside.status_code == 303, problem(inside)

    def submit(self, path: str, form: dict[str, str]) -> httpx.Response:
        self.browser._token = None  # of another session, perhaps
        self.browser.token(path)
        return self.browser.submit(path, form)


def everything_in(redis: Redis) -> bytes:
    """All keys and values, as a client reads them."""
    import redis as client

    held = client.Redis(unix_socket_path=str(redis.path))
    parts: list[bytes] = []
    for key in held.scan_iter(count=1000):
        kind = held.type(key)
        value = held.hgetall(key) if kind == b"hash" else held.get(key)
        parts += [key, *(value.items() if isinstance(value, dict) else [value or b""])]
    held.close()
    return b"\n".join(part if isinstance(part, bytes) else b"=".join(part) for part in parts)
