# SPDX-License-Identifier: Apache-2.0
"""Addresses that platforms give: compared, extended and followed without touching what we do not understand."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from requests import PreparedRequest
from requests.utils import parse_header_links

from lti_mentoring.outbound import Answer

_DEFAULT_PORTS = {"http": 80, "https": 443}


def same_origin(url: str, other: str) -> bool:
    """Scheme, host and port equal."""
    try:
        one, two = urlsplit(url), urlsplit(other)
        ports = [part.port or _DEFAULT_PORTS.get(part.scheme) for part in (one, two)]
    except ValueError:
        return False
    return bool(one.hostname) and (one.scheme, one.hostname, ports[0]) == (two.scheme, two.hostname, ports[1])


def as_uri(url: str) -> str:
    """``url`` in ASCII, as a header carries it: a host in other letters by IDNA, the rest escaped where it is not yet."""
    prepared = PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


def below(url: str, segment: str) -> str:
    """``segment`` under the path of ``url``, its query kept (SC-01; Moodle's line items carry ``?type_id=``)."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{segment}"))


def with_query(url: str, more: Mapping[str, str]) -> str:
    """``url`` with further parameters, those that it has kept as they are."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, urlencode(more)) if part)))


def next_page(answer: Answer) -> str | None:
    """The address of ``Link: rel=next``: quoted or not, wherever the parameter stands, relative or not, its case kept (S19, LI-05)."""
    return linked(answer, "next")


def linked(answer: Answer, relation: str) -> str | None:
    """The address of a ``Link`` of that relation, exactly as it stands there; a header may hold several (Canvas)."""
    for link in parse_header_links(answer.headers.get("Link", "")):
        named = {name.lower(): value for name, value in link.items()}
        if relation in named.get("rel", "").lower().split() and named.get("url"):
            try:
                return urljoin(answer.url, named["url"])
            except ValueError:  # no address at all; the server's name is missing, so whoever follows it refuses it
                return named["url"]
    return None
