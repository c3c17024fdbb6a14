# SPDX-License-Identifier: Apache-2.0
"""A reader of iCalendar files, written from RFC 5545 and not from our writer: strict about what the standard is strict about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[A-Za-z0-9-]+")
PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x08\x0a-\x1f\x7f]*)')
TEXTS = {"SUMMARY", "LOCATION", "DESCRIPTION", "UID", "PRODID"}
ESCAPES = {"\\": "\\", ";": ";", ",": ",", "n": "\n", "N": "\n"}


@dataclass
class Component:
    """A component with its properties (name -> value, parameters) and what it holds."""

    name: str
    properties: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    inside: list[Component] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.properties[name][0]


def unfolded(data: bytes) -> list[str]:
    """The content lines (3.1): each physical line ends in CR LF and has at most 75 octets."""
    assert data.endswith(b"\r\n")
    physical = data[:-2].split(b"\r\n")
    assert all(b"\r" not in line and b"\n" not in line for line in physical)
    assert all(len(line) <= 75 for line in physical), max(map(len, physical))
    for line in physical:
        line.decode()  # no character is torn
    return data.replace(b"\r\n ", b"").replace(b"\r\n\t", b"").decode()[:-2].split("\r\n")


def unescaped(value: str) -> str:
    """A TEXT (3.3.11); a bare comma or semicolon, or an escape that is none, is a fault."""
    out, at = "", 0
    while at < len(value):
        one = value[at]
        assert one not in ";,", value
        assert one == "\t" or (ord(one) >= 32 and ord(one) != 127), repr(one)
        if one == "\\":
            at += 1
            one = ESCAPES[value[at]]
        out, at = out + one, at + 1
    return out


def read(data: bytes) -> Component:
    """The one component of a file."""
    root = Component("")
    open_ones = [root]
    for line in unfolded(data):
        named = NAME.match(line)
        assert named, line
        at, parameters = named.end(), {}
        while found := PARAMETER.match(line, at):
            parameters[found[1].upper()] = found[2].strip('"')
            at = found.end()
        assert line[at] == ":", line
        name, value = named[0].upper(), line[at + 1 :]
        if name == "BEGIN":
            made = Component(value)
            open_ones[-1].inside.append(made)
            open_ones.append(made)
        elif name == "END":
            assert open_ones.pop().name == value
        else:
            assert name not in open_ones[-1].properties, f"{name} twice"
            open_ones[-1].properties[name] = (unescaped(value) if name in TEXTS else value, parameters)
    assert open_ones == [root]
    (calendar,) = root.inside
    return calendar
