"""Parsers of what comes from outside: whatever is given is understood, or refused by the error that is documented."""

import ipaddress
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.templatetags.static import static
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from consent.accounts import sheet
from matching import keys, ledger, network, outgoing
from matching.api.paging import Page
from matching.ledger import Kind

KEY = str(keys.Credential(True, "0" * 10, "0" * 43))


def near(right: str) -> st.SearchStrategy[str]:
    """What is right but for a part of it, and what is not at all."""
    cut = st.integers(0, len(right))
    return st.text() | st.builds(lambda at, more, to: right[:at] + more + right[to:], cut, st.text(max_size=3), cut)


@given(near(KEY))
def test_a_key_is_one_or_is_refused_and_not_repeated(text: str) -> None:
    try:
        assert str(keys.parse(text)) == text
    except keys.InvalidKeyError as error:
        assert len(text) < 12 or text not in str(error)


ADDRESSES = st.ip_addresses().map(str) | near("::ffff:192.0.2.7%eth0") | near("[2001:db8::1]:443")


@given(forwarded=st.lists(ADDRESSES, max_size=3).map(",".join), proxies=st.integers(0, 3))
def test_from_where_a_request_comes_is_a_network_or_unknown(forwarded: str, proxies: int) -> None:
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="192.0.2.1")
    with override_settings(TRUSTED_PROXY_COUNT=proxies):
        found, address = network.client_network(request), network.client_address(request)
    assert found == network.UNKNOWN or ipaddress.ip_network(found)
    assert not keys.allowed_from(address, ["203.0.113.0/30"]) or "203.0.113." in forwarded


@given(near("https://user@example.org:443/path?query#fragment") | near("https://example.org/"))
def test_an_address_of_a_webhook_leads_where_it_seems_to(url: str) -> None:
    try:
        parts = outgoing.parsed(url)
    except ValueError:
        return
    assert (parts.scheme, parts.username, parts.fragment) == ("https", None, "")
    assert parts.hostname
    assert parts.netloc == urlsplit(url).netloc
    assert url.isascii()


PRIVATE = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16")]
DISGUISES = {
    "compatible (RFC 4291)": lambda ip: ip,
    "mapped (RFC 4291)": lambda ip: (0xFFFF << 32) + ip,
    "translated (RFC 2765)": lambda ip: (0xFFFF << 48) + ip,
    "NAT64 (RFC 6052)": lambda ip: (0x64FF9B << 96) + ip,
    "NAT64 of one's own (RFC 8215)": lambda ip: (0x64FF9B0001 << 80) + ip,
    "6to4 (RFC 3056)": lambda ip: (0x2002 << 112) + (ip << 80),
    "Teredo (RFC 4380)": lambda ip: (0x20010000 << 96) + (ip ^ 0xFFFFFFFF),
    "of a site (RFC 3879)": lambda ip: (0xFEC0 << 112) + ip,
}


@given(st.one_of(st.ip_addresses(network=each) for each in PRIVATE), st.sampled_from(sorted(DISGUISES)))
def test_nothing_inside_is_public_however_it_is_disguised(ip: Any, disguise: str) -> None:
    assert not outgoing.is_public(str(ip))
    assert not outgoing.is_public(str(ipaddress.IPv6Address(DISGUISES[disguise](int(ip)))))


@given(st.text() | near("99999999999999999999"), st.integers() | st.text())
def test_a_place_in_a_list_is_one_that_the_database_can_hold(after: str, limit: Any) -> None:
    with suppress(ValidationError):
        assert int(Page(after=after, limit=limit).after or 0) < 2**63


@given(seal=near(sheet.new_case().seal), secret=st.text())
def test_a_sheet_that_was_not_shown_is_stale(seal: str, secret: str) -> None:
    with pytest.raises(sheet.StaleSheetError):
        sheet.returned(seal, secret, "open")


LINE = '{"at": "2026-11-25T10:00:00+00:00", "kind": "photo.erased", "subject": "00000000-0000-0000-0000-000000000001"}'


@given(st.lists(near(LINE).filter(lambda line: not line.strip() or line != LINE), max_size=3), st.binary(max_size=20))
def test_no_line_of_a_ledger_hides_another(tmp_path_factory: Any, lines: list[str], torn: bytes) -> None:
    folder: Path = tmp_path_factory.mktemp("ledger")
    text = "\n".join(["", *lines, ""]).encode(errors="surrogatepass")
    (folder / "2026-11-25.jsonl").write_bytes(text + torn + b"\n" + LINE.encode() + b"\n")
    assert Kind.PHOTO_ERASED in {line.kind for line in ledger.read(folder)}


LEADING = st.sampled_from(["..", "/", "\\", "evil.example", ":", "https:", "?", "#", "@"])


@given(st.lists(LEADING, max_size=8).map("".join))
def test_a_file_of_another_release_leads_to_this_site(name: str) -> None:
    """As browsers read it, to which a backslash is a stroke."""
    led = static(name).replace("\\", "/")
    assert not led.startswith("//")
    assert not urlsplit(led).netloc
