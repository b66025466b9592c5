"""Classification of hosts and IP addresses: loopback, public."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address in a host, None for a host name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, without a name lookup."""
    address = address_of(host)
    return host == "localhost" if address is None else address.is_loopback


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is reachable from the internet; checks IPv4 addresses embedded in IPv6 too."""
    carried = _carried(address) if isinstance(address, IPv6Address) else None
    if carried is not None:
        return is_public(carried)
    return address.is_global and not address.is_multicast


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
