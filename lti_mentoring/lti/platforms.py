# SPDX-License-Identifier: Apache-2.0
"""Where LMSs differ: one profile per family, the only place in the product that names them in code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """How one family of LMS behaves. The defaults are the specification's, strictly read; each difference says who and why."""

    family: str

    products: tuple[str, ...] = ()
    """What it calls itself when it registers a tool (``product_family_code``), in small letters."""

    issuers: tuple[str, ...] = ()
    """Issuers that stand for a whole cloud, whose configuration comes from another host of ``domains``."""

    domains: tuple[str, ...] = ()
    """Where all servers of a cloud are: sign-in and tokens may be at another of them than the LMS."""

    keys_by_client: bool = False
    """Each client has a key address of its own: the last part of it names the client."""

    error_pages_say_404: bool = False
    """Whatever is wrong with a request of a page, its status is 404."""

    shared: bool = False
    """One issuer and client id serve many institutions; the deployment tells them apart."""

    deployments_share_courses: bool = False
    """The deployment id says nothing, so it is no part of a course's key."""

    hints_single_use: bool = False
    """A login hint works once: a launch cannot be begun again from our page, only from the LMS's."""

    target_only_in_token: bool = False
    """After deep linking only the id_token names the item's address; login names the tool's base address."""

    course_roles_said_above: bool = False
    """A launch may name no role of the course, only the institution's, and mean the course by them."""

    lineitem_claim_may_be_foreign: bool = False
    """Where we may create columns ourselves, the ``lineitem`` claim may name one that is not this link's."""

    timestamp_step_seconds: float = 0.001
    """The least difference between two timestamps of one person on one line item. We write milliseconds."""

    wipes_on_nonfinal: bool = False
    """A score that is not FullyGraded clears the grade that is there, so only a final score or an explicit reset is sent."""

    one_cell: bool = False
    """Whatever columns there are, the gradebook shows one cell for each placement: one aggregate score, and no columns beside it."""

    links_created_columns: bool = True
    """Columns that we create name their resource link."""

    tokens_in_cloud: bool = False
    """Sites may be at any address while tokens come from the cloud's servers; a client id there is nobody's guess."""

    reading_needs_own_scope: bool = False
    """Reading line items asks for ``lineitem.readonly`` although ``lineitem`` includes it."""

    integer_maximum: bool = False
    """A line item's ``scoreMaximum`` must be a whole number."""

    forbidden_means_expired: bool = False
    """403 is what an expired token gets, so it too asks for one new token."""

    rate_limit_by_403: bool = False
    """403 with ``x-rate-limit-remaining: 0`` is a 429."""

    takes_submission_review: bool = True
    """A line item may say where its submissions are reviewed."""

    reviews_whole_columns: bool = False
    """A submission review may be about a whole column, and then names nobody."""

    results_by_person: bool = False
    """One person's result has an address of its own, ``results/<user id>``, and the filter by ``user_id`` is not to be relied on."""

    result_decimals: int = 2
    """What a result keeps behind the point: what is lost there is no teacher's change."""

    results_filtered: bool = True
    """``user_id`` picks one person's result, whole; False: all are read, and ours is picked from them."""

    stale_statuses: frozenset[int] = frozenset({409})
    """The platform holds a newer score."""

    stale_words: tuple[tuple[int, str], ...] = ()
    """Status and words (lower case) that mean the same as a stale status."""

    same_words: tuple[tuple[int, str], ...] = ()
    """Status and words that mean: a score of exactly this timestamp is there. On a repeated send, that was ours."""

    remedies: tuple[tuple[int, str, str], ...] = ()
    """Status, words and the remedy code that they stand for."""


GENERIC = Profile("generic")

MOODLE = Profile(
    "moodle",
    products=("moodle",),
    # print_error() and moodle_exception send 404 with every page.
    error_pages_say_404=True,
    # launchid in the message hint is spent by the first auth request; a second shows Moodle's "Invalid request".
    hints_single_use=True,
    # Compares strtotime() of ours with the gradebook's timemodified: whole seconds, equal is too old.
    timestamp_step_seconds=1.0,
    # gradebookservices clears grade and feedback unless gradingProgress is FullyGraded.
    wipes_on_nonfinal=True,
    # grade_grades keeps five decimals.
    result_decimals=5,
    # The head of a column in the gradebook sends a review without for_user.
    reviews_whole_columns=True,
    # A column made with resourceLinkId becomes a second one of that activity, and launches then carry no lineitem at all.
    links_created_columns=False,
    # Older releases answer a GET with 401 unless lineitem.readonly was asked for by name.
    reading_needs_own_scope=True,
    remedies=(
        # scores.php: is_user_gradable_in_course() is false for teachers, administrators and people who left.
        (400, "incorrect score received", "user_not_gradable"),
    ),
)

