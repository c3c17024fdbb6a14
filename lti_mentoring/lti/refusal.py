# SPDX-License-Identifier: Apache-2.0
"""Every reason for which a login or launch is turned away, with its HTTP status."""

from __future__ import annotations

from collections.abc import Mapping

from lti_mentoring.lti.registration import Registration

REASONS: dict[str, int] = {
    # login (LOG)
    "iss_missing": 400,
    "login_hint_missing": 400,
    "target_link_uri_missing": 400,
    "target_off_origin": 400,
    "issuer_unknown": 400,
    "client_unknown": 400,
    "client_ambiguous": 400,
    "login_too_large": 413,
    # what the browser brings (V-08, V-16, LOG-15)
    "platform_error": 400,
    "id_token_missing": 400,
    "token_too_large": 413,
    "state_missing": 401,
    "state_invalid": 401,
    "state_expired": 401,
    "state_unbound": 401,
    "registration_gone": 401,
    # the signature (B-01, B-02, V-01 to V-03)
    "token_malformed": 400,
    "kid_missing": 401,
    "kid_unknown": 401,
    "keys_unreachable": 401,
    "alg": 401,
    "crit": 401,
    "signature": 401,
    # who speaks to whom, when (V-04 to V-07, B-07)
    "not_lti": 400,
    "issuer_mismatch": 401,
    "aud_missing": 401,
    "audience": 401,
    "azp": 401,
    "exp_missing": 401,
    "iat_missing": 401,
    "timestamp_invalid": 401,
    "token_expired": 401,
    "token_too_old": 401,
    "token_from_future": 401,
    "nonce_missing": 401,
    "nonce_mismatch": 401,
    "nonce_used": 401,
    # the message (B-03 to B-12, V-09, V-10)
    "version_missing": 400,
    "version": 400,
    "message_type_missing": 400,
    "message_type": 400,
    "deployment_id_missing": 400,
    "deployment_id_invalid": 400,
    "deployment_mismatch": 401,
    "deployment_pending": 403,
    "target_mismatch": 400,
    "sub_missing": 400,
    "sub_invalid": 400,
    "roles_missing": 400,
    "roles_invalid": 400,
    "resource_link_missing": 400,
    "resource_link_invalid": 400,
    "context_invalid": 400,
}
"""Stable codes: pages, logs and tests use them."""


class LaunchRefused(Exception):
    """A login or launch that goes no further, and leaves no trace.

    ``registration`` is set once we know for whom the message came; ``return_url`` only from a verified message; ``detail`` is
    for the page (the LMS's own words, or what was wrong), never for a log; ``restart`` are the login's parameters where a browser
    that holds no cookie may begin it anew in a window of its own.
    """

    def __init__(
        self,
        reason: str,
        status: int | None = None,
        *,
        registration: Registration | None = None,
        return_url: str | None = None,
        detail: str = "",
        restart: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = REASONS[reason] if status is None else status
        self.registration = registration
        self.return_url = return_url
        self.detail = detail
        self.restart = restart
