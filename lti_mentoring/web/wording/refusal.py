# SPDX-License-Identifier: Apache-2.0
"""Every reason for a refused launch, told to who wanted in and to who looks after the LMS."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

REOPEN = (
    _l(
        "Go back to the course page and open the activity again from there, not from a bookmark, the history or a second copy of this page."
    ),
    _l("If it happens again, send the lines below to whoever looks after your LMS."),
)
TELL = (
    _l("Send the lines below to whoever looks after your LMS. Only they can mend this."),
    _l("Once they say it is done, go back to the course and open the activity again."),
)
WAIT = (
    _l("Wait a minute, then go back to the course and open the activity again."),
    _l("If it happens again, send the lines below to whoever looks after your LMS."),
)
WINDOW = (
    _l("Open the activity in a window of its own with the button below."),
    _l("Or allow cookies for this tool in your browser’s settings, then open the activity from the course again."),
)
NEW_TAB = (
    _l("Go back to the course page and open the activity in a new window or tab, with a right click or a long press on its link."),
    _l("Or ask your teacher to set the activity to open in a new window, or allow cookies for this tool in your browser’s settings."),
)
ALLOW = (
    _l("Allow cookies for this tool in your browser’s settings: it needs one to know you from page to page."),
    _l("Then go back to the course page and open the activity again."),
)

STALE = _l("This way in has run out")
NOT_CONNECTED = _l("This activity is not connected yet")
UNREADABLE = _l("Your LMS sent something that cannot be read")
NOT_TRUSTED = _l("This launch could not be trusted")

REASONS: dict[str, tuple[object, object, tuple[object, ...], object]] = {
    # the way to the LMS and back
    "iss_missing": (UNREADABLE, _l("It did not say which LMS it is."), TELL, _l("The message has no issuer (iss).")),
    "login_hint_missing": (UNREADABLE, _l("It did not say who is coming."), TELL, _l("The login initiation has no login_hint.")),
    "target_link_uri_missing": (UNREADABLE, _l("It did not say which page to open."), TELL, _l("The message has no target_link_uri.")),
    "target_off_origin": (
        _l("This activity points to another place"),
        _l("The address in the activity’s settings is not an address of this tool."),
        TELL,
        _l("The target_link_uri is not on this tool’s host. Set the activity’s tool URL to the launch address of this tool."),
    ),
    "issuer_unknown": (
        _l("This LMS is not connected"),
        _l("The tool does not know the LMS that you come from."),
        TELL,
        _l("No active registration has this issuer. Compare it letter by letter with the registration, slash and http or https included."),
    ),
    "client_unknown": (
        NOT_CONNECTED,
        _l("Your LMS is known, but not under the number that it gave."),
        TELL,
        _l("The issuer is known, the client_id is not. Register this client, or correct it in the LMS."),
    ),
    "client_ambiguous": (
        NOT_CONNECTED,
        _l("Your LMS is connected more than once, and its message does not say which connection this is."),
        TELL,
        _l("The issuer has several registrations and the login names no client_id. Let the LMS send client_id or lti_deployment_id."),
    ),
    "login_too_large": (UNREADABLE, _l("Its message is far too long."), TELL, _l("A login parameter is longer than any LMS needs.")),
    "platform_error": (
        _l("Your LMS did not let you through"),
        _l("You may have been signed out of your LMS in the meantime."),
        (_l("Sign in to your LMS again, go to the course and open the activity."), REOPEN[1]),
        _l("The LMS answered the login with an error instead of a launch; its own words stand below."),
    ),
    "id_token_missing": (UNREADABLE, _l("The message of your LMS came without its content."), REOPEN, _l("The launch has no id_token.")),
    "token_too_large": (UNREADABLE, _l("Its message is far too long."), TELL, _l("The id_token or state is larger than 64 kB.")),
    "state_missing": (
        STALE,
        _l("The activity was not opened from the course page."),
        REOPEN,
        _l("The launch has no state: it did not begin at this tool’s login address. Check the initiate-login URL in the LMS."),
    ),
    "state_invalid": (STALE, _l("The way in was damaged or was not ours."), REOPEN, _l("The state was not signed by this tool.")),
    "state_expired": (
        STALE,
        _l("Too much time passed between the course page and here."),
        REOPEN,
        _l("The state is older than ten minutes: a slow sign-in, a page left open, or a reload."),
    ),
    "state_unbound": (
        _l("Your browser kept back a cookie"),
        _l("Without it, the tool cannot tell that this is the browser in which the activity was opened."),
        REOPEN,
        _l(
            "The state is genuine, but this browser did not return the cookie that belongs to it: cookies are blocked inside frames, "
            "the login happened in another browser, or the page was reloaded."
        ),
    ),
    "registration_gone": (
        NOT_CONNECTED,
        _l("The connection to your LMS was switched off."),
        TELL,
        _l("The registration is no longer active."),
    ),
    # the signature
    "token_malformed": (UNREADABLE, _l("Its message is damaged."), REOPEN, _l("The id_token is no readable signed token.")),
    "kid_missing": (
        NOT_TRUSTED,
        _l("The message of your LMS is not signed as it should be."),
        TELL,
        _l("The id_token names no key (kid)."),
    ),
    "kid_unknown": (
        NOT_TRUSTED,
        _l("Your LMS signed with a key that it does not publish."),
        WAIT,
        _l("The key set at the registered address has no such key, even after loading it anew. Has the LMS changed its keys or address?"),
    ),
    "keys_unreachable": (
        _l("Your LMS could not be reached"),
        _l("To trust its message the tool needs the LMS’s public keys, and they did not come."),
        WAIT,
        _l("The registered key set address did not answer with a key set. Can this tool’s host reach it?"),
    ),
    "alg": (
        NOT_TRUSTED,
        _l("The message of your LMS is not signed as agreed."),
        TELL,
        _l("The id_token uses an algorithm or key that is not registered."),
    ),
    "crit": (
        NOT_TRUSTED,
        _l("The message of your LMS asks for something unknown."),
        TELL,
        _l("The id_token has a critical header (crit) that is not understood."),
    ),
    "signature": (
        NOT_TRUSTED,
        _l("The signature of your LMS does not fit its message."),
        REOPEN,
        _l("The signature of the id_token is wrong for its key."),
    ),
    # who speaks to whom, and when
    "not_lti": (
        UNREADABLE,
        _l("Its message is not about opening an activity."),
        TELL,
        _l("The token is signed, but holds no LTI 1.3 message."),
    ),
    "issuer_mismatch": (
        NOT_TRUSTED,
        _l("The message comes from another LMS than the one that began."),
        TELL,
        _l("The issuer of the id_token is not the registered one, letter by letter."),
    ),
    "aud_missing": (UNREADABLE, _l("Its message does not say whom it is for."), TELL, _l("The id_token has no audience (aud).")),
    "audience": (
        NOT_TRUSTED,
        _l("The message was meant for another tool."),
        TELL,
        _l("The audience of the id_token is not this registration’s client_id, or names others beside it."),
    ),
    "azp": (
        NOT_TRUSTED,
        _l("The message was meant for another tool."),
        TELL,
        _l("The authorised party (azp) is missing or is not this registration’s client_id."),
    ),
    "exp_missing": (UNREADABLE, _l("Its message does not say how long it holds."), TELL, _l("The id_token has no exp.")),
    "iat_missing": (UNREADABLE, _l("Its message does not say when it was made."), TELL, _l("The id_token has no iat.")),
    "timestamp_invalid": (
        UNREADABLE,
        _l("The times in its message make no sense."),
        TELL,
        _l("exp or iat is no number in a sensible range."),
    ),
    "token_expired": (
        STALE,
        _l("The message of your LMS has run out."),
        REOPEN,
        _l("The id_token is past its exp. If it was fresh, the clocks of LMS and tool differ."),
    ),
    "token_too_old": (
        STALE,
        _l("The message of your LMS is too old."),
        REOPEN,
        _l("The id_token was made too long ago. If it was fresh, the clocks of LMS and tool differ."),
    ),
    "token_from_future": (
        _l("The clocks do not agree"),
        _l("The message of your LMS says that it was made in the future."),
        WAIT,
        _l("iat lies in the future, or after exp. Set the clocks of LMS and tool by a time server."),
    ),
    "nonce_missing": (UNREADABLE, _l("Its message lacks the mark that makes it unique."), TELL, _l("The id_token has no nonce.")),
    "nonce_mismatch": (
        STALE,
        _l("The message belongs to another attempt to open the activity."),
        REOPEN,
        _l("The nonce is not the one of this login."),
    ),
    "nonce_used": (
        _l("This way in was used already"),
        _l("Each opening of the activity works once; the page was reloaded or sent twice."),
        REOPEN,
        _l("The same id_token was posted before. Harmless after a reload; otherwise somebody repeats a message."),
    ),
    # the message
    "version_missing": (
        UNREADABLE,
        _l("Its message does not say which version of LTI it speaks."),
        TELL,
        _l("The version claim is missing."),
    ),
    "version": (UNREADABLE, _l("It speaks another version of LTI."), TELL, _l("The version claim is not exactly 1.3.0.")),
    "message_type_missing": (UNREADABLE, _l("Its message does not say what it wants."), TELL, _l("The message_type claim is missing.")),
    "message_type": (
        _l("This kind of link is not handled here"),
        _l("This LMS sent a message type that this tool does not handle."),
        TELL,
        _l("Only LtiResourceLinkRequest is handled. Place the tool as an ordinary activity."),
    ),
    "deployment_id_missing": (
        UNREADABLE,
        _l("Its message does not say which copy of the tool this is."),
        TELL,
        _l("The deployment_id claim is missing."),
    ),
    "deployment_id_invalid": (
        UNREADABLE,
        _l("The number of this copy of the tool is unusable."),
        TELL,
        _l("deployment_id is empty, no text, or longer than 255 characters."),
    ),
    "deployment_mismatch": (
        NOT_TRUSTED,
        _l("The message belongs to another copy of the tool than the one that began."),
        REOPEN,
        _l("deployment_id differs from the lti_deployment_id of the login."),
    ),
    "deployment_pending": (
        NOT_CONNECTED,
        _l("Your LMS is known to us, but the copy of the tool that this course uses has not been switched on."),
        TELL,
        _l(
            "The message was genuine: its signature, audience and time are in order. Only its deployment is not approved yet. This often "
            "follows a copied course, or a tool that was added a second time. The operator approves it with 'platform approve-deployment'."
        ),
    ),
    "target_mismatch": (
        NOT_TRUSTED,
        _l("The message wants to open another page than the one that began."),
        REOPEN,
        _l("target_link_uri differs between login and id_token."),
    ),
    "sub_missing": (
        _l("Your LMS did not say who you are"),
        _l("The tool keeps your work under a number that your LMS gives you, and it sent none."),
        TELL,
        _l("The id_token has no sub: anonymous launches are not accepted. Guests must sign in."),
    ),
    "sub_invalid": (
        UNREADABLE,
        _l("The number that it gives you is unusable."),
        TELL,
        _l("sub is empty, no text, or longer than 255 characters."),
    ),
    "roles_missing": (
        UNREADABLE,
        _l("It did not say what you are in the course."),
        TELL,
        _l("The roles claim is missing; an empty list would do."),
    ),
    "roles_invalid": (
        UNREADABLE,
        _l("What it says of your role cannot be read."),
        TELL,
        _l("The roles claim is no list of texts, or far too long."),
    ),
    "deep_linking_invalid": (
        UNREADABLE,
        _l("It did not say what may be placed, or where the choice should go."),
        TELL,
        _l("The settings lack a deep_link_return_url on https or accept_types, or their data is no text of at most 20,000 signs."),
    ),
    "deep_linking_elsewhere": (
        _l("The choice would go somewhere else"),
        _l("Your LMS asked for the chosen activities to be sent to another host than its own."),
        TELL,
        _l("The deep_link_return_url is not on a host of this registration. If the host is yours, add it with --frame-origin."),
    ),
    "for_user_missing": (
        UNREADABLE,
        _l("It did not say whom this is about."),
        TELL,
        _l("The for_user claim or its user_id is missing."),
    ),
    "for_user_invalid": (
        UNREADABLE,
        _l("It did not say readably whom this is about."),
        TELL,
        _l("The user_id of the for_user claim is no text of at most 255 signs."),
    ),
    "review_without_column": (
        UNREADABLE,
        _l("It did not say which grade this is about."),
        (_l("Open the person’s work from the activity on the course page instead."), *TELL[:1]),
        _l("A submission review must carry the line item in its claim on grades (endpoint, lineitem)."),
    ),
    "privacy_in_course": (
        UNREADABLE,
        _l("A question about somebody’s data came as if it were about one course."),
        TELL,
        _l("A data privacy launch carries neither a context nor a resource_link."),
    ),
    "resource_link_missing": (
        UNREADABLE,
        _l("It did not say which activity was opened."),
        TELL,
        _l("The resource_link claim or its id is missing."),
    ),
    "resource_link_invalid": (
        UNREADABLE,
        _l("The number of the activity is unusable."),
        TELL,
        _l("The id of resource_link is no text, or longer than 255 characters."),
    ),
    "context_invalid": (UNREADABLE, _l("What it says of the course cannot be read."), TELL, _l("The context claim has no usable id.")),
}
"""Reason code (``lti/refusal.py``) -> title, what happened, steps, for the administrator."""
