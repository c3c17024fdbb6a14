# SPDX-License-Identifier: Apache-2.0
"""Assignment and Grade Services: columns, scores and results of one LMS (checklist LI, SC, RS)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from lti_mentoring.keys import SigningKey
from lti_mentoring.lti.address import below, next_page, same_origin, with_query
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.deep_linking import REVIEWABLE
from lti_mentoring.lti.lineitem import LineItem, read
from lti_mentoring.lti.registration import Registration, TokenStore
from lti_mentoring.lti.verdict import ATTENTION, Ended, Verdict, judge
from lti_mentoring.outbound import Answer, Client

__all__ = ["ATTENTION", "Grades", "Result", "Score", "Verdict"]

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCORE, LINEITEM, LINEITEM_READONLY, RESULT = (f"{SCOPE}{name}" for name in ("score", "lineitem", "lineitem.readonly", "result.readonly"))

# Exact: Moodle answers 400 "No handler found" and Open edX 406 or 415 to application/json.
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
LINEITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINEITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"

ACTIVITY_PROGRESS = frozenset({"Initialized", "Started", "InProgress", "Submitted", "Completed"})
GRADING_PROGRESS = frozenset({"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"})

_MAX_PAGES = 2000


@dataclass(frozen=True, slots=True)
class Score:
    """One score message. Without ``score_given`` it clears what the platform holds (SC-06); ValueError if it says nonsense."""

    user_id: str
    timestamp: datetime
    activity_progress: str
    grading_progress: str
    score_given: float | None = None
    score_maximum: float | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if not self.user_id or self.timestamp.tzinfo is None:
            raise ValueError("a score needs a person and an aware timestamp")
        if self.activity_progress not in ACTIVITY_PROGRESS or self.grading_progress not in GRADING_PROGRESS:
            raise ValueError("not a state of AGS 2.0")
        if self.score_given is not None:
            _check_number(self.score_given, zero=True)
            if self.score_maximum is None:
                raise ValueError("a score needs its maximum")
        if self.score_maximum is not None:
            _check_number(self.score_maximum, zero=False)

    def body(self) -> str:
        """Strict JSON with both states always, and the maximum wherever there is a score (SC-06, SC-08)."""
        said: dict[str, Any] = {
            "userId": self.user_id,
            "timestamp": written(self.timestamp),
            "activityProgress": self.activity_progress,
            "gradingProgress": self.grading_progress,
        }
        if self.score_given is not None and self.score_maximum is not None:
            said |= {"scoreGiven": _number(self.score_given), "scoreMaximum": _number(self.score_maximum)}
        if self.comment:
            said["comment"] = self.comment
        return json.dumps(said, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What the gradebook holds for a person; ``score`` is None where it was cleared."""

    score: float | None
    maximum: float
    comment: str | None = None


def written(moment: datetime) -> str:
    """UTC with milliseconds, as ``2026-01-02T03:04:05.678Z`` (SC-02). What is less than a millisecond apart looks the same."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _check_number(value: float, *, zero: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError("a score is a finite number from 0, a maximum more than 0")


def _number(value: float) -> int | float:
    """Whole numbers without a point: Open edX takes a line item's maximum in no other form."""
    return int(value) if float(value).is_integer() else float(value)


