# SPDX-License-Identifier: Apache-2.0
"""The doctor names what is wrong between the tool and an LMS, in words, whatever the pocket LMS has broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_mentoring.domain.diagnosis import WRONG, anything_wrong
from lti_mentoring.keys import Sealer, new_secrets
from lti_mentoring.outbound import Client
from lti_mentoring.services import doctor, lane
from lti_mentoring.services.doctor import Report
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, Registration
from lti_mentoring.web.wording.diagnosis import diagnosis_words
from support.live import Town
from support.ports import free_port
from support.station import Station, later

Break = Callable[[Station], None]
BARE = "https://127.0.0.1:{lms_port}"


def examine(station: Station, activity: str = "module-m1", **changes: Any) -> Report:
    """What the doctor says of the registration behind an activity."""
    app = station.town.app
    registration = station.registration(activity)
    with app.app_context():
        return doctor.examine(replace(app.extensions["doctor"], **changes), registration_id=registration)


def said(station: Station, report: Report) -> dict[str, Any]:
    """Code -> its words, as the command line and the office say them."""
    with station.town.app.test_request_context():
        return {one.code: diagnosis_words(one, family=report.family, tool=station.town.tool_url) for one in report.findings}


def register(**values: Any) -> Break:
    """A registration that was entered wrongly; {lms} stands for the site's address."""

    def change(station: Station) -> None:
        registration = station.registration()
        here = f"{station.town.lms_url}/{station.site.key}"
        places = {"lms": here, "port": free_port(), "lms_port": station.town.lms_url.rpartition(":")[2]}
        told = {key: value.format(**places) if isinstance(value, str) else value for key, value in values.items()}
        with station.town.app.app_context(), base.transactional() as session:
            session.execute(update(Registration).where(Registration.id == registration).values(**told))

    return change


def fault(name: str, where: str = "all", **options: Any) -> Break:
    """A trouble of the pocket LMS that lasts."""
    return lambda station: station.lms.call("faults", {"name": name, "where": where, "times": None, **options}) and None


def pending(station: Station) -> None:
    """A launch from a deployment that nobody has approved, of a client that several institutions share."""
    register(shared=True)(station)
    name = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"
    twists = {"claims": {name: "99"}, "login": {"lti_deployment_id": None}}
    answer = station.town.browser().launch(station.site.key, "coordinator", "module-m1", **twists)
    assert answer.status == 403


@dataclass(frozen=True)
class Case:
    """A broken set-up: how it is broken, the code that must come out, and words that the reader must find."""

    name: str
    broken: Break
    code: str
    words: tuple[str, ...]
    site: str = "north"
    wrong: bool = True


