# SPDX-License-Identifier: Apache-2.0
"""Where each family of LMS keeps the settings that mend what the doctor found: the steps, in its own menus."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

_l = lazy_gettext

MOODLE_TOOL = _l("Site administration › Plugins › External tool › Manage tools: open this tool’s settings.")
MOODLE_SERVICES = _l("Under “Services”, allow “grade sync and column management” and “retrieve members’ information”.")
CANVAS_KEY = _l("Admin › Developer Keys: open this tool’s key.")
BLACKBOARD_TOOL = _l("Administrator Panel › LTI Tool Providers: open this tool.")
BRIGHTSPACE_TOOL = _l("Admin Tools › Manage Extensibility › LTI Advantage: open this tool.")
OPENEDX_BLOCK = _l("Studio: open the LTI block’s settings, in the unit that people open.")

FAMILY_STEPS: dict[tuple[str, str], tuple[Any, ...]] = {
    ("keys_not_fetched", "moodle"): (
        _l("Site administration › General › Security › HTTP security."),
        _l("Look that the host of %(tool)s is not among the cURL blocked hosts; private addresses are blocked from the start."),
        _l("Look that its port is in the cURL allowed ports list; from the start only 80 and 443 are."),
        _l("In the tool’s settings, the public key type is “Keyset URL” and the address %(tool)s/.well-known/jwks.json."),
    ),
    ("signature_refused", "moodle"): (
        MOODLE_TOOL,
        _l("Public key type: “Keyset URL”, with %(tool)s/.well-known/jwks.json."),
        _l("Site administration › Development › Purge caches, or wait: Moodle fetches the keys again when one does not fit."),
    ),
    ("client_unknown", "moodle"): (
        _l("Site administration › Plugins › External tool › Manage tools: the list icon on the tool’s card shows its client id."),
        _l("If the tool is missing there, it was deleted: register it again."),
    ),
    ("scope_missing", "moodle"): (MOODLE_TOOL, MOODLE_SERVICES),
    ("nothing_granted", "moodle"): (MOODLE_TOOL, MOODLE_SERVICES),
    ("scope_missing", "openedx"): (
        OPENEDX_BLOCK,
        _l("“LTI 1.3 Advantage grade service”: choose declarative or programmatic. For people, switch on “Enable LTI NRPS”."),
    ),
    ("nothing_granted", "openedx"): (
        OPENEDX_BLOCK,
        _l("“LTI 1.3 Advantage grade service”: choose declarative or programmatic. For people, switch on “Enable LTI NRPS”."),
    ),
    ("keys_not_fetched", "openedx"): (
        OPENEDX_BLOCK,
        _l("“Tool public key mode”: Keyset URL, with %(tool)s/.well-known/jwks.json, reachable from the LMS’s machines."),
    ),
    ("sign_in_refused", "openedx"): (
        _l("Open edX says no more than this, and it is nearly always about our keys: it cannot read them, or has others."),
        OPENEDX_BLOCK,
        _l("“Tool public key mode”: Keyset URL, with %(tool)s/.well-known/jwks.json, reachable from the LMS’s machines, no pasted key."),
    ),
    ("no_gradebook", "openedx"): (
        OPENEDX_BLOCK,
        _l("“Scored”: True, and “LTI 1.3 Advantage grade service”: declarative or programmatic. Then open the unit once."),
    ),
    ("no_gradebook", "moodle"): (
        MOODLE_TOOL,
        MOODLE_SERVICES,
        _l("In each activity: “Accept grades from the tool”. Then open it once."),
    ),
    ("signature_refused", "openedx"): (
        OPENEDX_BLOCK,
        _l("“Tool public key mode”: Keyset URL, with %(tool)s/.well-known/jwks.json, and no pasted key."),
    ),
    ("client_unknown", "openedx"): (
        OPENEDX_BLOCK,
        _l("Each block has a client id of its own; a copied block has a new one. Add it here beside the others."),
    ),
    ("scope_missing", "canvas"): (CANVAS_KEY, _l("Under “LTI Advantage Services”, switch the missing one on and save.")),
    ("nothing_granted", "canvas"): (CANVAS_KEY, _l("Under “LTI Advantage Services”, switch on what the tool should use and save.")),
    ("client_unknown", "canvas"): (
        CANVAS_KEY,
        _l("The key’s state is ON, and its number is the client id that is registered here."),
    ),
    ("keys_not_fetched", "canvas"): (CANVAS_KEY, _l("JWK method: Public JWK URL, with %(tool)s/.well-known/jwks.json.")),
    ("signature_refused", "canvas"): (CANVAS_KEY, _l("JWK method: Public JWK URL, with %(tool)s/.well-known/jwks.json, no pasted JWK.")),
    ("course_closed", "canvas"): (
        _l("Course › Settings › Course Details: look at the end date of the course and its term, and whether it is published."),
        _l("Canvas takes grades again while the course is open; send the stuck ones then."),
    ),
    ("deployment_pending", "canvas"): (
        _l("Account › Settings › Apps › View App Configurations: the gear beside the app shows its deployment id."),
        _l("If it is the same, approve it here."),
    ),
    ("deployment_pending", "blackboard"): (
        BLACKBOARD_TOOL,
        _l("Compare the deployment id. If it is the same, approve it here."),
    ),
    ("audience_refused", "brightspace"): (
        BRIGHTSPACE_TOOL,
        _l("Copy “Brightspace OAuth2 Audience”; it differs from the token address."),
        _l("Enter it: “lti-mentoring platform update %(registration)s --token-audience …”."),
    ),
    ("scope_missing", "brightspace"): (BRIGHTSPACE_TOOL, _l("Under “Extensions”, switch on the missing service, also in the deployment.")),
    ("nothing_granted", "brightspace"): (BRIGHTSPACE_TOOL, _l("Under “Extensions”, switch on the services, also in the deployment.")),
    ("scope_missing", "blackboard"): (BLACKBOARD_TOOL, _l("“Allow grade service access” and “Allow membership service access”: Yes.")),
    ("nothing_granted", "blackboard"): (BLACKBOARD_TOOL, _l("“Allow grade service access” and “Allow membership service access”: Yes.")),
}
"""(Code, family) -> the steps in place of the general ones; checking again always follows."""
