# SPDX-License-Identifier: Apache-2.0
"""The roster's service (checklist section 6), against the pocket LMS."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from lti_mentoring.demo.message import groups_claim
from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.domain import roster as rules
from lti_mentoring.lti import memberships
from lti_mentoring.lti.memberships import first_page
from lti_mentoring.services import roll_call
from lti_mentoring.services.roster import place_anew
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import NEVER, Identity, Membership, RoleGrant
from lti_mentoring.store.platform import Registration
from lti_mentoring.store.roster import CourseGroup, RosterSync
from support.live import Town
from support.roster import Roster
from support.station import later

MOODLE, OPENEDX = NORTH.key, SOUTH.key


@pytest.fixture
def roster(live: Town) -> Roster:
    """A Moodle course that its coordinator has opened, read in pages of two from here on."""
    made = Roster(live, MOODLE)
    made.launch("coordinator", "programme")
    made.lms.fault("small_pages", "memberships", size=2, times=None)
    made.ask(differences_url=None, only_link=None, next_url=None, begun_at=None)
    return made


def keep(roster: Roster, registration: str, *, kept: bool) -> None:
    """Whether names and addresses of that LMS are kept."""
    with roster.inside(), base.transactional() as session:
        row = session.get_one(Registration, registration)
        row.keep_names = row.keep_email = kept


def listed(roster: Roster) -> set[str]:
    """Whom the last run has seen."""
    run = roster.row().run
    return {one.sub for one in roster.members() if one.roster_run == run and one.status == "active"}


def enrolled(roster: Roster) -> set[str]:
    return {roster.site.sub(one) for one in roster.site.people if one.enrolled}


@pytest.mark.parametrize("site", [MOODLE, OPENEDX])
def test_NR_01_the_claims_address_is_read_with_its_media_type_and_scope(live: Town, site: str) -> None:
    """The pocket LMS refuses another media type, and a token without the scope."""
    roster = Roster(live, site)
    roster.launch("coordinator", "programme")
    roster.ask()
    assert roster.sync() == "done"
    assert listed(roster) == enrolled(roster)


def test_NR_02_next_links_are_followed_as_they_stand_whatever_their_form(roster: Roster) -> None:
    """Opaque cursors of mixed case, several links in one header, attributes in capitals and without quotes."""
    assert roster.sync() == "done"
    assert roster.row().pages > 2
    assert listed(roster) == enrolled(roster)


@pytest.mark.parametrize(("trouble", "fault"), [("foreign_next", "roster_foreign"), ("next_in_circle", "roster_loop")])
def test_NR_02_another_servers_page_and_a_circle_end_the_run_and_nobody_is_gone(roster: Roster, trouble: str, fault: str) -> None:
    assert roster.sync() == "done"
    roster.lms.fault(trouble, "memberships", times=None)
    roster.ask()
    assert roster.sync() == "failed"
    assert roster.row().fault == fault
    assert {one.status for one in roster.members() if one.sub in enrolled(roster)} == {"active"}


def test_NR_09_a_list_that_names_nobody_is_a_fault_and_marks_nobody(roster: Roster) -> None:
    assert roster.sync() == "done"
    for one in roster.site.people:
        roster.lms.fault("left", "memberships", persona=one.key, times=None)
    roster.ask()
    assert roster.sync() == "failed"
    assert roster.row().fault == "roster_empty"
    assert {one.status for one in roster.members() if one.sub in enrolled(roster)} == {"active"}


def test_a_course_that_came_to_another_registration_of_its_lms_is_read_there(live: Town) -> None:
    """On Open edX each block is a client of its own, and the first one may be deleted."""
    roster = Roster(live, OPENEDX)
    roster.launch("coordinator", "programme")
    roster.ask(differences_url=None, only_link=None, next_url=None, begun_at=None)
    assert roster.sync() == "done"
    known = roster.row()
    first = known.registration_id
    with later(minutes=10):
        roster.launch("coordinator", "module-m1")
        with roster.inside(), base.transactional() as session:
            session.get_one(Registration, first).active = False
        try:
            roster.ask(next_url="https://lms.example/page-7", begun_at=base.now(), tries=1)  # it was half-way, and waits after a fault
            with roster.inside(), base.transactional() as session:
                place_anew(session, session.get_one(RosterSync, (known.org_id, known.id)))
            assert roster.sync() == "done"
            assert roster.row().registration_id != first
            assert listed(roster) == enrolled(roster)
        finally:
            with roster.inside(), base.transactional() as session:
                session.get_one(Registration, first).active = True


def test_NR_02_a_roster_that_never_ends_is_an_error_and_is_not_cut_off(roster: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_call.rules, "MOST_MEMBERS", 3)
    assert roster.sync() == "failed"
    assert roster.row().fault == "roster_too_large"
    assert all(one.status == "active" for one in roster.members() if one.sub in enrolled(roster))


def test_NR_02_a_page_that_is_larger_than_any_course_is_not_taken(roster: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert roster.sync() == "done"
    monkeypatch.setattr(memberships, "MOST_BYTES", 300)
    roster.ask()
    assert roster.sync() == "failed"
    assert (roster.row().fault, roster.row().pages) == ("roster_too_large", 0)
    assert all(one.status == "active" for one in roster.members() if one.sub in enrolled(roster))


@pytest.mark.parametrize("status", [500, 504])
def test_NR_02_after_a_fault_on_page_three_it_goes_on_at_page_three(roster: Roster, status: int) -> None:
    assert roster.page()
    with later(seconds=120):
        assert roster.page()
    roster.lms.fault("error", "memberships", status=status)
    with later(seconds=240):
        assert not roster.page()
    row = roster.row()
    assert (row.state, row.fault, row.status, row.pages) == ("waiting", "server_error", status, 2)
    asked = len(roster.lms.messages("memberships"))
    with later(hours=1):
        assert roster.sync() == "done"
    assert roster.row().seen == len(enrolled(roster))
    assert len(roster.lms.messages("memberships")) - asked == roster.row().pages - 2


def test_NR_02_an_expired_token_between_two_pages_costs_nothing(roster: Roster) -> None:
    assert roster.page()
    roster.lms.fault("expired_token")
    with later(seconds=120):
        assert roster.sync() == "done"
    assert listed(roster) == enrolled(roster)


def test_NR_02_a_cursor_that_has_grown_old_begins_the_run_again(roster: Roster) -> None:
    assert roster.page()
    with roster.inside(), base.transactional() as session:
        row = session.scalars(select(roll_call.RosterSync)).one()
        row.next_url = f"{row.next_url}x!"
    with later(seconds=120):
        assert roster.sync() == "done"
    assert listed(roster) == enrolled(roster)


def test_NR_03_ids_and_roles_alone_are_kept_and_erase_no_name(roster: Roster) -> None:
    roster.sync()
    before = roster.member("candidate").name
    assert before
    roster.lms.fault("bare_roster", "memberships", times=None)
    roster.ask()
    assert roster.sync() == "done"
    assert roster.member("candidate").name == before


def test_NR_03_where_names_and_addresses_are_not_kept_the_roster_brings_none(live: Town) -> None:
    roster = Roster(live, OPENEDX, "window")
    roster.launch("coordinator", "window")
    registration = roster.registration("window")
    keep(roster, registration, kept=False)
    held = {one.sub: (one.name, one.email) for one in roster.members()}
    roster.ask()
    assert roster.sync() == "done"
    for one in roster.members():
        assert (one.name, one.email) == held.get(one.sub, (None, None))
    keep(roster, registration, kept=True)
    roster.ask()
    roster.sync()
    assert roster.member("second").name  # later data fills in


@pytest.mark.parametrize(("said", "held"), [("Inactive", "inactive"), ("INACTIVE", "inactive"), ("ACTIVE", "active"), ("Odd", "active")])
def test_NR_04_a_status_counts_in_any_case(roster: Roster, said: str, held: str) -> None:
    roster.lms.fault("suspended", "memberships", persona="second", status=said, times=None)
    assert roster.sync() == "done"
    assert roster.member("second").status == held


def before_a_differences_run(roster: Roster) -> int:
    """A number after which it is not the turn of a full one."""
    return -(-roster.row().run // rules.FULL_EVERY) * rules.FULL_EVERY


def test_NR_05_differences_are_asked_for_and_end_a_membership(roster: Roster) -> None:
    roster.lms.fault("differences", "memberships", times=None)
    assert roster.sync() == "done"
    link = roster.row().differences_url
    assert link
    roster.lms.fault("left", "memberships", persona="second", times=None)
    roster.ask(run=before_a_differences_run(roster))
    assert roster.sync() == "done"
    row = roster.row()
    assert (row.kind, row.pages, row.seen) == ("differences", 1, 1)
    assert roster.member("second").status == "left"
    assert roster.member("candidate").status == "active"
    assert row.differences_url != link


def test_NR_05_differences_that_the_lms_has_forgotten_lead_to_a_full_run(roster: Roster) -> None:
    roster.lms.fault("differences", "memberships", times=None)
    assert roster.sync() == "done"
    roster.lms.fault("differences", "memberships", gone=True, times=None)
    roster.ask(run=before_a_differences_run(roster))
    assert roster.sync() == "done"
    assert roster.row().kind == "full"
    assert listed(roster) == enrolled(roster)


def test_NR_06_no_role_is_filtered_for_and_every_role_is_kept(roster: Roster) -> None:
    """Moodle drops the filter on its next page and Open edX ignores it, so everybody is read and told apart here."""
    assert roster.sync() == "done"
    assert not any("role=" in one["detail"]["request"]["address"] for one in roster.lms.messages("memberships"))
    assert roster.member("observer").told == "instructor"
    assert roster.member("second").told == "learner"


def test_NR_07_a_limit_is_always_asked_for_and_never_believed(roster: Roster) -> None:
    assert roster.sync() == "done"
    assert "limit=100" in roster.lms.messages("memberships")[0]["detail"]["request"]["address"]
    assert roster.row().pages > 1


def narrowed(roster: Roster, activity: str) -> None:
    """From now on those who may open that activity, as its coordinator may choose."""
    roster.ask(only_link=roster.link(activity), next_url=None, begun_at=None)


def test_NR_08_an_activitys_own_people_are_asked_for_and_what_the_address_has_is_kept(roster: Roster) -> None:
    """Moodle narrows the list to who may open it, on every page; Moodle's address has no query, other LMSs' have."""
    roster.lms.fault("restricted", "memberships", persona="second", times=None)
    assert roster.sync() == "done"
    assert roster.site.sub(roster.site.persona("second")) in listed(roster)  # type: ignore[arg-type]
    with later(hours=1):  # whoever launched a moment before a run may not be listed yet
        narrowed(roster, "programme")
        assert roster.sync() == "done"
    assert roster.row().pages > 2
    assert roster.member("second").status == "left"
    assert roster.member("candidate").status == "active"
    asked = [one["detail"]["request"]["address"] for one in roster.lms.messages("memberships")]
    assert any(f"limit=100&rlid={roster.link('programme')}" in one for one in asked)
    one = first_page("https://lms.example/members?type=7&limit=5", link="a/b")
    assert one == "https://lms.example/members?type=7&limit=5&rlid=a%2Fb"


@pytest.mark.parametrize("status", [400, 404])
def test_NR_08_an_lms_that_does_not_tell_them_apart_gives_the_course(roster: Roster, status: int) -> None:
    narrowed(roster, "programme")
    roster.lms.fault("error", "memberships", status=status)
    assert roster.sync() == "done"
    row = roster.row()
    assert (row.only_link, row.fault, row.kind) == ("", "", "full")
    assert listed(roster) == enrolled(roster)
    assert "rlid" not in roster.lms.messages("memberships")[-1]["detail"]["request"]["address"]


def test_NR_08_a_fault_of_the_lms_is_no_refusal(roster: Roster) -> None:
    narrowed(roster, "programme")
    roster.lms.fault("error", "memberships", status=503)
    assert roster.step()
    assert roster.row().only_link == roster.link("programme")


def test_NR_09_who_is_missing_has_left_and_is_kept_and_may_come_back(roster: Roster) -> None:
    roster.launch("second", "programme")
    with later(minutes=10):
        roster.ask()
        assert roster.sync() == "done"
        trouble = roster.lms.fault("left", "memberships", persona="second", times=None)
    with later(minutes=20):
        roster.ask()
        assert roster.sync() == "done"
        gone = roster.member("second")
        assert gone.status == "left"
        assert gone.left_at
        assert gone.name
    roster.lms.clear(trouble["id"])
    with later(minutes=30):
        roster.ask()
        assert roster.sync() == "done"
    back = roster.member("second")
    assert (back.status, back.left_at) == ("active", None)


def test_NR_09_who_launches_while_it_runs_has_not_left(roster: Roster) -> None:
    roster.launch("second", "programme")
    roster.lms.fault("left", "memberships", persona="second", times=None)
    assert roster.page()
    roster.launch("second", "programme")
    with later(seconds=120):
        assert roster.sync() == "done"
    assert roster.member("second").status == "active"


def test_NR_09_an_administrator_whom_no_roster_lists_has_not_left(roster: Roster) -> None:
    """Moodle's administrators are in every course and on no roster."""
    roster.launch("administrator", "programme")
    with later(hours=1):
        roster.ask()
        assert roster.sync() == "done"
    assert roster.member("administrator").status == "active"


