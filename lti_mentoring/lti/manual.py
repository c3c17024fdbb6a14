# SPDX-License-Identifier: Apache-2.0
"""What an LMS's own pages call its addresses, worked out from the address of its site, for whoever enters it by hand."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

FAMILIES = ("moodle", "openedx", "canvas", "blackboard", "brightspace", "sakai", "generic")
"""The LMSs that have instructions of their own, and all others."""

OPENEDX_KEYS, OPENEDX_TOKEN = "/public_keysets/", "/token/"


@dataclass(frozen=True, slots=True)
class Known:
    """Addresses that need not be typed; "" is one that the LMS shows to each tool in its own words."""

    issuer: str = ""
    auth_url: str = ""
    token_url: str = ""
    jwks_url: str = ""
    token_audience: str = ""
    deployment_id: str = ""
    frame_origin: str = ""


def known(family: str, site: str, client_id: str = "") -> Known:
    """What follows from the address of a site and, on Blackboard, from the client id."""
    base = _base(site)
    if not base:
        return Known()
    if family == "moodle":
        lti = f"{base}/mod/lti"
        return Known(base, f"{lti}/auth.php", f"{lti}/token.php", f"{lti}/certs.php")
    if family == "openedx":  # keys and token have an address for each block, which Studio shows
        # and courses are shown by a front end at a host of its own, by default "apps." before the site's
        front = base.replace("://", "://apps.", 1)
        return Known(base, f"{base}/api/lti_consumer/v1/launch/", deployment_id="1", frame_origin=front)
    if family == "canvas":
        return _canvas(base)
    if family == "blackboard":
        place = "https://developer.blackboard.com/api/v1"
        keys = f"{place}/management/applications/{client_id}/jwks.json" if client_id else ""
        return Known("https://blackboard.com", f"{place}/gateway/oidcauth", f"{place}/gateway/oauth2/jwttoken", keys)
    if family == "brightspace":
        token, audience = "https://auth.brightspace.com/core/connect/token", "https://api.brightspace.com/auth/token"  # nosec B105
        return Known(base, f"{base}/d2l/lti/authenticate", token, f"{base}/d2l/.well-known/jwks", audience)
    if family == "sakai":  # the token's address ends in the number of the tool, which Sakai shows
        return Known(base, f"{base}/imsoidc/lti13/oidc_auth", "", f"{base}/imsblis/lti13/keyset", deployment_id="1")
    return Known(base)


def _base(site: str) -> str:
    """The address of a site without its last slash; a bare host name is one at https."""
    text = site.strip().rstrip("/")
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("https", "http") and parts.hostname and not parts.query and not parts.fragment else ""


def _canvas(base: str) -> Known:
    """The hosted Canvas signs on at one host for all schools; one of a school's own has everything at its own."""
    host = urlsplit(base).hostname or ""
    stage = next((one for one in ("beta.", "test.") if f".{one}instructure.com" in host), "")
    hosted = host.endswith("instructure.com")
    issuer = f"https://canvas.{stage}instructure.com" if hosted else base
    place = f"https://sso.{stage}canvaslms.com" if hosted else base
    return Known(issuer, f"{place}/api/lti/authorize_redirect", f"{place}/login/oauth2/token", f"{place}/api/lti/security/jwks")


@dataclass(frozen=True, slots=True)
class Line:
    """One block of Open edX as its author pasted it; empty where the line says nothing."""

    client_id: str
    jwks_url: str
    token_url: str


def lines(pasted: str) -> list[Line]:
    """One block a line: client id, then its key set and token addresses in either order; one of the two tells the other."""
    found = []
    for text in pasted.splitlines():
        words = text.replace(",", " ").replace(";", " ").replace("\t", " ").split()
        if not words:
            continue
        addresses = [one for one in words if "://" in one]
        client = next((one for one in words if "://" not in one), "")
        jwks = next((one for one in addresses if OPENEDX_KEYS in one), "")
        token = next((one for one in addresses if OPENEDX_TOKEN in one), "")
        rest = [one for one in addresses if one not in (jwks, token)]
        jwks = jwks or (token.replace(OPENEDX_TOKEN, OPENEDX_KEYS) if token else rest.pop(0) if rest else "")
        token = token or (jwks.replace(OPENEDX_KEYS, OPENEDX_TOKEN) if OPENEDX_KEYS in jwks else rest.pop(0) if rest else "")
        found.append(Line(client, jwks, token))
    return found
