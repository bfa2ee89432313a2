"""What signs in the page, in Chromium: certificate files of every kind, and the agent of a USB key, scripted here."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from adapters.sandbox import sm2
from adapters.sandbox.ca import Issued
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_pkcs12 import container
from adapters.sandbox.services import chromium_path
from tests.certificates.containers import PASSWORD, issued, several, without_key
from tests.web.axe import violations
from tests.web.preview import preview_app
from tests.web.signer_states import TEXT
from tests.web.test_in_browser import Quiet

pytestmark = pytest.mark.browser
NOW = int(time.time())
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
Sent = dict[str, str]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = make_server("localhost", 0, preview_app(), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium_path()), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A tab for all tests, and what its console said."""
    context = chromium.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
    opened, said = context.new_page(), list[str]()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.route("**", lambda route: route.fallback() if route.request.method == "GET" else route.fulfill(status=204))
    yield opened, said
    context.close()


@pytest.fixture
def page(tab: tuple[Page, list[str]], site: str) -> Iterator[Page]:
    """The page of a phone; nothing goes wrong in its console."""
    opened, said = tab
    opened.goto(f"{site}/preview/certificate-phone")
    opened.locator("label[for=number]").click()
    yield opened
    assert said == []


def choose(page: Page, file: bytes, password: str = PASSWORD, name: str = "my.p12") -> None:
    chosen: Any = {"name": name, "mimeType": "application/x-pkcs12", "buffer": file}
    page.locator("#certificate-file").set_input_files(chosen)
    page.locator("#certificate-password").fill(password)


def sent_by(page: Page, act: Callable[[], None]) -> Sent:
    """The form that ``act`` sends."""
    with page.expect_request(lambda request: request.method == "POST") as found:
        act()
    fields = parse_qs(found.value.post_data or "", strict_parsing=True, keep_blank_values=True)
    assert set(fields) <= {"csrf_token", "number", "signed_data", "signature", "certificate"}
    return {name: values[0] for name, values in fields.items()}


def sign(page: Page) -> None:
    page.locator("form[data-sign=p12] button").click()


def told(page: Page, text: str) -> None:
    expect(page.locator("#certificate-said p")).to_have_text(text)


def holds(sent: Sent, one: Issued) -> bool:
    """Whether exactly this certificate came, with a signature of its key over the text of the page."""
    signature, certificate = (base64.b64decode(sent[name], validate=True) for name in ("signature", "certificate"))
    assert certificate == one.held.certificate
    key = one.held.key
    if key.kind is Kind.SM2:
        return sm2.verify(point=key.public_bits, message=TEXT.encode(), signature=signature)
    public = load_der_x509_certificate(certificate).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, TEXT.encode(), padding.PKCS1v15(), SHA256())
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, TEXT.encode(), ec.ECDSA(SHA256()))
    return True


@pytest.mark.parametrize("kind", list(Kind))
def test_a_file_of_every_kind_signs_the_text_of_the_page(page: Page, kind: Kind) -> None:
    one = issued(kind, "person", now=NOW)
    choose(page, container(one, label="我的证书"))
    sent = sent_by(page, lambda: page.locator("#certificate-password").press("Enter"))
    assert holds(sent, one)
    assert PASSWORD not in "".join(sent.values())


def test_libraries_are_loaded_once_a_file_is_opened_and_sm2_for_sm2_alone(page: Page) -> None:
    loaded = "performance.getEntriesByType('resource').map(one => new URL(one.name).pathname.split('/').at(-1))"
    assert {"forge.min.js", "sm-crypto-v2.js", "certificate-p12.js"}.isdisjoint(page.evaluate(loaded))
    choose(page, container(issued(Kind.P256, "person", now=NOW), label="x"), "wrong")
    sign(page)
    told(page, "证书文件的密码不对，请重新输入。")
    assert "forge.min.js" in page.evaluate(loaded)
    assert "sm-crypto-v2.js" not in page.evaluate(loaded)


