"""Where a host is, by its spelling or its address."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from opentrader.domain.hosts import address_of, is_loopback, is_public


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback_by_its_spelling(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_name_is_no_address() -> None:
    assert address_of("example.com") is None
    assert address_of("10.1") is None
    assert str(address_of("::1")) == "::1"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a00:1", False),  # 10.0.0.1 behind NAT64
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),  # 127.0.0.1 by 6to4
    ],
)
def test_what_the_internet_can_reach(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public