def test_NR_09_a_run_that_is_not_complete_ends_nobodys_membership(roster: Roster) -> None:
    assert roster.sync() == "done"
    roster.lms.fault("left", "memberships", persona="second", times=None)
    roster.ask()
    assert roster.page()
    assert roster.member("second").status == "active"


def test_NR_09_a_launch_brings_back_who_had_left(roster: Roster) -> None:
    roster.launch("second", "programme")
    roster.lms.fault("left", "memberships", persona="second", times=None)
    with later(hours=1):
        roster.ask()
        assert roster.sync() == "done"
        assert roster.member("second").status == "left"
        roster.launch("second", "programme")
    assert roster.member("second").status == "active"


def test_NR_10_two_workers_never_read_one_course_at_once_and_who_comes_late_writes_nothing(roster: Roster) -> None:
    with roster.town.app.app_context():
        first = roll_call.claim(pace=roll_call.Pace(60, 1, 10, 1))
        assert first
        assert roll_call.claim(pace=roll_call.Pace(60, 1, 10, 1)) is None
        with later(minutes=5):
            second = roll_call.claim(pace=roll_call.Pace(60, 1, 10, 1))
            assert second
            with base.tenant(first.org_id):
                how = {"connector_for": roster.town.app.extensions["connector_for"], "pace": roll_call.Pace(60, 1, 10, 1)}
                assert roll_call.read(first, chance=lambda: 1.0, **how) is None
    assert roster.row().pages == 0


