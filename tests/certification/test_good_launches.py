# SPDX-License-Identifier: Apache-2.0
"""The good payloads of the certification guide (checklist G): each accepted, as instructor and as learner."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Identity, Membership, Person, RoleGrant
from support.live import Town

M = "http://purl.imsglobal.org/vocab/lis/v2/membership"
NO_NAME = {"name": "", "given_name": None, "family_name": "", "email": ""}
BOTH = pytest.mark.parametrize("role", ["Instructor", "Learner"])


def stored(live: Town, sub: str, site: str = "north") -> tuple[Person, Membership]:
    """The person and the latest membership of a subject."""
    with live.app.app_context(), base.tenant(live.organisations[site]):
        row = (
            base.session()
            .execute(
                select(Person, Membership)
                .join(Identity, Identity.person_id == Person.id)
                .join(Membership, Membership.person_id == Person.id)
                .where(Identity.sub == sub)
                .order_by(Membership.launched_at.desc())
            )
            .first()
        )
        assert row is not None
        return row[0], row[1]


@BOTH
def test_G_01_full_names(live: Town, role: str) -> None:
    page = live.browser().launch(
        "north", "candidate", "programme", roles=[f"{M}#{role}"], sub=f"g1-{role}", name="Ada Full", email="a@b.example"
    )
    assert page.status == 200
    person, _ = stored(live, f"g1-{role}")
    assert (person.name, person.email) == ("Ada Full", "a@b.example")


@BOTH
def test_G_02_several_roles_are_all_kept_and_the_highest_context_role_counts(live: Town, role: str) -> None:
    given = ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student", f"{M}#Learner", f"{M}#{role}"]
    assert live.browser().launch("north", "candidate", "programme", roles=given, sub=f"g2-{role}").status == 200
    _, membership = stored(live, f"g2-{role}")
    assert set(membership.lti_roles) == set(given)
    assert membership.standing == ("instructor" if role == "Instructor" else "learner")


@BOTH
def test_G_03_short_role_names(live: Town, role: str) -> None:
    assert live.browser().launch("north", "candidate", "programme", roles=[role], sub=f"g3-{role}").status == 200
    assert stored(live, f"g3-{role}")[1].standing == role.lower()


@pytest.mark.parametrize("roles", [["https://vendor.example/role#Wizard"], []], ids=["G_04", "G_05"])
@pytest.mark.checklist("G-04", "G-05")
def test_unknown_and_empty_roles_are_accepted_with_no_power(live: Town, roles: list[str]) -> None:
    page = live.browser().launch("north", "candidate", "programme", roles=roles, sub=f"g4-{len(roles)}")
    assert page.status == 200
    person, membership = stored(live, f"g4-{len(roles)}")
    assert membership.standing == "none"
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        assert base.session().scalars(select(RoleGrant).where(RoleGrant.person_id == person.id)).all() == []


@BOTH
@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"email": "ada@lovelace.example"}, None),
        ({"given_name": "Ada", "family_name": "Part"}, "Ada Part"),
        ({"given_name": "Solo"}, "Solo"),
        ({}, None),
    ],
)
def test_G_06_whatever_of_the_name_is_there_is_used_and_never_the_address(
    live: Town, role: str, claims: dict[str, str], shown: str | None
) -> None:
    sub = f"g6-{role}-{'-'.join(claims)}"
    browser = live.browser()
    page = browser.launch("north", "candidate", "programme", roles=[role], sub=sub, claims={**NO_NAME, **claims})
    assert page.status == 200
    if shown:
        assert shown in page.text
        return
    assert page.path.endswith("/name")
    assert "Participant " in page.text
    assert "lovelace" not in page.text
    assert browser.submit(page.form("/name"), name="Chosen").status == 200
    again = live.browser().launch("north", "candidate", "programme", roles=[role], sub=sub, claims={**NO_NAME, **claims})
    assert not again.path.endswith("/name")
    assert "Chosen" in again.text


@BOTH
def test_G_07_without_a_context_the_activity_is_a_course_of_its_own(live: Town, role: str) -> None:
    first = live.browser().launch("north", "candidate", "programme", roles=[role], sub=f"g7-{role}", without=["context"])
    second = live.browser().launch("north", "candidate", "observation", roles=[role], sub=f"g7-{role}", without=["context"])
    assert first.status == second.status == 200
    assert first.path.split("/")[2] != second.path.split("/")[2]


@BOTH
def test_G_08_claims_that_nobody_knows_are_ignored(live: Town, role: str) -> None:
    odd = {"https://vendor.example/claim/x": {"deep": [1, 2, {"a": None}]}, "unheard_of": 7}
    assert live.browser().launch("north", "candidate", "programme", roles=[role], claims=odd).status == 200


@pytest.mark.parametrize(
    "kinds",
    [
        None,
        [],
        ["CourseSection"],
        ["urn:lti:context-type:ims/lis/CourseOffering"],
        [f"{M[:-11]}/course#Group", f"{M[:-11]}/course#CourseGroup"],
    ],
)
def test_G_09_context_types_of_every_kind(live: Town, kinds: list[str] | None) -> None:
    context = {"id": "2", "title": "Becoming a mentor", **({"type": kinds} if kinds is not None else {})}
    assert live.browser().launch("north", "candidate", "programme", context=context).status == 200


def test_G_10_custom_values_that_say_nothing_are_no_values(live: Town) -> None:
    custom = {"item": "$CourseSection.timeFrame.begin", "empty": "", "null": None, "list": [1], "number": 5}
    page = live.browser().launch("north", "candidate", "programme", custom=custom)
    assert page.status == 200


@BOTH
@pytest.mark.parametrize(
    "presentation",
    [{"width": "800", "height": "600"}, {"document_target": "window"}, {"document_target": "frame"}, {"document_target": "iframe"}, {}],
)
def test_G_11_every_presentation(live: Town, role: str, presentation: dict[str, str]) -> None:
    assert live.browser().launch("north", "candidate", "programme", roles=[role], launch_presentation=presentation).status == 200


@BOTH
def test_G_12_audience_as_text_and_as_list(live: Town, role: str) -> None:
    for audience in ("north-pocket-client", ["north-pocket-client"]):
        assert live.browser().launch("north", "candidate", "programme", roles=[role], aud=audience).status == 200


def test_G_12_a_trusted_second_audience_with_the_authorised_party(live: Town) -> None:
    browser = live.browser()
    begun = browser.initiate("south", "candidate", "programme")["params"]["client_id"]
    other = live.browser().initiate("south", "candidate", "observation")["params"]["client_id"]
    assert live.browser().launch("south", "candidate", "programme", aud=[other, begun], azp=begun).status == 200


@BOTH
@pytest.mark.parametrize("locale", ["de-AT", "en_GB", "not a locale!", 5, "zh-Hant-TW"])
def test_G_13_any_locale(live: Town, role: str, locale: object) -> None:
    page = live.browser().launch("north", "candidate", "programme", roles=[role], locale=locale, launch_presentation={"locale": locale})
    assert page.status == 200
    assert '<html lang="en"' in page.text


@BOTH
def test_G_14_ids_are_kept_apart_by_every_letter(live: Town, role: str) -> None:
    subs = [f"{role}Ab", f"{role}aB", f"{role}ab", f"{role}/:ä ☂", f"{role}{'x' * (255 - len(role))}"]
    for sub in subs:
        assert live.browser().launch("north", "candidate", "programme", roles=[role], sub=sub).status == 200
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        found = base.session().scalars(select(Identity.person_id).where(Identity.sub.in_(subs))).all()
    assert len(set(found)) == len(subs)


def test_G_14_course_ids_are_kept_apart_by_every_letter(live: Town) -> None:
    ids = ["Course Ab", "Course aB", "urn:x/y z:1", "y" * 255]
    for one in ids:
        assert live.browser().launch("north", "candidate", "programme", context={"id": one}).status == 200
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        found = base.session().scalars(select(Course.id).where(Course.context_id.in_([f"c:{one}" for one in ids]))).all()
    assert len(found) == len(ids)