class Grades:
    """The grade services of one platform. Nothing here raises for trouble at the other end.

    One for each registration and deployment serves any number of threads and scores. Each method is one piece of work and takes at most
    the client's total time; several within ``work()`` are one. ``signing_key`` may be a function, asked when a token must be fetched.
    ``scopes`` are those of the launch's AGS claim: what is not among them is not asked for (T-04). None: ask, and see.
    """

    def __init__(
        self,
        registration: Registration,
        *,
        signing_key: SigningKey | Callable[[], SigningKey],
        tokens: TokenStore,
        http: Client,
        now: datetime | None = None,
        scopes: frozenset[str] | None = None,
        deployment_id: str | None = None,
        review_url: str = "",
    ) -> None:
        self._review_url = review_url
        self._scopes = scopes
        self._connector = Connector(registration, signing_key=signing_key, tokens=tokens, http=http, now=now, deployment_id=deployment_id)
        self._profile = self._connector.profile

    def work(self) -> AbstractContextManager[None]:
        """Make all calls inside one piece of work of this thread, with one total time."""
        return self._connector.work()

    # --- scores -------------------------------------------------------------------------------------------------------

    def post_score(self, lineitem_url: str, score: Score, *, repeated: bool = False) -> Verdict:
        """Send a score. ``repeated``: this very message, timestamp included, may have arrived before."""
        try:
            self._ask(SCORE)
            answer = self._connector.call(
                "POST",
                below(lineitem_url, "scores"),
                [SCORE],
                content_type=SCORE_TYPE,
                body=score.body(),
                cut=True,  # any 2xx without a page is a stored score, however much comes with it
            )
        except Ended as ended:
            return ended.verdict
        return self._judge(answer, repeated=repeated)

    def result(self, lineitem_url: str, user_id: str) -> Result | Verdict | None:
        """What the gradebook holds for a person; None if nothing."""
        url = below(lineitem_url, "results")
        if self._profile.results_by_person:
            url = below(lineitem_url, f"results/{quote(user_id, safe='')}")
        elif self._profile.results_filtered:
            url = with_query(url, {"user_id": user_id})
        try:
            self._ask(RESULT)
            with self.work():
                # A filter that is ignored answers with everybody.
                for found in self._all(url, [RESULT], RESULTS_TYPE):
                    if found.get("userId") == user_id:
                        return _result(found)
        except Ended as ended:
            return ended.verdict
        return None

    def results(self, lineitem_url: str) -> Iterator[tuple[str, Result]]:
        """Whose result is what, of a whole column, as the pages come; no more than one of them is kept. Each page is a piece of work of
        its own, and no ``limit`` is ever asked for.

        :raises Ended: the platform will not tell; what came before that is true nonetheless
        """
        self._ask(RESULT)
        url, said = below(lineitem_url, "results"), False
        try:
            for found in self._all(url, [RESULT], RESULTS_TYPE):
                said = True
                yield from _whose(found)
        except Ended as ended:
            if said or not self._profile.results_by_person or ended.verdict.remedy != "column_gone":
                raise
        else:
            return
        # lti-consumer-xblock up to 9 has the list of all at an address that ends in a slash only.
        for found in self._all(below(lineitem_url, "results/"), [RESULT], RESULTS_TYPE):
            yield from _whose(found)

    def decimals(self) -> int:
        """What a result of this platform keeps behind the point."""
        return self._profile.result_decimals

    # --- columns ------------------------------------------------------------------------------------------------------

    def ensure_line_item(
        self, *, lineitems_url: str, resource_link_id: str | None, resource_id: str, tag: str, label: str, score_maximum: float
    ) -> str | Verdict:
        """The address of our column, found or made. A copied course brings its column along: it is found by ``resource_id`` and
        ``tag``, so that there is never a second one (LI-04)."""
        link = resource_link_id if self._profile.links_created_columns else None
        wanted = {"resource_id": resource_id, "tag": tag}
        try:
            self._ask(LINEITEM)
            with self.work():
                found = list(self._all(with_query(lineitems_url, wanted), [LINEITEM], LINEITEMS_TYPE, wanted=self._reading()))
                ours = _own_column(found, resource_id, tag, resource_link_id)
                if ours is not None:
                    return ours
                return self._make_column(lineitems_url, link, resource_id, tag, label, score_maximum)
        except Ended as ended:
            return ended.verdict

    def _make_column(
        self, lineitems_url: str, link: str | None, resource_id: str, tag: str, label: str, score_maximum: float
    ) -> str | Verdict:
        if not label.strip() or (self._profile.integer_maximum and not float(score_maximum).is_integer()):
            raise ValueError("a column needs a name, and here a whole maximum")
        _check_number(score_maximum, zero=False)
        said: dict[str, Any] = {"label": label.strip(), "scoreMaximum": _number(score_maximum), "resourceId": resource_id, "tag": tag}
        if self._review_url and self._profile.takes_submission_review:
            said["submissionReview"] = {"reviewableStatus": list(REVIEWABLE), "url": self._review_url}
        answer = self._connector.call(
            "POST",
            lineitems_url,
            [LINEITEM],
            wanted=self._reading(),
            accept=LINEITEM_TYPE,
            content_type=LINEITEM_TYPE,
            body=json.dumps(said | ({"resourceLinkId": link} if link else {}), allow_nan=False),
        )
        verdict = self._judge(answer)
        if verdict.kind != "done":
            return verdict
        made = _json(answer)
        address = made.get("id") if isinstance(made, dict) else None
        return address if isinstance(address, str) and address else Verdict("refused", answer.status, "", "unknown")

    def update_line_item(self, lineitem_url: str, change: Callable[[LineItem], Mapping[str, Any]]) -> LineItem | Verdict:
        """Read a column and put it back with what ``change`` says of it, if anything. -> the column as the platform has it now (LI-06)."""
        try:
            self._ask(LINEITEM)
            with self.work():
                found = self._line_item("GET", lineitem_url)
                changes = change(found)
                return self._line_item("PUT", lineitem_url, json.dumps(found.changed(changes), allow_nan=False)) if changes else found
        except Ended as ended:
            return ended.verdict

    def _line_item(self, method: str, url: str, body: str | None = None) -> LineItem:
        sent: dict[str, Any] = {"content_type": LINEITEM_TYPE, "body": body} if body is not None else {}
        answer = self._connector.call(method, url, [LINEITEM], wanted=self._reading(), accept=LINEITEM_TYPE, **sent)
        verdict = self._judge(answer)
        said = _json(answer) if verdict.kind == "done" else None
        if not isinstance(said, dict):
            raise Ended(verdict if verdict.kind != "done" else Verdict("refused", answer.status, "", "unknown"))
        return read(said)

    def _reading(self) -> tuple[str, ...]:
        may = self._scopes is None or LINEITEM_READONLY in self._scopes
        return (LINEITEM_READONLY,) if self._profile.reading_needs_own_scope and may else ()

    # --- pages --------------------------------------------------------------------------------------------------------

    def _all(self, url: str, scopes: list[str], accept: str, *, wanted: tuple[str, ...] = ()) -> Iterator[Mapping[str, Any]]:
        """Every entry of every page. The next address is followed as it is, on the same origin only (S20, LI-05); ``limit`` is
        never sent (Moodle's results crash with it, and its Link header of line items cannot be read)."""
        seen: set[str] = set()
        page: str | None = url
        while page is not None:
            if page in seen or len(seen) >= _MAX_PAGES or not same_origin(page, url):
                raise Ended(Verdict("refused", None, "", "unknown"))
            seen.add(page)
            answer = self._connector.call("GET", page, scopes, accept=accept, wanted=wanted)
            verdict = self._judge(answer)
            if verdict.kind != "done":
                raise Ended(verdict)
            entries = _json(answer)
            if not isinstance(entries, list):
                raise Ended(Verdict("refused", answer.status, "", "unknown"))
            yield from (one for one in entries if isinstance(one, dict))
            page = next_page(answer)

    def _ask(self, scope: str) -> None:
        if self._scopes is not None and scope not in self._scopes:
            raise Ended(Verdict("refused", None, "", "scope_missing"))

    def _judge(self, answer: Answer, *, repeated: bool = False) -> Verdict:
        return judge(self._profile, answer, self._connector.now(), repeated=repeated, hide=self._connector.hidden)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise Ended(Verdict("later", answer.status, "", "server_error")) from None


def _own_column(found: list[Mapping[str, Any]], resource_id: str, tag: str, link: str | None) -> str | None:
    """The column with our names; the one of this link before one of no link, never one of another link (another placement)."""
    unlinked = None
    for one in found:
        address, its_link = one.get("id"), one.get("resourceLinkId") or None
        if not isinstance(address, str) or ((one.get("resourceId") or ""), (one.get("tag") or "")) != (resource_id, tag):
            continue
        if its_link is not None and its_link == link:
            return address
        if its_link is None:
            unlinked = unlinked or address
    return unlinked


def _whose(found: Mapping[str, Any]) -> Iterator[tuple[str, Result]]:
    user_id = found.get("userId")
    if isinstance(user_id, str) and user_id:
        yield user_id, _result(found)


def _result(found: Mapping[str, Any]) -> Result:
    score, maximum, comment = found.get("resultScore"), found.get("resultMaximum"), found.get("comment")
    return Result(
        _finite(score),
        _finite(maximum) or 1.0,  # absent means 1 (RS-01)
        comment if isinstance(comment, str) else None,
    )


def _finite(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None
    except OverflowError:  # a whole number of hundreds of digits
        return None
