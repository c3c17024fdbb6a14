# SPDX-License-Identifier: Apache-2.0
"""Grades on their way: how many a second, what -9 costs, and the end of a term with sick platforms and dying workers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bars import Bar
from machine import cpu_seconds, say, wait_for
from outbox import Outbox, filled
from tools import Bench

FOLDER = Path(__file__).parent
CAP = 32
OPEN = {"DELIVERY__MOST_AT_ONCE": str(CAP), "DELIVERY__PER_SECOND": "0"}


# --- how many a second ----------------------------------------------------------------------------------------------------------


def stock(issuer: str, way: str, n: int) -> float:
    """pylti1p3's scores a second."""
    command = [sys.executable, str(FOLDER / "stock_scores.py"), "--issuer", issuer, "--way", way, "--n", str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["per_s"])


def one_pace(bench: Bench, kind: str, latency: float, n: int) -> dict[str, Any]:
    """One worker empties an outbox for one platform. The time is from the first request until everything is settled."""
    name = f"pace-{kind}-{int(latency * 1000)}"
    with filled(bench, name, platforms=1, people=max(1, n // 4), columns=4, kind=kind, **OPEN) as outbox:
        outbox.faults([0], latency=latency)
        pids = [outbox.start_worker(CAP).pid]
        if kind == "postgresql" and bench.postgres is not None:
            pids.append(bench.postgres.pid)
        wait_for(lambda: outbox.fleet()["taken"], 60, every=0.01)
        spent = cpu_seconds(pids)
        if not wait_for(lambda: not outbox.left(), 300, every=0.05):
            raise SystemExit(f"{outbox.left()} of {outbox.plan.deliveries} scores have not arrived: {outbox.states()}")
        ended = time.time()
        seen = outbox.fleet()["platforms"][0]
        per_s = outbox.plan.deliveries / (ended - seen["first_at"])
        cpu_ms = (cpu_seconds(pids) - spent) * 1000 / outbox.plan.deliveries
        made = {"per_s": round(per_s, 1), "cpu_ms": round(cpu_ms, 2), "most_at_once": seen["most"], "tokens": outbox.tokens()}
        say(f"{kind}, LMS latency {latency * 1000:g} ms: {made}")
        return made | {"cells": outbox.wrong_cells()}


def throughput(bench: Bench, *, n: int = 2000, stock_n: int = 100) -> dict[str, Any]:
    """Ours on both databases against pylti1p3 as documented and with one kept connector, at two latencies of the LMS."""
    made: dict[str, Any] = {}
    held: list[Bar] = []
    for latency, factor in ((0.0, 20), (0.03, 50)):
        found: dict[str, Any] = {}
        with filled(bench, f"stock-{int(latency * 1000)}", platforms=1, people=1, columns=1, kind="sqlite") as outbox:
            outbox.faults([0], latency=latency)
            for way in ("documented", "kept"):
                found[f"pylti1p3 {way}"] = stock(outbox.plan.issuers[0], way, stock_n if way == "documented" else stock_n * 4)
                say(f"pylti1p3 {way}, LMS latency {latency * 1000:g} ms: {found[f'pylti1p3 {way}']}/s")
        for kind in ("sqlite", "postgresql"):
            ours = found[f"ours {kind}"] = one_pace(bench, kind, latency, n)
            at = f"{kind}, {latency * 1000:g} ms"
            held.append(Bar(f"{at}: deliveries/s to pylti1p3 as documented", ours["per_s"] / found["pylti1p3 documented"], factor))
            held.append(Bar(f"{at}: tokens for one platform and scope set", ours["tokens"], 1, "most"))
            held.append(Bar(f"{at}: cells missing, wrong or written twice", sum(ours["cells"].values()), 0, "most"))
        made[f"{latency * 1000:g} ms"] = found
    return made | {"bars": [bar.said() for bar in held]}


# --- killed with -9 -------------------------------------------------------------------------------------------------------------


def kills(bench: Bench, *, n: int = 1000, times: int = 4, seed: int | None = None) -> dict[str, Any]:
    """The worker's process group killed with -9 at random moments while requests are in flight, on both databases."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    say(f"seed {seed}")
    made: dict[str, Any] = {"seed": seed}
    held: list[Bar] = []
    for kind in ("sqlite", "postgresql"):
        made[kind] = found = killed_at_random(bench, kind, n, times, seed)
        held.append(Bar(f"{kind}: cells missing or wrong after {times} kills", found["missing"] + found["wrong"], 0, "most"))
        held.append(Bar(f"{kind}: extra posts, at most the requests in flight", found["extra_posts"], found["in_flight"], "most"))
        held.append(Bar(f"{kind}: most requests at once, at most the cap", found["most_at_once"], found["cap"], "most"))
        held.append(Bar(f"{kind}: most requests at once for one cell", found["most_per_cell"], 1, "most"))
    return made | {"bars": [bar.said() for bar in held]}


def killed_at_random(bench: Bench, kind: str, n: int, times: int, seed: int) -> dict[str, Any]:
    """Each kill comes after a drawn number of scores, with answers kept back before or after the effect, or at any moment."""
    lot = random.Random(f"{seed} {kind}")
    with filled(
        bench, f"kills-{kind}", platforms=1, people=max(1, n // 4), columns=4, kind=kind, seed=seed, **{"DELIVERY__PER_SECOND": "0"}
    ) as outbox:
        cap = int(outbox.environ.get("LTI_MENTORING_DELIVERY__MOST_AT_ONCE", 8))
        outbox.faults([0], latency=0.03, unavailable=0.05)
        moments = sorted(lot.sample(range(n // 10, n * 8 // 10), times))
        in_flight = 0
        for moment in moments:
            worker = outbox.start_worker()
            wait_for(lambda moment=moment: outbox.fleet()["taken"] >= moment, 300, every=0.01)
            how = lot.choice(["before", "after", ""])
            in_flight += kill_in_flight(outbox, worker, how)
            say(f"{kind}: killed after {moment} scores ({how or 'any moment'}), {in_flight} in flight at kills so far")
        outbox.start_worker()
        arrived = wait_for(lambda: not outbox.left(), 300)
        told = outbox.fleet()
        made = outbox.wrong_cells() | {"settled": arrived, "left": outbox.left(), "in_flight": in_flight, "cap": cap}
        return made | {"most_at_once": told["most"], "most_per_cell": told["most_per_cell"], "moments": moments}


def kill_in_flight(outbox: Outbox, worker: subprocess.Popen[bytes], how: str) -> int:
    """-> how many requests the LMS had not answered when the worker died. Stopped first, so that the count holds still."""
    if how:
        outbox.fleet(hold=how)
    wait_for(lambda: outbox.fleet()["held" if how else "simultaneous"], 30, every=0.002)
    os.killpg(worker.pid, signal.SIGSTOP)
    counted = outbox.fleet()
    outbox.kill_worker(worker)
    if how:
        outbox.fleet(hold="")
    # What is answered but not written down yet counts as well: the worker may have had it in its hands.
    return max(int(counted["simultaneous"]), outbox.states()["sending"])


# --- the end of a term ----------------------------------------------------------------------------------------------------------

DOWN = ("black_hole", "drip", "closed", "503")


def term(bench: Bench, *, platforms: int = 30, each: int = 100, seed: int | None = None) -> dict[str, Any]:
    """Four scores for ``each`` person of every platform: once with nobody sick, once with six sick platforms; each time two of three
    workers die on the way. The sick ones wait, lose nothing, and get everything once they are well."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    say(f"seed {seed}")
    well = one_term(bench, "well", platforms, each, seed, sick=False)
    ill = one_term(bench, "ill", platforms, each, seed, sick=True)
    bars = [
        Bar(
            "the slowest healthy platform's finish, to a run with no sick ones",
            ill["slowest_healthy_s"] / well["slowest_healthy_s"],
            1.1,
            "most",
        ),
        Bar("cells missing or wrong at the end", ill["cells"]["missing"] + ill["cells"]["wrong"], 0, "most"),
        Bar("sick platforms' scores lost while they were down", ill["lost_while_down"], 0, "most"),
        Bar("most requests at once to one platform, at most the cap", ill["most_at_once"], ill["cap"], "most"),
        Bar("most requests at once for one cell", ill["most_per_cell"], 1, "most"),
    ]
    return {"seed": seed, "well": well, "ill": ill, "bars": [bar.said() for bar in bars]}


def make_sick(outbox: Outbox) -> list[int]:
    """The first six platforms. -> their numbers"""
    for number, how in enumerate(DOWN):
        outbox.faults([number], down=how)
    outbox.faults([4], most_per_second=5)
    outbox.faults([5], key_refused=True)
    return list(range(6))


def one_term(bench: Bench, name: str, platforms: int, each: int, seed: int, *, sick: bool) -> dict[str, Any]:
    """One run, with 5 % of 503 everywhere."""
    with filled(bench, f"term-{name}", platforms=platforms, people=each, columns=4, kind="postgresql", seed=seed) as outbox:
        cap = int(outbox.environ.get("LTI_MENTORING_DELIVERY__MOST_AT_ONCE", 8))
        outbox.faults(list(range(platforms)), unavailable=0.05, latency=0.03)
        sick_ones = make_sick(outbox) if sick else []
        # The same platforms are compared in both runs.
        healthy, of_each = list(range(6, platforms)), each * 4
        begun = time.time()
        three = [outbox.start_worker() for _ in range(3)]
        for share, worker in zip((0.2, 0.5), three, strict=False):
            wait_for(lambda share=share: outbox.fleet()["taken"] > share * len(healthy) * of_each, 600, every=0.02)
            outbox.kill_worker(worker)
            say(f"{name}: a worker died after {outbox.fleet()['taken']} scores")
        finished = wait_for(lambda: all(outbox.fleet()["platforms"][number]["cells"] == of_each for number in healthy), 600)
        seen = outbox.fleet()["platforms"]
        made: dict[str, Any] = {"slowest_healthy_s": round(max(seen[number]["last_at"] for number in healthy) - begun, 1)}
        made |= {"healthy_finished": finished, "cap": cap, "seed": seed}
        say(f"{name}: the slowest healthy platform had everything after {made['slowest_healthy_s']} s")
        if sick:
            made |= healed(outbox, sick_ones, of_each)
        wait_for(lambda: not outbox.left(), 600)
        told = outbox.fleet()
        made |= {"cells": outbox.wrong_cells(), "most_at_once": max(one["most"] for one in told["platforms"]), "tokens": outbox.tokens()}
        return made | {"most_per_cell": told["most_per_cell"], "states": dict(outbox.states()), "seconds": round(time.time() - begun, 1)}


def healed(outbox: Outbox, sick: list[int], of_each: int) -> dict[str, Any]:
    """What waits while they are down; then they are well again, staff send what is stuck, and everything arrives."""
    states, seen = outbox.by_platform(), outbox.fleet()["platforms"]
    waiting = {number: dict(states[outbox.plan.issuers[number]]) for number in sick}
    lost = sum(max(0, states[outbox.plan.issuers[number]]["done"] - seen[number]["cells"]) for number in sick)
    lost += sum(of_each - states[outbox.plan.issuers[number]].total() for number in sick)
    asked = {number: dict(seen[number]["statuses"]) for number in sick}
    outbox.faults(sick, down="", key_refused=False, most_per_second=0)
    begun, retried = time.time(), outbox.retry()
    arrived = wait_for(lambda: not outbox.left(), 600)
    what = "everything arrived" if arrived else "not everything arrived"
    say(f"healed: {what} after {time.time() - begun:.1f} s; {retried} sent again by staff")
    made = {"while_down": waiting, "requests_while_down": asked, "lost_while_down": lost, "sent_again_by_staff": retried}
    return made | {"all_arrived": arrived, "healed_s": round(time.time() - begun, 1)}
