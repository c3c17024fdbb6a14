# SPDX-License-Identifier: Apache-2.0
"""Good launches: the rows G and LI-01 of the checklist, at the level of plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lti_mentoring.lti.launch import AgsClaim
from lti_mentoring.lti.registration import Deployment
from support.platform_in_memory import MEMBERSHIP, NOW, REGISTRATION, TOOL, refused, said

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
SECOND = replace(REGISTRATION, id="r2", client_id="client-2")


# --- good launches ----------------------------------------------------------------------------------------------------


def test_G_01_a_full_launch_comes_out_as_plain_values(world):
    launch = world.launch(
        name="Ada Lovelace",
        given_name="Ada",
        family_name="Lovelace",
        email="ada@example.org",
        locale="de_AT",
        tool_platform={"guid": "g-1", "product_family_code": "x"},
        launch_presentation={"return_url": "https://lms.example/back?sesskey=1", "document_target": "iframe", "width": "400"},
        custom={"item": "module:M1"},
        **{AGS: {"lineitem": "https://lms.example/li/1", "lineitems": "https://lms.example/li", "scope": ["a", "b"]}},
    )
    assert launch.registration == REGISTRATION
    assert launch.deployment == Deployment("1", "o1", "active")
    assert (launch.issuer, launch.client_id, launch.sub) == (REGISTRATION.issuer, "client-1", "user-7")
    assert (launch.name, launch.given_name, launch.family_name, launch.email) == ("Ada Lovelace", "Ada", "Lovelace", "ada@example.org")
    assert (launch.locale, launch.guid) == ("de-AT", "g-1")
    assert (launch.context_id, launch.context_title, launch.context_label) == ("course-1", "Mentoring", "M")
    assert (launch.resource_link_id, launch.resource_link_title) == ("link-1", "Week 1")
    assert (launch.standing, launch.administrator, launch.test_user) == ("learner", False, False)
    assert launch.course_scope == "client-1/1"
    assert launch.custom == {"item": "module:M1"}
    assert launch.ags == AgsClaim("https://lms.example/li/1", "https://lms.example/li", frozenset("ab"))
    assert (launch.return_url, launch.document_target) == ("https://lms.example/back?sesskey=1", "iframe")
    assert launch.target_link_uri == f"{TOOL}/lti/launch"
    assert launch.nonce_expires_at == NOW + timedelta(seconds=660)
    assert launch.cookie_name in world.cookies


@pytest.mark.parametrize(
    ("roles", "standing"),
    [
        ([MEMBERSHIP + "Learner", MEMBERSHIP + "Instructor"], "instructor"),  # G-02
        (["Instructor"], "instructor"),  # G-03
        (["Learner"], "learner"),
        (["https://example.org/roles#Wizard"], "none"),  # G-04
        ([], "none"),  # G-05
    ],
)
def test_G_02_to_G_05_roles_of_every_form_are_accepted(world, roles, standing):
    launch = world.launch(roles=roles)
    assert (launch.roles, launch.standing) == (tuple(roles), standing)


@pytest.mark.parametrize(
    ("claims", "name", "email"),
    [
        ({"email": "ada@example.org"}, None, "ada@example.org"),
        ({"given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace", None),
        ({"family_name": " Lovelace "}, "Lovelace", None),
        ({"name": "  ", "given_name": "Ada"}, "Ada", None),
        ({"name": 5, "email": []}, None, None),
        ({}, None, None),
    ],
)
def test_G_06_people_may_come_without_a_name(world, claims, name, email):
    launch = world.launch(**claims)
    assert (launch.name, launch.email) == (name, email)


@pytest.mark.parametrize("context", [..., None, {}, {"title": "no id"}, {"id": ""}, "course"])
def test_G_07_a_launch_without_a_context_is_good(world, context):
    assert world.launch(context=context).context_id is None


def test_G_08_unknown_claims_are_ignored(world):
    launch = world.launch(**{"https://vendor.example/claim": {"deep": [1]}, "acr:x": "1"})
    assert launch.sub == "user-7"


@pytest.mark.parametrize("kind", [..., ["CourseSection"], ["a", "b"], "http://purl.imsglobal.org/vocab/lis/v2/course#Group", 5, None])
def test_G_09_any_type_of_context_is_accepted(world, kind):
    context = {"id": "c", **({} if kind is ... else {"type": kind})}
    assert world.launch(context=context).context_id == "c"


def test_G_10_custom_values_of_every_kind_are_tolerated(world):
    custom = {
        "a": "x",
        "b": "",
        "c": "$CourseSection.timeFrame.begin",
        "d": None,
        "e": [1],
        "f": 5,
        "g": True,
        "h": 1.5,
        "i": {},
        "j": "2026",
    }
    assert world.launch(custom=custom).custom == {"a": "x", "f": "5", "g": "true", "h": "1.5", "j": "2026"}
    for nothing in (None, [], "text", {}):
        assert world.launch(custom=nothing).custom == {}


@pytest.mark.parametrize("target", ["window", "frame", "iframe", "popup", None, ["iframe"]])
def test_G_11_presentation_of_every_kind_is_accepted(world, target):
    launch = world.launch(launch_presentation={"document_target": target, "width": "100%", "height": 5})
    assert launch.document_target == (target if target in ("window", "frame", "iframe") else "")
    assert launch.return_url is None


def test_G_12_an_audience_may_be_text_one_or_several_that_we_trust(world):
    world.registry.known.append(SECOND)
    for audience, party in (("client-1", ...), (["client-1"], ...), (["client-2", "client-1"], "client-1"), ("client-1", "client-1")):
        assert world.launch(aud=audience, azp=party).client_id == "client-1"


@pytest.mark.parametrize(
    ("top", "presentation", "locale"),
    [
        ("pt-BR", "de", "pt-BR"),
        (..., "de_AT", "de-AT"),
        ("not a tag!", "fr", "fr"),
        ("<script>", None, None),
        (5, 5, None),
        ("x" * 60, ..., None),
    ],
)
def test_G_13_a_language_is_taken_and_a_bad_one_ignored(world, top, presentation, locale):
    assert world.launch(locale=top, launch_presentation={"locale": presentation} if presentation is not ... else ...).locale == locale


@pytest.mark.parametrize("odd", ["a/b:c d", "ü☃𝒳", "x" * 255, "Ab", "aB", " x "])
def test_G_14_ids_are_kept_exactly(world, odd):
    world.registry.deployments["r1", odd] = Deployment(odd, "o1", "active")
    launch = world.launch(sub=odd, resource_link={"id": odd}, context={"id": odd}, deployment_id=odd)
    assert (launch.sub, launch.resource_link_id, launch.context_id, launch.deployment_id) == (odd,) * 4
    assert launch.deployment.deployment_id == odd


def test_words_that_no_database_can_hold_are_cleaned_and_bounded(world):
    launch = world.launch(name="A\x00da\ud800\u202e \n L", context={"id": "c", "title": "t" * 5000}, email="x" * 5000)
    assert launch.name == "A da L"
    assert len(launch.context_title) == 500
    assert len(launch.email) == 254
    launch.context_title.encode()


@pytest.mark.parametrize("claim", ["sub", "deployment_id"])
@pytest.mark.parametrize("bad", ["a\x00b", "x" * 256, 7, ["a"], "\ud800"])
def test_ids_that_no_database_can_hold_are_refused(world, claim, bad):
    assert said(refused(world, **{claim: bad})) == (f"{claim}_invalid", 400)


def test_R_04_the_preview_person_is_marked(world):
    assert world.launch(roles=["http://purl.imsglobal.org/vocab/lti/system/person#TestUser", "Learner"]).test_user


def test_decision_1_deployments_share_courses_where_the_profile_says_so(world):
    world.change(family="openedx")
    assert world.launch().course_scope == ""


@pytest.mark.parametrize(("family", "wanted"), [("openedx", "learner"), ("moodle", "none"), ("generic", "none")])
def test_R_02_the_institutions_roles_count_only_where_the_profile_says_so(world, family, wanted):
    world.change(family=family)
    assert world.launch(roles=["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student"]).standing == wanted


def test_an_unknown_deployment_is_left_to_the_floor_above(world):
    launch = world.launch(deployment_id="new")
    assert (launch.deployment, launch.deployment_id) == (None, "new")


@pytest.mark.parametrize(
    ("claim", "wanted"),
    [
        (..., None),
        ("text", None),
        ({}, AgsClaim(None, None, frozenset())),
        (
            {"lineitem": "", "lineitems": "https://lms.example/li", "scope": ["a", 5]},
            AgsClaim(None, "https://lms.example/li", frozenset("a")),
        ),
        ({"lineitem": "javascript:x", "lineitems": "http://lms.example/li", "scope": "a b"}, AgsClaim(None, None, frozenset("ab"))),
    ],
)
def test_LI_01_the_grade_claim_in_every_form(world, claim, wanted):
    assert world.launch(**{AGS: claim}).ags == wanted


def test_the_hash_follows_what_is_stored_and_nothing_else(world):
    first = world.launch(launch_presentation={"return_url": "https://lms.example/a"}).claims_hash
    assert world.launch(launch_presentation={"return_url": "https://lms.example/b"}).claims_hash == first
    assert world.launch(name="Ada").claims_hash != first
    assert world.launch(roles=["Instructor"]).claims_hash != first
    assert world.launch(**{AGS: {"lineitem": "https://lms.example/li/1"}}).claims_hash != first
