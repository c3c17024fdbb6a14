# SPDX-License-Identifier: Apache-2.0
"""Platform notices: ordered once, believed only if their LMS signed them, heeded once (checklist PN)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, PlatformNotice
from support.live import Town

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
COPY = "LtiContextCopyNotice"
COPIED = {"context": {"id": "copy-of-2", "title": "Next year"}, "origin_contexts": ["2"]}


def offer(town: Town, scope: str = "2") -> dict[str, Any]:
    return {
        "service_versions": ["1.0"],
        "platform_notification_service_url": f"{town.lms_url}/north/notice-handlers/{scope}",
        "scope": ["https://purl.imsglobal.org/spec/lti/scope/noticehandlers"],
        "notice_types_supported": ["LtiHelloWorldNotice", COPY, "LtiAssetProcessorSubmissionNotice"],
    }


def launch_with_offer(town: Town) -> None:
    claims = {LTI + "platformnotificationservice": offer(town)}
    assert town.browser().launch("north", "candidate", "programme", claims=claims).status == 200


def order(town: Town) -> bool:
    return bool(town.app.extensions["errands"].step("notices"))


def send(town: Town, kind: str = COPY, **asked: Any) -> dict[str, Any]:
    handler = f"{town.tool_url}/lti/notices"
    return town.lms("north").call("notices", {"kind": kind, "handler": handler, "claims": COPIED, **asked})


@pytest.fixture
def kept(live: Town) -> Any:
    def rows() -> list[PlatformNotice]:
        with live.app.app_context():
            return list(base.session().scalars(select(PlatformNotice).order_by(PlatformNotice.received_at)))

    with live.app.app_context(), base.transactional() as session:
        for row in session.scalars(select(PlatformNotice)):
            session.delete(row)
        for one in session.scalars(select(Deployment)):
            one.notices_url = one.notices_due = None
    return rows


def test_PN_01_notices_are_ordered_once_where_an_lms_offers_them_and_only_those_that_mean_something(live: Town, kept: Any) -> None:
    assert not order(live)
    launch_with_offer(live)
    assert order(live)
    assert not order(live)
    launch_with_offer(live)
    assert not order(live)
    orders = [one for one in live.lms("north").state()["log"] if one["kind"] == "notices"]
    assert [one["detail"]["request"]["body"] for one in orders] == [
        {"notice_type": kind, "handler": f"{live.tool_url}/lti/notices"} for kind in ("LtiHelloWorldNotice", COPY)
    ]
    assert {one["status"] for one in orders} == {200}


def test_PN_01_an_lms_that_takes_no_order_is_asked_again_another_day(live: Town, kept: Any) -> None:
    live.lms("north").fault("error", "notices")
    launch_with_offer(live)
    assert order(live)
    assert not order(live)
    with live.app.app_context():
        due = base.session().scalars(select(Deployment.notices_due).where(Deployment.notices_url.is_not(None))).one()
        assert due is not None
        assert due > base.now()


def test_PN_02_a_notice_is_kept_once_however_often_it_comes(live: Town, kept: Any) -> None:
    assert send(live, ids=["n-1", "n-1", "n-2"])["status"] == 200
    assert send(live, ids=["n-1"])["status"] == 200
    assert [row.notice_id for row in kept()] == ["n-1", "n-2"]


def test_PN_02_an_unknown_kind_is_received_and_means_nothing(live: Town, kept: Any) -> None:
    assert send(live, "LtiAssetProcessorSubmissionNotice") == {"status": 200, "body": {"received": 1, "refused": 0}}
    assert kept() == []


def test_PN_03_a_copied_course_is_remembered_with_the_one_it_was_copied_from(live: Town, kept: Any) -> None:
    assert send(live)["status"] == 200
    (row,) = kept()
    assert (row.kind, row.context_id, row.said["origins"]) == (COPY, "copy-of-2", ["2"])


@pytest.mark.parametrize(
    "asked",
    [
        {"sign": "foreign_key"},
        {"sign": "none"},
        {"sign": "hs256_public"},
        {"sign": "tampered"},
        {"claims": {"=iss": "https://somebody.example"}},
        {"claims": {"=aud": "another-client"}},
        {"claims": {"=exp": 1}},
        {"claims": {"deployment_id": "not-known"}},
        {"claims": {"version": "1.0"}},
        {"claims": {"notice": {"type": COPY}}},
        {"claims": {"notice": {"type": COPY, "id": "x" * 256}}},
        {"claims": {"notice": {"type": COPY, "id": "\u0000"}}},
    ],
    ids=str,
)
@pytest.mark.checklist("PN-02")
def test_a_notice_that_its_lms_did_not_sign_for_us_is_refused_and_leaves_nothing(live: Town, kept: Any, asked: dict[str, Any]) -> None:
    answer = send(live, **{**asked, "claims": {**COPIED, **asked.get("claims", {})}})
    assert answer == {"status": 401, "body": {"received": 0, "refused": 1}}
    assert kept() == []


BODIES = [b"[]", b"{}", b'{"notices": []}', b'{"notices": [{"jwt": 7}]}', b'{"notices": [{"jwt": ""}]}', b'{"notices": [[]]}']


@pytest.mark.parametrize("body", [b"", b"\xff", b"{"])
def test_what_is_no_json_is_a_bad_request(live: Town, body: bytes) -> None:
    answer = live.app.test_client().post("/lti/notices", data=body, content_type="application/json", base_url=live.tool_url)
    assert answer.status_code == 400


@pytest.mark.parametrize("body", BODIES)
def test_what_is_no_delivery_of_notices_gets_a_clear_answer(live: Town, body: bytes) -> None:
    answer = live.app.test_client().post("/lti/notices", data=body, content_type="application/json", base_url=live.tool_url)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "notices_unreadable"