CASES = (
    Case("wrong key address", register(jwks_url="{lms}/keys"), "wrong_address", ("public key address", "/north/keys", "404")),
    Case("key address moved", fault("moved", "jwks"), "moved", ("public key address", "https://new.lms.example/north/jwks")),
    Case("key address answers a page", fault("html", "jwks"), "page_instead", ("public key address", "web page")),
    Case("wrong token address", register(token_url="{lms}/tokens"), "wrong_address", ("access token address", "/north/tokens", "404")),
    Case("token address answers a page", fault("html", "token"), "page_instead", ("access token address", "web page")),
    Case("name with a slip", register(token_url="http://lms.invalid/token"), "name_unknown", ("access token address", "lms.invalid")),
    Case("nobody there", register(token_url="http://127.0.0.1:{port}/token"), "no_connection", ("access token address",)),
    Case("no certificate", register(token_url=f"{BARE}/north/token"), "no_secure_connection", ("certificate", "LTI_MENTORING_CA_BUNDLE")),
    Case("metadata address", register(token_url="http://169.254.169.254/token"), "address_private", ("access token address", "169.254")),
    Case("clock ahead", fault("clock", seconds=600), "clock_apart", ("600 seconds apart", "NTP")),
    Case("clock behind", fault("clock", seconds=-3600), "clock_apart", ("3600 seconds apart",)),
    Case("clock drifts", fault("clock", seconds=20), "clock_drifts", ("20 seconds apart",), wrong=False),
    Case("scope not granted", fault("fewer_scopes", without="score"), "scope_missing", ("sending grades", "Manage tools")),
    Case("no roster", fault("fewer_scopes", without="contextmembership.readonly"), "scope_missing", ("list of the course",)),
    Case("scope not granted by a block", fault("fewer_scopes", without="score"), "scope_missing", ("sending grades", "Studio"), "south"),
    Case("our keys cannot be fetched", fault("no_keys"), "keys_not_fetched", ("cannot fetch our keys", "HTTP security", "404")),
    Case("our keys cannot be fetched, in JSON", fault("no_keys"), "keys_not_fetched", ("cannot fetch our keys", "Studio"), "south"),
    Case("old copy of our keys", fault("old_keys"), "signature_refused", ("old keys of ours", "Keyset URL")),
    Case("tool deleted in the LMS", fault("unknown_client"), "client_unknown", ("does not know our client id", "north-pocket-client")),
    Case("wrong client id", register(client_id="with-a-slip"), "client_unknown", ("with-a-slip",)),
    Case("wrong audience", fault("audience"), "audience_refused", ("another audience", "--token-audience")),
    Case("wrong audience entered", register(token_audience="https://elsewhere.example"), "audience_refused", ("elsewhere.example",)),
    Case("LMS down", fault("down"), "lms_down", ("The LMS is down", "503")),
    Case("LMS breaks off", fault("reset"), "no_answer", ("does not answer",)),
    Case("LMS throttles", fault("throttle", "token"), "busy", ("slow down",), wrong=False),
    Case("course closed", fault("closed_course"), "course_closed", ("The course is closed",)),
    Case("column deleted", fault("deleted_column"), "column_gone", ("column is gone",)),
    Case("token not taken", fault("refused_token"), "token_not_taken", ("does not take its own token", "Authorization")),
    Case("token not enough", fault("refused_token"), "service_forbidden", ("may not be used", "403"), "south"),
    Case("roster service broken", fault("error", "memberships"), "lms_down", ("roster service", "500")),
    Case("roster service wants another type", fault("media_type", "memberships"), "service_refused", ("roster service", "400")),
    Case("LMS's keys replaced", fault("rotated_key"), "keys_replaced", ("replaced its keys",), wrong=False),
    Case("deployment waits", pending, "deployment_pending", ("Deployment 99", "Approve it here")),
    Case("registration off", register(active=False), "disabled", ("switched off",), wrong=False),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_doctor_names_the_fault(live: Town, case: Case) -> None:
    station = Station(live, case.site)
    station.launch("coordinator", "module-m1")
    whole = examine(station)
    assert [one.code for one in whole.findings if one.severity == WRONG] == [], "nothing is wrong before"
    case.broken(station)
    report = examine(station)
    codes = [one.code for one in report.findings]
    assert case.code in codes
    assert anything_wrong(report.findings) == case.wrong, codes
    if case.wrong:
        assert codes[0] == case.code, "the cause comes first"
    words = said(station, report)[case.code]
    whole_text = " ".join((words.title, words.what, words.wire, *words.steps))
    assert [one for one in case.words if one not in whole_text] == [], whole_text
    assert words.steps
    assert "%(" not in whole_text


def test_a_private_address_is_refused_where_local_lmss_are_not_allowed(live: Town) -> None:
    station = Station(live, "north")
    station.launch("coordinator", "module-m1")
    private = live.lms_url.replace("http:", "https:")
    register(token_url=f"{private}/north/token", jwks_url=f"{private}/north/jwks")(station)
    guarded = Client(ports=(int(live.lms_url.rpartition(":")[2]),))
    report = examine(station, http=guarded)
    assert "address_private" in [one.code for one in report.findings]
    assert "LTI_MENTORING_PRIVATE_PLATFORM_HOSTS" in " ".join(said(station, report)["address_private"].steps)


def test_activities_without_a_gradebook_are_worth_a_look_and_no_fault(live: Town) -> None:
    station = Station(live, "south")
    station.launch("coordinator", "quiet")
    report = examine(station, "quiet")
    assert [one.code for one in report.findings if one.severity != "note"] == ["no_gradebook"]
    assert "Studio" in " ".join(said(station, report)["no_gradebook"].steps)


def test_a_well_set_up_lms_has_nothing_wrong_and_says_what_it_grants(live: Town) -> None:
    for site in ("north", "south"):
        station = Station(live, site)
        station.launch("coordinator", "module-m1")
        report = examine(station)
        assert not anything_wrong(report.findings)
        assert "granted" in [one.code for one in report.findings]
        assert report.clock_skew is not None
        assert abs(report.clock_skew) < 2
        with live.app.app_context():
            kept = base.session().scalar(select(Registration).where(Registration.id == report.registration_id))
            assert kept is not None
            assert kept.checked_at is not None
            assert [one["code"] for one in kept.findings] == [one.code for one in report.findings], "what the LMS said"


def test_what_we_hold_that_is_out_of_date_is_mended(live: Town) -> None:
    station = Station(live, "north")
    station.launch("coordinator", "module-m1")
    examine(station)
    station.lms.fault("rotated_key")
    assert "keys_replaced" in [one.code for one in examine(station).findings]
    assert "keys_replaced" not in [one.code for one in examine(station).findings]
    assert live.browser().launch("north", "candidate", "module-m1").status == 200


def test_an_approved_deployment_is_no_fault_any_more(live: Town) -> None:
    station = Station(live, "north")
    station.launch("coordinator", "module-m1")
    pending(station)
    assert "deployment_pending" in [one.code for one in examine(station).findings]
    with live.app.app_context(), base.transactional() as session:
        session.execute(update(Deployment).where(Deployment.deployment_id == "99").values(state="active"))
    assert "deployment_pending" not in [one.code for one in examine(station).findings]


def test_a_token_that_the_lms_ended_before_its_time_is_named_and_replaced(live: Town) -> None:
    station = Station(live, "south")
    station.launch("coordinator", "programmatic")
    station.launch("candidate", "programmatic")
    station.attempt(station.person_id("candidate"), activity="programmatic")
    station.deliver()
    station.lms.fault("expired_token")
    first = examine(station, "programmatic")
    assert "token_ended_early" in [one.code for one in first.findings]
    assert not anything_wrong(first.findings), "it mends itself"
    assert "token_ended_early" not in [one.code for one in examine(station, "programmatic").findings]


@pytest.mark.parametrize(("trouble", "code", "words"), [
    ("closed_course", "course_closed", "The course is closed"),
    ("not_gradable", "grades_stuck", "does not grade these people"),
])
def test_what_the_last_delivery_was_told_is_named(live: Town, trouble: str, code: str, words: str) -> None:
    station = Station(live, "north")
    station.launch("candidate", "module-m1")
    station.attempt(station.person_id("candidate"))
    fault(trouble, "scores")(station)
    station.deliver()
    report = examine(station)
    assert code in [one.code for one in report.findings]
    assert words in said(station, report)[code].title


def test_a_worker_that_is_not_running_is_named_by_what_waits_for_it(live: Town) -> None:
    station = Station(live, "north")
    station.launch("candidate", "module-m1")
    station.attempt(station.person_id("candidate"))
    app = live.app
    with app.app_context():
        assert "worker_silent" not in [one.code for one in doctor.examine_tool(app.extensions["doctor"]).findings]
    with later(minutes=30), app.app_context():
        found = {one.code: one for one in doctor.examine_tool(app.extensions["doctor"]).findings}
        assert found["worker_silent"].severity == WRONG
    station.deliver()
    with later(minutes=30), app.app_context():
        assert "worker_silent" not in [one.code for one in doctor.examine_tool(app.extensions["doctor"]).findings]


def test_the_tools_own_faults_are_named(live: Town) -> None:
    app = live.app
    with app.app_context():
        bag = app.extensions["doctor"]
        codes = {one.code for one in doctor.examine_tool(bag).findings}
        assert {"local_allowed", "tool_address_plain"} <= codes
        assert not anything_wrong(doctor.examine_tool(bag).findings)
        other = replace(bag, sealer=Sealer([new_secrets()["LTI_MENTORING_ENCRYPTION_KEYS"]]))
        assert "tool_keys_sealed" in {one.code for one in doctor.examine_tool(other).findings}
        elsewhere = replace(bag, public_url=f"{live.lms_url}/north")
        assert "tool_address_answers_wrongly" in {one.code for one in doctor.examine_tool(elsewhere).findings}
        nowhere = replace(bag, public_url=f"http://localhost:{free_port()}")
        assert "tool_address_unreachable" in {one.code for one in doctor.examine_tool(nowhere).findings}
        broken = replace(bag, broken=lambda: ["migrations"])
        assert [one.facts for one in doctor.examine_tool(broken).findings if one.severity == WRONG] == [{"part": "migrations"}]


def test_a_paused_and_a_resting_lms_are_named(live: Town) -> None:
    station = Station(live, "north")
    station.launch("candidate", "module-m1")
    station.attempt(station.person_id("candidate"))
    with live.app.app_context():
        lane.pause(lane=station.lane(), paused=True)
    assert "lane_paused" in [one.code for one in examine(station).findings]
    with live.app.app_context():
        lane.pause(lane=station.lane(), paused=False)
    assert "lane_paused" not in [one.code for one in examine(station).findings]


def test_a_rotated_key_that_the_lms_does_not_publish_is_named_once_a_launch_was_refused_for_it(live: Town) -> None:
    station = Station(live, "north")
    station.launch("coordinator", "module-m1")
    station.lms.fault("rotated_key")
    fault("cached_keys")(station)
    with later(minutes=2):
        assert live.browser().launch("north", "candidate", "module-m1").status == 401
    report = examine(station)
    assert "key_unpublished" in [one.code for one in report.findings]
    assert "signed with a key that the LMS does not publish" in said(station, report)["key_unpublished"].title
    station.lms.clear()
    assert "key_unpublished" not in [one.code for one in examine(station).findings]
    with later(minutes=4):
        assert live.browser().launch("north", "candidate", "module-m1").status == 200


def test_once_the_cause_is_mended_and_checked_what_waited_for_it_goes_out_by_itself(live: Town) -> None:
    station = Station(live, "north")
    station.launch("candidate", "module-m1")
    station.attempt(station.person_id("candidate"))
    fault("no_keys")(station)
    station.deliver()
    held = examine(station)
    assert {"keys_not_fetched", "sign_in_held", "grades_stuck"} <= {one.code for one in held.findings}
    station.lms.clear()
    station.deliver()
    assert station.share() is None, "it rests"
    examine(station)
    station.deliver()
    assert station.share() == 1
    assert not anything_wrong(examine(station).findings)