def test_NR_11_pictures_and_source_ids_are_left_where_they_are(roster: Roster) -> None:
    """The pocket LMS sends lis_person_sourcedid; nothing of ours holds it, and no page of ours loads a picture from an LMS."""
    assert roster.sync() == "done"
    number = next(one.number for one in roster.site.people if one.key == "second")
    assert f"p{number}" not in repr(roster.member("second"))


def test_a_roster_gives_no_role_of_the_tool_and_no_candidacy(roster: Roster) -> None:
    with roster.inside() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (RoleGrant, Candidacy)]
    assert roster.sync() == "done"
    with roster.inside() as session:
        assert [session.scalar(select(func.count()).select_from(table)) for table in (RoleGrant, Candidacy)] == counts


def test_R_04_a_test_user_of_the_roster_is_marked_only_by_the_lms(roster: Roster) -> None:
    """Moodle's roster says "Learner" of its test student; the launch had said more, and that stays."""
    roster.launch("testuser", "programme")
    assert roster.sync() == "done"
    assert roster.member("testuser").test_user


def test_a_roster_never_lowers_what_a_launch_gave(roster: Roster) -> None:
    roster.launch("observer", "programme")
    assert roster.sync() == "done"
    assert roster.member("observer").standing == "instructor"
    assert roster.member("second_observer").told == "instructor"
    assert all(one.told for one in roster.members() if one.launched_at == NEVER)


