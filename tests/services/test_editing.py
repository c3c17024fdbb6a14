# SPDX-License-Identifier: Apache-2.0
"""A programme edited in the browser: kept as it is typed, published whole or not at all, and never changed for who has begun."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.domain.draft import judge
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import draft, editing, intake, opening, pack, programme
from lti_mentoring.store import base
from lti_mentoring.store.application import Intake
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Course, Membership, RoleGrant
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.programme import ProgrammeDraft, ProgrammeVersion


@pytest.fixture
def lead(world: World) -> Actor:
    """The coordinator of a course whose programme is opened under starter."""
    found = world.person("Nana", "coordinator", standing="instructor")
    opening.choose_policy(actor=found, name="starter")
    return found


@pytest.fixture
def anywhere(any_app: Flask) -> Iterator[World]:
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made


def type_in(actor: Actor, page: str, **values: str) -> None:
    """Fill in one page as it stands, but for these fields, whose slashes are written as two underscores."""
    shown = draft.sheet(actor=actor, page=page)
    sent = {field.path: field.value for field in shown.fields} | {path.replace("__", "/"): value for path, value in values.items()}
    editing.save(actor=actor, page=page, sent=sent, seen=shown.seen)


def publish(actor: Actor) -> str:
    found = draft.changes(actor=actor)
    return editing.publish(actor=actor, revision=found.revision, version_id=found.version_id)


def version_of(actor: Actor) -> str:
    return intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))


def broken(code: str, verb: Any, **how: Any) -> dict[str, object]:
    with pytest.raises(RuleBroken) as error:
        verb(**how)
    assert error.value.code == code
    return error.value.facts


def test_what_is_edited_is_the_version_of_the_course_and_the_old_one_stays_as_it_was(world: World, lead: Actor) -> None:
    before = version_of(lead)
    old = programme.load(before)
    world.person("Ada")
    begun = select(Candidacy.programme_version_id)
    began_with = base.session().scalars(begun).one()
    editing.begin(actor=lead)
    type_in(lead, "about", title="Mentors of the north")
    type_in(lead, "rubrics/RU-C", **{"rubrics__RU-C__criteria__C1__anchors__1": "Talks more than the protégé does"})
    type_in(lead, "numbers", policy__overall_mean="3,0", policy__time__months="18")
    made = publish(lead)
    new = programme.load(made)
    assert version_of(lead) == made != before
    assert (new.title, new.policy.overall_mean, new.policy.time.months) == ("Mentors of the north", 3, 18)
    assert new.policy.name == "starter-changed"
    assert old.policy in new.policies, "what was imported can be chosen again"
    assert new.rubric("RU-C").criteria[0].anchors[0] == "Talks more than the protégé does"
    assert programme.load(before) == old
    assert programme.rubric(programme.rubric_version_id(before, "RU-C")) == old.rubric("RU-C")
    assert programme.module_version_id(before, "M1") == programme.module_version_id(made, "M1"), "what did not change is shared"
    assert base.session().scalars(begun).one() == began_with
    assert not draft.has_draft(actor=lead)
    said = base.session().scalars(select(AuditEvent.verb).where(AuditEvent.object_kind == "programme_draft").order_by(AuditEvent.id)).all()
    assert sorted(said) == ["begin", "edit", "edit", "edit", "publish"]


def test_a_draft_with_faults_is_kept_as_typed_and_not_published(lead: Actor) -> None:
    before = version_of(lead)
    editing.begin(actor=lead)
    type_in(lead, "numbers", policy__award__deciders="seven", policy__award__outside="3")
    type_in(lead, "modules", policy__modules_required="")
    shown = draft.sheet(actor=lead, page="numbers")
    assert next(field.value for field in shown.fields if field.path == "policy/award/deciders") == "seven"
    assert "policy/award/deciders" in shown.faults
    found = draft.changes(actor=lead)
    assert {finding.path for finding in found.faults} >= {"policy/award/deciders", "policy/modules_required"}
    facts = broken("draft_faulty", editing.publish, actor=lead, revision=found.revision, version_id=found.version_id)
    assert facts["count"] == len(found.faults)
    assert version_of(lead) == before
    assert draft.has_draft(actor=lead)
    type_in(lead, "numbers", policy__award__deciders="3", policy__award__outside="1")
    type_in(lead, "modules", policy__modules_required="M1")
    assert publish(lead) != before


def test_a_component_taken_out_keeps_the_draft_from_opening(lead: Actor) -> None:
    editing.begin(actor=lead)
    type_in(lead, "about", support="", purpose="")
    assert [finding.path for finding in draft.overview(actor=lead).faults] == ["purpose", "support"]


def test_dates_and_places_hold_from_publishing_on(lead: Actor) -> None:
    editing.begin(actor=lead, edition="3")
    type_in(lead, "dates", intake__mode="apply", intake__places="8", intake__opens_on="2031-01-10", intake__closes_on="2031-02-10")
    assert intake.of(org_id=lead.org_id, course_id=lead.course_id).mode == "open"
    listed = {one.field.path: (one.was, one.will_be) for _, found in draft.changes(actor=lead).pages for one in found}
    assert listed == {
        "edition": ("2", "3"),
        "intake/mode": ("open", "apply"),
        "intake/places": ("", "8"),
        "intake/opens_on": ("", "2031-01-10"),
        "intake/closes_on": ("", "2031-02-10"),
    }
    publish(lead)
    row = intake.of(org_id=lead.org_id, course_id=lead.course_id)
    assert (row.mode, row.places, row.opens_at.date().isoformat(), row.closes_at.date().isoformat()) == (  # type: ignore[union-attr]
        *("apply", 8),
        *("2031-01-10", "2031-02-11"),
    )
    editing.begin(actor=lead)
    type_in(lead, "dates", intake__opens_on="2031-05-01", intake__closes_on="2031-04-01")
    assert [finding.path for finding in draft.overview(actor=lead).faults] == ["intake/closes_on"]


def test_two_who_edit_different_pages_keep_both_and_of_one_page_the_second_is_told(lead: Actor, world: World) -> None:
    deputy = world.person("Omar", "deputy", standing="instructor")
    editing.begin(actor=lead)
    numbers, about = draft.sheet(actor=lead, page="numbers"), draft.sheet(actor=lead, page="about")
    type_in(deputy, "numbers", policy__time__months="30")
    editing.save(actor=lead, page="about", sent={"title": "Another name"}, seen=about.seen)
    broken("draft_moved", editing.save, actor=lead, page="numbers", sent={"policy/time/months": "12"}, seen=numbers.seen)
    values = base.session().scalars(select(ProgrammeDraft.values)).one()
    assert values == {"policy/time/months": "30", "title": "Another name"}


def test_what_is_set_back_is_no_change(lead: Actor) -> None:
    editing.begin(actor=lead)
    type_in(lead, "numbers", policy__time__months="30")
    type_in(lead, "numbers", policy__time__months="24")
    found = draft.changes(actor=lead)
    assert found.pages == ()
    broken("draft_unchanged", editing.publish, actor=lead, revision=found.revision, version_id=found.version_id)


def test_nobody_publishes_or_discards_what_they_have_not_seen(lead: Actor, world: World) -> None:
    editing.begin(actor=lead)
    type_in(lead, "about", title="One")
    seen = draft.changes(actor=lead)
    type_in(lead, "about", title="Two")
    broken("draft_moved", editing.publish, actor=lead, revision=seen.revision, version_id=seen.version_id)
    broken("draft_moved", editing.discard, actor=lead, revision=seen.revision)
    seen = draft.changes(actor=lead)
    opening.choose_policy(actor=lead, name="assured")
    broken("draft_moved", editing.publish, actor=lead, revision=seen.revision, version_id=seen.version_id)
    editing.discard(actor=lead, revision=seen.revision)
    broken("draft", draft.overview, actor=lead)
    broken("draft", editing.discard, actor=lead, revision=seen.revision)


def other_course(world: World, name: str) -> str:
    course = base.new_id()
    with base.transactional() as session:
        session.add(Course(id=course, issuer=f"https://lms.example/{world.org_id}", context_id=f"c:{name}", title=name))
    return course


def test_next_years_edition_is_copied_from_a_course_that_one_leads(world: World, lead: Actor) -> None:
    editing.begin(actor=lead)
    type_in(lead, "about", title="Ours")
    publish(lead)
    course = other_course(world, "Next year")
    with base.transactional() as session:
        session.add(Membership(course_id=course, person_id=lead.person_id, standing="instructor"))
        session.add(RoleGrant(person_id=lead.person_id, course_id=course, role="coordinator", granted_by="operator"))
    there = world.actor("Nana", course_id=course)
    assert [(one.course, one.title, one.own) for one in draft.starts(actor=there)] == [
        ("Next year", "Mentor Foundations", True),
        ("Course of Northfield", "Ours", False),
    ]
    broken("edition_needed", editing.begin, actor=there, course_id=lead.course_id, edition=" 2 ")
    editing.begin(actor=there, course_id=lead.course_id, edition="2032")
    broken("draft_there", editing.begin, actor=there)
    publish(there)
    assert (programme.load(version_of(there)).title, programme.load(version_of(there)).edition) == ("Ours", "2032")
    assert programme.load(version_of(lead)).edition == "2"


def test_courses_that_one_does_not_lead_are_not_found(world: World, lead: Actor) -> None:
    course = other_course(world, "Another's")
    world.person("Omar", "coordinator", standing="instructor", course_id=course)
    assert [one.own for one in draft.starts(actor=lead)] == [True]
    with pytest.raises(NotFound):
        editing.begin(actor=lead, course_id=course, edition="3")
    with pytest.raises(NotFound):
        editing.begin(actor=lead, course_id="0" * 32, edition="3")


def at_once(app: Flask, world: World, verbs: list[Any]) -> list[str]:
    """Do them all at the same moment. -> how each ended."""
    gate = Barrier(len(verbs))

    def go(verb: Any) -> str:
        with app.app_context(), base.tenant(world.org_id):
            gate.wait()
            try:
                verb()
            except RuleBroken as error:
                return error.code
        return "done"

    with ThreadPoolExecutor(len(verbs)) as pool:
        return sorted(pool.map(go, verbs))


def test_of_two_who_publish_at_once_one_does(any_app: Flask, anywhere: World) -> None:
    lead = anywhere.person("Nana", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    editing.begin(actor=lead)
    type_in(lead, "about", title="Once")
    found = draft.changes(actor=lead)
    how = {"actor": lead, "revision": found.revision, "version_id": found.version_id}
    base.end_read()
    assert at_once(any_app, anywhere, [lambda: editing.publish(**how)] * 2) == ["done", "draft"]
    base.session().expire_all()
    assert base.session().scalar(select(func.count(ProgrammeVersion.id)).where(ProgrammeVersion.body["title"].as_string() == "Once")) == 1


def test_of_two_who_edit_a_page_at_once_one_is_kept_and_the_other_told(any_app: Flask, anywhere: World) -> None:
    lead = anywhere.person("Nana", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    editing.begin(actor=lead)
    seen = draft.sheet(actor=lead, page="about").seen
    base.end_read()
    verbs = [lambda name=name: editing.save(actor=lead, page="about", sent={"title": name}, seen=seen) for name in ("One", "Two")]
    assert at_once(any_app, anywhere, verbs) == ["done", "draft_moved"]
    assert base.session().scalars(select(ProgrammeDraft.revision)).one() == 1


def test_of_two_who_begin_at_once_there_is_one_draft(any_app: Flask, anywhere: World) -> None:
    lead = anywhere.person("Nana", "coordinator", standing="instructor")
    base.end_read()
    assert at_once(any_app, anywhere, [lambda: editing.begin(actor=lead)] * 2) == ["done", "draft_there"]


def test_a_policy_is_not_chosen_over_an_edition_that_was_published_meanwhile(lead: Actor) -> None:
    seen = opening.readiness(actor=lead).version_id
    editing.begin(actor=lead)
    type_in(lead, "about", title="Edited")
    made = publish(lead)
    broken("policy_moved", opening.choose_policy, actor=lead, name="assured", version_id=seen)
    assert version_of(lead) == made
    opening.choose_policy(actor=lead, name="assured", version_id=made)
    assert programme.load(version_of(lead)).title == "Edited"


def test_a_policy_chosen_while_an_edition_is_published_stands_beside_that_edition(any_app: Flask, anywhere: World) -> None:
    lead = anywhere.person("Nana", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    editing.begin(actor=lead)
    type_in(lead, "about", title="Edited")
    found = draft.changes(actor=lead)
    base.end_read()
    ended = at_once(
        any_app,
        anywhere,
        [
            lambda: editing.publish(actor=lead, revision=found.revision, version_id=found.version_id),
            lambda: opening.choose_policy(actor=lead, name="assured", version_id=found.version_id),
        ],
    )
    assert ended in (["done", "draft_moved"], ["done", "policy_moved"]), "whoever comes second is told"
    base.session().expire_all()
    now = programme.source(version_of(lead))
    assert (now.title == "Edited") != (now.policy.name == "assured")


def test_a_candidate_who_leads_edits_the_programme_and_sees_no_answers(world: World) -> None:
    both = world.person("Ada")
    with base.transactional() as session:
        session.add(RoleGrant(person_id=both.person_id, course_id=both.course_id, role="deputy", granted_by="operator"))
    opening.choose_policy(actor=both, name="starter")
    editing.begin(actor=both)
    type_in(both, "about", title="Ours")
    assert draft.changes(actor=both).pages
    for verb, how in (
        (draft.sheet, {"page": "modules/M1/check/O1"}),
        (draft.sheet, {"page": "modules/M1/task"}),
        (editing.save, {"page": "modules/M1/task", "sent": {}, "seen": ""}),
        (pack.archive, {}),
    ):
        with pytest.raises(NotAllowed) as refused:
            verb(actor=both, **how)
        assert refused.value.code == "preview_candidate"
    other = world.person("Nana", "coordinator", standing="instructor")
    type_in(other, "modules/M1/task", modules__M1__practice__title="Another task")
    with pytest.raises(NotAllowed):
        draft.changes(actor=both)


def test_other_words_are_published_in_a_course_with_more_people_than_places(lead: Actor, world: World) -> None:
    world.person("Ada")
    world.person("Ben")
    intake.change(actor=lead, mode="apply", places=2, opens_at=None, closes_at=None)
    with base.transactional() as session:
        session.scalars(select(Intake)).one().places = 1
    editing.begin(actor=lead)
    type_in(lead, "about", title="Other words")
    publish(lead)
    assert programme.load(version_of(lead)).title == "Other words"
    editing.begin(actor=lead)
    type_in(lead, "dates", intake__places="0")
    found = draft.changes(actor=lead)
    broken("places_given", editing.publish, actor=lead, revision=found.revision, version_id=found.version_id)


def test_a_draft_is_judged_before_anything_is_held(lead: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(*args: Any, **how: Any) -> Any:
        assert not base._writing.get(), "others would wait for the judging"
        return judge(*args, **how)

    monkeypatch.setattr(draft, "judge", watched)
    editing.begin(actor=lead)
    type_in(lead, "about", title="Once")
    publish(lead)


def test_whoever_imports_what_was_made_in_the_browser_is_told(lead: Actor, tmp_path: Path) -> None:
    newest = programme.current(lead.org_id)
    editing.begin(actor=lead)
    type_in(lead, "about", title="Ours")
    made = publish(lead)
    pack.export_pack(org_id=lead.org_id, folder=tmp_path, version_id=made)
    row = programme.import_pack(org_id=lead.org_id, path=tmp_path, actor="operator")
    assert (row.id, row.created, row.derived) == (made, False, True)
    assert programme.current(lead.org_id) == newest


def test_a_pack_in_two_languages_is_not_taken_away_in_one_by_mistake(lead: Actor, tmp_path: Path) -> None:
    there = Path(__file__).parents[1] / "support" / "packs" / "two-languages"
    row = programme.import_pack(org_id=lead.org_id, path=there, actor="operator")
    told = broken("translations_lost", pack.export_pack, org_id=lead.org_id, folder=tmp_path, version_id=row.id)
    assert told["languages"] == "ar"
    pack.export_pack(org_id=lead.org_id, folder=tmp_path, version_id=row.id, translations=False)
    assert programme.read(tmp_path)[1] == []


def test_a_policy_whose_numbers_were_edited_is_not_called_as_it_was_imported(lead: Actor) -> None:
    imported = programme.source(version_of(lead)).policy
    editing.begin(actor=lead)
    type_in(lead, "numbers", policy__time__months="18")
    publish(lead)
    named = [(one.policy.name, one.chosen) for one in opening.readiness(actor=lead).policies]
    assert {("starter-changed", True), ("starter", False)} <= set(named)
    opening.choose_policy(actor=lead, name="starter")
    assert programme.source(version_of(lead)).policy == imported
    opening.choose_policy(actor=lead, name="starter-changed")
    editing.begin(actor=lead)
    type_in(lead, "numbers", policy__time__months="20")
    publish(lead)
    now = programme.source(version_of(lead))
    assert (now.policy.name, now.policy.time.months) == ("starter-changed", 20)
    assert [one.name for one in now.policies].count("starter-changed") == 1
    editing.begin(actor=lead)
    type_in(lead, "numbers", policy__time__months=str(imported.time.months))
    publish(lead)
    assert programme.source(version_of(lead)).policy == imported, "set back, it is what it was called"
