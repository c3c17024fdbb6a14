# SPDX-License-Identifier: Apache-2.0
"""The worker's loop: one thread claims and settles for every lane, many threads send; no LMS can hold up another one's grades."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from lti_mentoring.domain.delivery import Pace
from lti_mentoring.domain.lane import ANSWERED, Limits, event_of
from lti_mentoring.lti.registration import Registration
from lti_mentoring.services import lane
from lti_mentoring.services.dispatch import Grades, Job, Outcome, prepare, send
from lti_mentoring.services.settlement import Ended, settle
from lti_mentoring.store import base

log = structlog.get_logger()

FIRST_WINDOW = 2
"""Requests that an LMS gets at once from this process before it has answered any. Each answer widens the window by one, up to what its
gate lets through, and trouble halves it: an LMS that does not answer holds few of the threads that others need."""

LINGER_SECONDS = 0.002
"""How long answers are gathered at least before they are written down together: each transaction waits for the disk."""

MOST_LINGER_SECONDS = 0.01
"""And at most, while no LMS could be given more anyway."""

TOGETHER = 8
"""How many scores a lane may claim at once though others wait for the threads: to claim costs two transactions, whatever the number,
and what is claimed is sent in less time. The others are next, since they have fewer in flight."""

SOON_SECONDS = 0.5
"""A gate that opens as soon as that is not asked before, whatever ends meanwhile: its bucket fills. One that opens later may have been
opened by what has ended, or by an operator."""

IDLE_SECONDS = 5.0
AFTER_A_FAULT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Woken:
    lane: str


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request has ended; without ``outcome`` it broke on our side, and its lease will give it to somebody."""

    job: Job
    outcome: Outcome | None


@dataclass(slots=True)
class _Serving:
    """A lane as this process serves it. ``look_at`` is on the monotonic clock; None: when a request has ended. Its gate has said that
    it opens no sooner than ``shut_until``, whatever ends."""

    look_at: float | None
    shut_until: float = 0.0
    window: int = FIRST_WINDOW
    in_flight: int = 0

    def wants(self, now: float) -> bool:
        """Whether to ask its gate: half a window at a time, so that many scores share a transaction."""
        at = self.next_look()
        return at is not None and at <= now

    def next_look(self) -> float | None:
        """When that will be, as far as time alone can tell."""
        if self.look_at is None or self.in_flight > self.window // 2:
            return None
        return max(self.look_at, self.shut_until)


