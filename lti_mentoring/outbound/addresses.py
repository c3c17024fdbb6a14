# SPDX-License-Identifier: Apache-2.0
"""Which addresses may be called at all: public ones, and private ones that the operator has named."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from lti_mentoring.outbound.refusal import Refused

Address = IPv4Address | IPv6Address

_MOST_REMEMBERED = 4096

_NUMBERS = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")

_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")))
"""Where clouds tell a machine its own secrets: AWS and most others, AWS on IPv6, Alibaba, Oracle, Azure."""

_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_TUNNELS = tuple(map(ipaddress.ip_network, ("2001::/32", "2002::/16")))


class Rules:
    """Which addresses may be called."""

    def __init__(self, *, allow_local: bool, private_hosts: Collection[str], ports: Collection[int]) -> None:
        self.allow_local = allow_local
        self.ports = frozenset(ports)
        self.names: set[str] = set()
        self.networks = []
        for one in private_hosts:
            try:
                self.networks.append(ipaddress.ip_network(one.strip(), strict=False))
            except ValueError:
                self.names.add(_plain(one))
        self._fine: set[tuple[str, str]] = set()

    def listed(self, host: str) -> bool:
        """Whether a host is on the list of private ones, by name or by the network of its number."""
        try:
            number = ipaddress.ip_address(host)
        except ValueError:
            return _plain(host) in self.names
        return any(number in network for network in self.networks)

    def check(self, url: str, hosts: Collection[str] | None = None) -> SplitResult:
        """All that can be said without asking for the name's address."""
        if _UNSAFE.search(url):
            raise Refused("url", url)
        try:
            parts = urlsplit(url)
        except ValueError:
            raise Refused("url", url) from None
        place = (parts.scheme, parts.netloc)
        if place not in self._fine:
            self._check_place(url, parts)
            if len(self._fine) >= _MOST_REMEMBERED:
                self._fine.clear()
            self._fine.add(place)
        if hosts is not None and _plain(str(parts.hostname)) not in _all_plain(frozenset(hosts)):
            raise Refused("host_not_tied", url)
        return parts

    def _check_place(self, url: str, parts: SplitResult) -> None:
        """The rules about scheme, host and port: the same for every address of a place, so they are looked at once."""
        try:
            port = parts.port
        except ValueError:
            raise Refused("url", url) from None
        if parts.scheme != "https" and not (self.allow_local and parts.scheme == "http"):
            raise Refused("scheme", url)
        if not parts.hostname or "%" in parts.hostname:
            raise Refused("host", url)
        if "@" in parts.netloc:
            raise Refused("userinfo", url)
        if not self.allow_local and (port or 443) not in self.ports:
            raise Refused("port", url)
        if _NUMBERS.fullmatch(parts.hostname) and _literal(parts.hostname) is None:
            raise Refused("address", url)  # 2130706433, 0x7f.1 and the like are addresses to some resolvers
        literal = _literal(parts.hostname)
        if literal is not None and not self.allows(parts.hostname, literal):
            raise Refused("address", url)

    def allows(self, host: str, address: Address) -> bool:
        """Whether ``host`` may be called at ``address``. What no LMS can have is refused even where private is allowed."""
        address = _unwrapped(address)
        if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        if address in _THIS_NETWORK or (address.is_reserved and not address.is_loopback):
            return False
        if _is_public(address) or self.allow_local:
            return True
        return _plain(host) in self.names or any(address in network for network in self.networks)

    def addresses(self, host: str, port: int, timeout: float) -> list[str]:
        """Resolve once; one address that is not allowed spoils the name, since the next answer may be only that one.

        :raises Refused: ``address``
        :raises OSError: no such name, or no answer in time
        """
        found = _resolve(host, port, timeout)
        if not found or not all(self.allows(host, ipaddress.ip_address(one)) for one in found):
            raise Refused("address", f"//{host}")
        return found


def _plain(host: str) -> str:
    return host.strip().lower().rstrip(".")


@lru_cache(maxsize=1024)
def _all_plain(hosts: frozenset[str]) -> frozenset[str]:
    return frozenset(_plain(one) for one in hosts)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only carries it there (mapped, NAT64)."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or any(address in one for one in _TUNNELS)):
        return False
    return address.is_global


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    """getaddrinfo knows no timeout and may hang for half a minute, so it is asked from a thread that we can leave."""
    answers: list[list[str] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.append(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    thread = threading.Thread(target=ask, daemon=True, name="resolve")
    thread.start()
    thread.join(timeout)
    answer = answers[0] if answers else TimeoutError("no answer from the name server")
    if isinstance(answer, OSError):
        raise answer
    return answer