def grouped(roster: Roster) -> None:
    """The coordinator comes from an activity whose launch says where the groups are."""
    activity = roster.site.activity("programme")
    assert activity
    roster.town.browser().launch(MOODLE, "coordinator", "programme", claims=groups_claim(roster.site, roster.town.lms_url, activity))


def groups_of(roster: Roster) -> dict[str, list[str]]:
    """The names of the groups, each with its members' keys."""
    with roster.inside() as session:
        named = {one.lms_id: one.name for one in session.scalars(select(CourseGroup))}
        rows = session.execute(
            select(Identity.sub, Membership.lms_groups)
            .join(Membership, Membership.person_id == Identity.person_id)
            .where(Membership.lms_groups.is_not(None))
        ).all()
    found: dict[str, list[str]] = {name: [] for name in named.values()}
    for sub, groups in rows:
        person = roster.site.by_sub(sub)
        for one in groups or ():
            found[named[one]].append(person.key if person else "")
    return {name: sorted(keys) for name, keys in found.items()}


def test_CG_01_the_groups_of_the_course_are_read_with_its_roster(roster: Roster) -> None:
    """Every page of them; who is in which comes with the members; a coordinator finds people by them."""
    grouped(roster)
    assert roster.sync() == "done"
    assert groups_of(roster) == {}
    roster.lms.fault("groups", "memberships", times=None)
    roster.ask()
    assert roster.sync() == "done"
    held = groups_of(roster)
    learners = {one.key for one in roster.site.people if one.kind == "learner" and one.enrolled}
    assert sorted(held) == ["Evening circle", "Morning circle"]
    assert {key for keys in held.values() for key in keys} == learners
    coordinator = roster.town.browser()
    course = coordinator.launch(MOODLE, "coordinator", "programme").path.split("/")[2]
    coordinator.post(f"/courses/{course}/coordinator")
    for group, name in (("7", "Evening circle"), ('g/ä"8', "Morning circle")):
        page = coordinator.get(f"/courses/{course}/roster?{urlencode({'group': group})}").text
        rows = re.findall(r'<th scope="row"><bdi>([^<]*)</bdi>', page)
        assert len(rows) == len(held[name])
        assert page.count(f'<span class="small dim" dir="auto">{name}</span>') == len(rows)


def test_CG_01_groups_that_cannot_be_read_keep_nobody_from_the_roster(roster: Roster) -> None:
    grouped(roster)
    roster.lms.fault("groups", "memberships", times=None)
    assert roster.sync() == "done"
    before = groups_of(roster)
    roster.lms.clear()
    roster.lms.fault("groups", "memberships", times=None, broken=True)
    roster.ask(next_url=None, begun_at=None)
    assert roster.sync() == "done"
    assert roster.row().groups_fault == "server_error"
    assert groups_of(roster) == before