def test_a_wrong_password_is_said_and_asked_for_again(page: Page) -> None:
    one = issued(Kind.SM2, "person", now=NOW)
    choose(page, container(one, label="x"), "tongbam")
    sign(page)
    told(page, "证书文件的密码不对，请重新输入。")
    expect(page.locator("#certificate-password")).to_be_focused()
    assert violations(page) == []
    page.locator("#certificate-password").fill(PASSWORD)
    assert holds(sent_by(page, lambda: sign(page)), one)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (b"not a certificate", "这不是证书文件。请选择扩展名为 .p12 或 .pfx 的文件。"),
        (b"", "这不是证书文件。请选择扩展名为 .p12 或 .pfx 的文件。"),
        ("certificate", "这不是证书文件。请选择扩展名为 .p12 或 .pfx 的文件。"),
        (
            "without key",
            "这个文件里只有证书，没有私钥，不能用来签名。请选择导出时包含私钥的文件。",
        ),
    ],
)
def test_what_is_no_file_to_sign_with_is_named(page: Page, file: bytes | str, text: str) -> None:
    one = issued(Kind.P256, "person", now=NOW)
    made = {"certificate": one.held.certificate, "without key": without_key(one)}
    choose(page, file if isinstance(file, bytes) else made[file])
    sign(page)
    told(page, text)


def test_without_a_file_one_is_asked_for(page: Page) -> None:
    sign(page)
    told(page, "请先选择证书文件。")
    expect(page.locator("#certificate-file")).to_be_focused()


def test_without_a_number_nothing_is_opened(page: Page, site: str) -> None:
    page.goto(f"{site}/preview/certificate-phone")
    choose(page, container(issued(Kind.P256, "person", now=NOW), label="x"))
    sign(page)
    expect(page.locator("#number")).to_be_focused()
    assert "forge" not in page.evaluate("Object.keys(window).join()")


@pytest.mark.parametrize("kind", list(Kind))
def test_of_a_pair_the_certificate_for_encryption_is_not_offered(page: Page, kind: Kind) -> None:
    pair = [issued(kind, key, now=NOW) for key in ("encryption", "person")]
    choose(page, several(pair))
    assert holds(sent_by(page, lambda: sign(page)), pair[1])


def test_one_for_encryption_alone_is_left_to_the_verdict_of_the_server(page: Page) -> None:
    one = issued(Kind.SM2, "encryption", now=NOW)
    choose(page, container(one, label="x"))
    assert holds(sent_by(page, lambda: sign(page)), one)


def test_of_several_one_is_chosen_by_name(page: Page) -> None:
    both = [issued(kind, key, now=NOW) for kind, key in ((Kind.SM2, "person"), (Kind.RSA, "enterprise"))]
    choose(page, several(both))
    sign(page)
    offered = page.locator("#certificate-of-file label")
    expect(offered).to_have_count(2)
    assert [text.partition(" (")[0] for text in offered.all_inner_texts()] == ["欧阳清岚", "长沙岳麓示例科技有限公司"]
    expect(page.locator("#certificate-of-file input").first).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    assert holds(sent_by(page, lambda: sign(page)), both[1])


def test_a_page_that_has_stood_for_a_while_signs_a_new_text(chromium: Browser, site: str) -> None:
    page = chromium.new_page()
    one, new = issued(Kind.P256, "person", now=NOW), TEXT.replace("\nn\n", "\nanother\n")

    def later(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(TEXT, new))

    page.clock.install()
    page.goto(f"{site}/preview/certificate-phone")
    page.locator("label[for=number]").click()
    page.route(
        "**/preview/certificate-phone",
        lambda route: later(route) if route.request.method == "GET" else route.continue_(),
    )
    choose(page, container(one, label="x"))
    page.clock.run_for(90_000)
    sent = sent_by(page, lambda: sign(page))
    public = load_der_x509_certificate(one.held.certificate).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(base64.b64decode(sent["signature"]), new.encode(), ec.ECDSA(SHA256()))
    page.context.close()
