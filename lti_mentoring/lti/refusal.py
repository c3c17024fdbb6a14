# SPDX-License-Identifier: Apache-2.0
"""Every reason for which a login or launch is turned away, with its HTTP status."""

from __future__ import annotations

from collections.abc import Mapping

from lti_mentoring.lti.registration import Registration

REASONS: dict[str, int] = {
    # login (LOG)
    **dict.fromkeys(("iss_missing", "login_hint_missing", "target_link_uri_missing", "target_off_origin"), 400),
    **dict.fromkeys(("issuer_unknown", "client_unknown", "client_ambiguous"), 400),
    **dict.fromkeys(("login_too_large",), 413),
    # what the browser brings (V-08, V-16, LOG-15)
    **dict.fromkeys(("platform_error", "id_token_missing"), 400),
    **dict.fromkeys(("token_too_large",), 413),
    **dict.fromkeys(("state_missing", "state_invalid", "state_expired", "state_unbound", "registration_gone"), 401),
    # the signature (B-01, B-02, V-01 to V-03)
    **dict.fromkeys(("token_malformed",), 400),
    **dict.fromkeys(("kid_missing", "kid_unknown", "keys_unreachable", "alg", "crit", "signature"), 401),
    # who speaks to whom, when (V-04 to V-07, B-05, B-07)
    **dict.fromkeys(("not_lti",), 400),
    **dict.fromkeys(("issuer_mismatch", "aud_missing", "audience", "azp"), 401),
    **dict.fromkeys(("exp_missing", "iat_missing", "timestamp_invalid"), 401),
    **dict.fromkeys(("token_expired", "token_too_old", "token_from_future"), 401),
    **dict.fromkeys(("nonce_missing", "nonce_mismatch", "nonce_used"), 401),
    # the message (B-03 to B-12, V-09, V-10)
    **dict.fromkeys(("version_missing", "version", "message_type_missing", "message_type"), 400),
    **dict.fromkeys(("deployment_id_missing", "deployment_id_invalid"), 400),
    **dict.fromkeys(("deployment_mismatch",), 401),
    **dict.fromkeys(("deployment_pending",), 403),
    **dict.fromkeys(("target_mismatch", "sub_missing", "sub_invalid", "roles_missing", "roles_invalid"), 400),
    **dict.fromkeys(("deep_linking_invalid", "deep_linking_elsewhere"), 400),
    **dict.fromkeys(("for_user_missing", "for_user_invalid", "review_without_column", "privacy_in_course"), 400),
    **dict.fromkeys(("resource_link_missing", "resource_link_invalid", "context_invalid"), 400),
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
