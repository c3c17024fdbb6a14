# SPDX-License-Identifier: Apache-2.0
"""pylti1p3's neutral bases, brought to plain values: no web framework, no stored state, no second look-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pylti1p3.cookie import CookieService
from pylti1p3.registration import Registration as ParserRegistration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfAbstract

from lti_mentoring.keys import SigningKey, load_private
from lti_mentoring.lti.registration import Registration, Registry


class Params(Request):
    """The parameters of one request, whether they came in the query or in the body."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params

    @property
    def session(self) -> Any:
        raise NotImplementedError("nothing of a launch rests in a web session")

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self._params.get(key) or ""


class Cookies(CookieService):
    """The browser's cookies to read, and the one that login sets."""

    def __init__(self, cookies: Mapping[str, str] | None = None) -> None:
        self._cookies = cookies or {}

    def get_cookie(self, name: str) -> str | None:
        return self._cookies.get(name)

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        """The base sets a cookie *named* by the state, in clear; ours is made by :func:`lti_mentoring.lti.state.new_state`."""


class NothingStored(SessionService):
    """State is signed and the nonce follows from it, so that nothing is written before a launch is verified (LOG-09)."""

    def __init__(self) -> None:
        """No storage: the base's needs a request with a session."""

    def save_nonce(self, nonce: str) -> None:
        """Nothing to remember."""

    def save_launch_data(self, key: str, jwt_body: Any) -> None:
        """A launch is kept by the floor above, in its own transaction."""

    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        """The base accepts the same token and state again (S1); a launch happens once."""
        return False

    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        """See above."""


class KnownRegistration(ParserRegistration):
    """One of our registrations as pylti1p3 sees it, with the key that signs for it (B20: more than one key, and no PEM text)."""

    def __init__(self, known: Registration, signing_key: SigningKey | None = None) -> None:
        self.known = known
        self._signing_key = signing_key
        self._issuer = known.issuer
        self._client_id = known.client_id
        self._auth_login_url = known.auth_url
        self._auth_token_url = known.token_url
        self._auth_audience = known.token_audience or None
        self._key_set_url = known.jwks_url

    def get_kid(self) -> str | None:
        return self._signing_key.kid if self._signing_key else None

    def get_tool_private_key(self) -> Any:
        return load_private(self._signing_key.private_pem) if self._signing_key else None


class KnownRegistrations(ToolConfAbstract[Params]):
    """Our registry as pylti1p3 sees it: always many clients per issuer (the base keeps that in a dict of the class, B9)."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def check_iss_has_one_client(self, iss: str) -> bool:
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Any:
        """Never asked: see ``check_iss_has_one_client``."""
        raise NotImplementedError

    def find_registration_by_params(self, iss: str, client_id: str | None, *args: Any, **kwargs: Any) -> Any:
        known = self.registry.registration(iss, client_id) if client_id else None
        return KnownRegistration(known) if known else None

    def find_deployment(self, iss: str, deployment_id: str) -> Any:
        """Never asked: see ``check_iss_has_one_client``."""
        raise NotImplementedError

    def find_deployment_by_params(self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any) -> Any:
        """Never asked: what an unknown deployment means is decided by the floor above."""
        raise NotImplementedError