OPENEDX = Profile(
    "openedx",
    products=("openedx", "open-edx"),
    # deployment_id is always "1"; every block has a client_id of its own.
    deployments_share_courses=True,
    # .../public_keysets/<block's location>
    keys_by_client=True,
    # login initiation keeps the block's launch URL; only the claim has the deep-linked item's.
    target_only_in_token=True,
    # Releases with lti-consumer-xblock 9 send institution/person#Student or #Instructor for what somebody is in the course, and
    # system/person#Administrator for the course's staff; there is no membership# role among them.
    course_roles_said_above=True,
    # In programmatic mode the claim carries the configuration's first line item, whatever it is.
    lineitem_claim_may_be_foreign=True,
    # Only line items that are tied to the block reach the gradebook, and the last score of any of them stands in its one cell.
    one_cell=True,
    # It knows no submission review.
    takes_submission_review=False,
    # LtiAgsLineItem.score_maximum is an IntegerField; 10.5 is a 400.
    integer_maximum=True,
    # lti_1p3 authentication answers 403 to a missing, wrong or expired token.
    forbidden_means_expired=True,
    # LtiAgsLineItemViewset.results ignores ?user_id=; up to consumer 9 plain "results" without a slash behind it is a 404.
    results_by_person=True,
    # Results repeat the score as it was sent.
    result_decimals=5,
    # LtiAgsScoreSerializer: a 400 on the field "timestamp", older and equal in different words.
    stale_words=((400, "later point in time"), (400, "already exists for the provided timestamp")),
    same_words=((400, "already exists for the provided timestamp"),),
)

CANVAS = Profile(
    "canvas",
    products=("canvas",),
    # The hosted Canvas has one issuer; its configuration is fetched from a school's host or from the sign-on host.
    issuers=("https://canvas.instructure.com", "https://canvas.beta.instructure.com", "https://canvas.test.instructure.com"),
    domains=("instructure.com", "canvaslms.com"),
    # Issuer https://canvas.instructure.com and one developer key for all institutions that inherit it.
    shared=True,
    # Throttling answers 403 "Rate Limit Exceeded" with this header at 0 (newer: 429).
    rate_limit_by_403=True,
    remedies=(
        (403, "concluded", "course_closed"),
        (422, "concluded", "course_closed"),
        (422, "unpublished", "course_closed"),
        (422, "user not found in course", "user_not_gradable"),
    ),
)

BLACKBOARD = Profile(
    "blackboard",
    products=("blackboardlearn", "blackboard"),
    issuers=("https://blackboard.com",),
    domains=("blackboard.com",),
    # Issuer https://blackboard.com and one client id for all schools; the deployment is the tenant.
    shared=True,
    # results?user_id= leaves the comment out.
    results_filtered=False,
    remedies=((400, "user could not be found", "user_not_gradable"),),
)

BRIGHTSPACE = Profile(
    "brightspace",
    products=("desire2learn", "brightspace"),
    # Tokens come from auth.brightspace.com, for the audience api.brightspace.com.
    # Schools may have hosts of their own for everything else; client ids are random UUIDs.
    domains=("brightspace.com",),
    tokens_in_cloud=True,
    # A tool's client id may be deployed to several organisations.
    shared=True,
    # 403 "... not enrolled in the org unit", and 404 for a person who left.
    remedies=((403, "not enrolled", "user_not_gradable"),),
)

SAKAI = Profile("sakai", products=("sakai",))

COURSERA = Profile(
    "coursera",
    products=("coursera",),
    domains=("coursera.org",),
    # One issuer for all partners.
    shared=True,
)

PROFILES = {one.family: one for one in (GENERIC, MOODLE, OPENEDX, CANVAS, BLACKBOARD, BRIGHTSPACE, SAKAI, COURSERA)}


def profile(family: str) -> Profile:
    """The profile of a family; the strict one if we do not know it."""
    return PROFILES.get(family, GENERIC)


def by_product(code: str) -> Profile:
    """The profile of an LMS that says what product it is; the strict one if we do not know it."""
    wanted = code.strip().lower()
    return next((one for one in PROFILES.values() if wanted in one.products), GENERIC)
