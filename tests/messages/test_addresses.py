from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.messages.addresses import Allowed, Blocked, Target, is_public, parse_target

NOBODY = Allowed()
HTTPS = Target("https", "app.gov.cn", 443, "/")

REFUSED = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.100.100.200", "100.64.0.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1", "192.0.0.1"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("fe80::1", "fe80::1%1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::1"),
    *("100::1", "3fff::1", "5f00::1", "not an address", "", "0x7f.1"),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.1", "2400:3200::1", "2606:4700::1111"]


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert NOBODY.refusal(HTTPS, address) is Blocked.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert NOBODY.refusal(HTTPS, address) is None


@given(st.ip_addresses())
def test_nothing_is_public_here_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    assert address.is_global or not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_refused(address: IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "::", "64:ff9b::", "2002::"):
        shift = 80 if prefix == "2002::" else 0
        dressed = IPv6Address(int(IPv6Address(prefix)) | int(address) << shift)
        assert NOBODY.refusal(HTTPS, str(dressed)) is Blocked.ADDRESS_NOT_ALLOWED


def test_plain_http_reaches_public_hosts_at_its_own_port_where_that_was_chosen() -> None:
    plain = Allowed.parse([], plain=True)
    assert plain.refusal(Target("http", "crl.example.cn", 80, "/"), "8.8.8.8") is None
    assert plain.refusal(Target("http", "crl.example.cn", 8080, "/"), "8.8.8.8") is Blocked.SCHEME_NOT_ALLOWED
    assert plain.refusal(Target("http", "crl.example.cn", 80, "/"), "10.0.0.1") is Blocked.ADDRESS_NOT_ALLOWED
    assert NOBODY.refusal(Target("http", "crl.example.cn", 80, "/"), "8.8.8.8") is Blocked.SCHEME_NOT_ALLOWED


def test_a_listed_network_may_be_private_plain_and_on_any_port() -> None:
    listed = Allowed.parse(["10.20.0.0/16", "fd00::/8"])
    plain = Target("http", "intranet", 81, "/")
    assert listed.refusal(plain, "10.20.3.4") is None
    assert listed.refusal(plain, "fd00::1") is None
    assert listed.refusal(plain, "10.21.0.1") is Blocked.ADDRESS_NOT_ALLOWED
    assert listed.refusal(plain, "8.8.8.8") is Blocked.SCHEME_NOT_ALLOWED


def test_a_listed_name_may_be_private_but_never_lead_to_metadata_or_multicast() -> None:
    listed = Allowed.parse(["Intranet.Example.", "localhost"])
    target = Target("http", "intranet.example.", 80, "/")
    assert listed.refusal(target, "10.0.0.1") is None
    assert listed.refusal(Target("http", "localhost", 8101, "/"), "::1") is None
    for address in ("169.254.169.254", "224.0.0.1", "0.0.0.0", "fe80::1", "::ffff:10.0.0.1"):
        assert listed.refusal(target, address) is Blocked.ADDRESS_NOT_ALLOWED
    other = Target("http", "x.intranet.example", 80, "/")
    assert listed.refusal(other, "10.0.0.1") is Blocked.ADDRESS_NOT_ALLOWED


def test_a_listed_network_admits_even_a_metadata_address() -> None:
    assert Allowed.parse(["169.254.169.254"]).refusal(HTTPS, "169.254.169.254") is None


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "a b", "http://x", "x:80", "*", "", "名.cn", "a/b"])
def test_a_list_entry_of_another_form_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a network nor a host name"):
        Allowed.parse([entry])


@pytest.mark.parametrize(("port", "refusal"), [(443, None), (8443, None), (22, 1), (25, 1), (80, 1), (1023, 1)])
def test_low_ports_of_other_services_are_refused(port: int, refusal: int | None) -> None:
    found = NOBODY.refusal(Target("https", "app.gov.cn", port, "/"), "8.8.8.8")
    assert found is (Blocked.PORT_NOT_ALLOWED if refusal else None)


def test_plain_http_is_refused_where_nobody_listed_it() -> None:
    assert NOBODY.refusal(Target("http", "app.gov.cn", 80, "/"), "8.8.8.8") is Blocked.SCHEME_NOT_ALLOWED


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://App.Gov.CN", Target("https", "app.gov.cn", 443, "/")),
        ("https://app.gov.cn:8443/a?b=c#d", Target("https", "app.gov.cn", 8443, "/a?b=c")),
        ("HTTP://10.0.0.1/x", Target("http", "10.0.0.1", 80, "/x")),
        ("https://[2001:DB8::1]:444/", Target("https", "2001:db8::1", 444, "/")),
        ("https://xn--fiq228c.cn/?q=%E4", Target("https", "xn--fiq228c.cn", 443, "/?q=%E4")),
    ],
)
def test_a_url_is_taken_apart(url: str, target: Target) -> None:
    assert parse_target(url) == target


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://app.gov.cn/", Blocked.SCHEME_NOT_ALLOWED),
        ("file:///etc/passwd", Blocked.SCHEME_NOT_ALLOWED),
        ("gopher://app.gov.cn/", Blocked.SCHEME_NOT_ALLOWED),
        ("/relative", Blocked.SCHEME_NOT_ALLOWED),
        ("//app.gov.cn/", Blocked.SCHEME_NOT_ALLOWED),
        ("https://user:pw@app.gov.cn/", Blocked.CREDENTIALS_IN_URL),
        ("https://app.gov.cn@127.0.0.1/", Blocked.CREDENTIALS_IN_URL),
        ("https://@127.0.0.1/", Blocked.CREDENTIALS_IN_URL),
        ("https:///path", Blocked.URL_MALFORMED),
        ("https://app.gov.cn:0/", Blocked.URL_MALFORMED),
        ("https://app.gov.cn:99999/", Blocked.URL_MALFORMED),
        ("https://app.gov.cn:x/", Blocked.URL_MALFORMED),
        ("https://app gov.cn/", Blocked.URL_MALFORMED),
        ("https://app.gov.cn/a b", Blocked.URL_MALFORMED),
        ("https://app.gov.cn/\r\nX: y", Blocked.URL_MALFORMED),
        ("https://app.gov.cn\\@127.0.0.1/", Blocked.URL_MALFORMED),
        ("https://政务.cn/", Blocked.URL_MALFORMED),
        ("https://-a.cn/", Blocked.URL_MALFORMED),
        ("https://a..cn/", Blocked.URL_MALFORMED),
        ("https://[fe80::1%25eth0]/", Blocked.URL_MALFORMED),
        ("https://[::1", Blocked.URL_MALFORMED),
        ("https://a_b.cn/", Blocked.URL_MALFORMED),
        ("https://" + "a" * 64 + ".cn/", Blocked.URL_MALFORMED),
        ("https://a.cn/" + "a" * 2048, Blocked.URL_MALFORMED),
        ("", Blocked.SCHEME_NOT_ALLOWED),
    ],
)
def test_other_urls_are_refused(url: str, reason: Blocked) -> None:
    assert parse_target(url) is reason


@given(st.text())
def test_any_text_is_a_target_or_a_refusal(text: str) -> None:
    for url in (text, f"https://{text}"):
        found = parse_target(url)
        assert isinstance(found, Blocked) or (found.host.isascii() and found.path.startswith("/"))