class Courier:
    """Serves every lane of one process. ``context`` opens a unit of work (an app context), ``grades_for`` makes an LMS's client."""

    def __init__(
        self,
        *,
        context: Callable[[], AbstractContextManager[object]],
        grades_for: Callable[[Registration, str | None], Grades],
        pace: Pace,
        limits: Limits,
        threads: int,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._context, self._grades_for = context, grades_for
        self._pace, self._limits, self._threads, self._chance = pace, limits, threads, chance
        self._mail: queue.SimpleQueue[_Woken | _Sent | None] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sender")
        self._lanes: dict[str, _Serving] = {}
        self._ended: list[Ended] = []
        self._in_flight = 0
        self._stopping = False

    # --- from other threads -------------------------------------------------------------------------------------------

    def wake(self, lane_key: str) -> None:
        """Say that a lane may have something; doubled is harmless, lost is found by the sweep."""
        self._mail.put(_Woken(lane_key))

    def stop(self) -> None:
        """Claim nothing more; ``serve`` ends once what is in flight has been settled."""
        self._mail.put(None)

    # --- the loop -----------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Until stopped. A fault of the database is waited out: what was sent is settled as soon as it is back."""
        while not (self._stopping and not self._in_flight and not self._ended):
            try:
                self._gather()
                self._settle()
                self._claim()
            except Exception:
                log.exception("courier_fault")
                time.sleep(AFTER_A_FAULT_SECONDS)
        self._pool.shutdown()

    def _gather(self) -> None:
        """Wait for news, no longer than until some lane wants to be looked at, and take all there are."""
        if not self._read(self._patience()):
            return
        begun = time.monotonic()
        while self._in_flight:
            passed = time.monotonic() - begun
            if passed >= (LINGER_SECONDS if self._wanting() else MOST_LINGER_SECONDS):
                break
            self._read(LINGER_SECONDS)
        while self._read(0):
            pass

    def _read(self, seconds: float) -> bool:
        try:
            news = self._mail.get(timeout=seconds) if seconds > 0 else self._mail.get_nowait()
        except queue.Empty:
            return False
        if news is None:
            self._stopping = True
        elif isinstance(news, _Woken):
            serving = self._lanes.setdefault(news.lane, _Serving(None))
            serving.look_at = time.monotonic()
        else:
            self._take_back(news)
        return True

    def _take_back(self, sent: _Sent) -> None:
        self._in_flight -= 1
        serving = self._lanes[sent.job.lane]
        serving.in_flight -= 1
        serving.look_at = time.monotonic()
        if sent.outcome is None:
            return
        self._ended.append((sent.job, sent.outcome))
        verdict = sent.outcome.verdict
        event = event_of(kind=verdict.kind, status=verdict.status, remedy=verdict.remedy, retry_after=verdict.retry_after)
        if sent.outcome.wait is None:
            well = event.kind == ANSWERED
            serving.window = min(serving.window + 1, self._threads) if well else max(1, serving.window // 2)

    def _patience(self) -> float:
        now = time.monotonic()
        room = self._in_flight < self._threads and not self._stopping
        looks = [at for one in self._lanes.values() if (at := one.next_look()) is not None]
        return min(max(0.0, min(looks, default=now + IDLE_SECONDS) - now), IDLE_SECONDS) if room else IDLE_SECONDS

    # --- settle -------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Write down what has ended; what could not be written stays for the next time."""
        for ended in _grouped(self._ended):
            with self._context(), base.tenant(ended[0][0].due.org_id):
                settle(ended, pace=self._pace, limits=self._limits, chance=self._chance)
            written = {id(job) for job, _ in ended}
            self._ended = [one for one in self._ended if id(one[0]) not in written]

    # --- claim --------------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Give every lane that wants some its share of the free threads: first who has fewest in flight, then who has waited longest."""
        for key in [key for key, one in self._lanes.items() if one.look_at is None and not one.in_flight]:
            del self._lanes[key]
        if self._stopping:
            return
        wanting = sorted(self._wanting(), key=lambda key: (self._lanes[key].in_flight, self._lanes[key].next_look() or 0))
        for number, key in enumerate(wanting):
            free = self._threads - self._in_flight
            if free <= 0:
                return
            share = max(TOGETHER, -(-free // (len(wanting) - number)))
            self._serve_lane(key, min(share, free))

    def _wanting(self) -> list[str]:
        now = time.monotonic()
        return [key for key, one in self._lanes.items() if one.wants(now)]

    def _serve_lane(self, key: str, share: int) -> None:
        serving = self._lanes[key]
        most = min(share, serving.window - serving.in_flight, self._pace.batch)
        with self._context():
            admission = lane.admit(key, most=most, pace=self._pace, limits=self._limits)
        serving.look_at = _monotonic(admission.again)
        if serving.look_at is not None and serving.look_at < time.monotonic() + SOON_SECONDS:
            serving.shut_until = serving.look_at
        before = self._in_flight
        for org_id, due in groupby(sorted(admission.due, key=lambda one: one.org_id), key=lambda one: one.org_id):
            with self._context(), base.tenant(org_id):
                jobs = prepare(key, list(due), self._pace)
            for job in jobs:
                self._in_flight += 1
                serving.in_flight += 1
                self._pool.submit(self._send, job)
        if admission.due and self._in_flight == before:
            serving.look_at = time.monotonic()  # nothing of it had to be sent: what comes next need not wait for it

    # --- send ---------------------------------------------------------------------------------------------------------

    def _send(self, job: Job) -> None:
        """In a sender's thread."""
        outcome = None
        try:
            with self._context(), base.tenant(job.due.org_id):
                outcome = send(job, self._grades_for(job.service.registration, job.service.deployment_id), self._pace)
        except Exception:
            log.exception("send_fault", score=job.due.id)
        finally:
            self._mail.put(_Sent(job, outcome))


def _grouped(ended: Iterable[Ended]) -> list[list[Ended]]:
    groups: dict[tuple[str, str], list[Ended]] = {}
    for one in ended:
        groups.setdefault((one[0].lane, one[0].due.org_id), []).append(one)
    return list(groups.values())


def _monotonic(at: datetime | None) -> float | None:
    """A time of the wall clock on the monotonic one, as far as it can be foreseen; never further than the sweep looks."""
    if at is None:
        return None
    return time.monotonic() + max(0.0, (at - base.now()) / timedelta(seconds=1))
