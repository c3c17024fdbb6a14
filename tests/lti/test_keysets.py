# SPDX-License-Identifier: Apache-2.0
"""K-05: platforms' key sets are fetched rarely, kept, and not lost to one bad answer."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from lti_mentoring.lti import keysets as room
from lti_mentoring.lti.keysets import KeySets, KeysUnreachable, KeyUnknown, usable_keys
from lti_mentoring.outbound import Answer
from support.platform_in_memory import NOW, REGISTRATION, KeyServer, KeySetRows, key_set, make_key, public

URL = REGISTRATION.jwks_url


@pytest.fixture
def store() -> KeySetRows:
    return KeySetRows()


@pytest.fixture
def wire(platform_key) -> KeyServer:
    server = KeyServer()
    server.answers[URL] = key_set(public(platform_key))
    return server


@pytest.fixture
def sets(store, wire) -> KeySets:
    return KeySets(store, wire)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(room, "_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(room, "_POLL_SECONDS", 0.005)


def after(**later):
    return NOW + timedelta(**later)


def test_K_05_a_key_set_is_fetched_once_and_its_key_objects_are_kept(sets, wire, store):
    first = sets.verify_key(URL, "k1", NOW)
    assert first.algorithm == "RS256"
    assert sets.verify_key(URL, "k1", after(minutes=59)) is first
    assert wire.asked == [URL]
    another_process = KeySets(store, wire)
    assert another_process.verify_key(URL, "k1", after(minutes=1)).kid == "k1"
    assert wire.asked == [URL]


@pytest.mark.parametrize(
    ("cache_control", "minutes"),
    [
        ("max-age=3600", 60),
        ("public, MAX-AGE=7200", 120),
        ("max-age=0", 5),
        ("max-age=10", 5),
        ("max-age=99999999999", 24 * 60),
        ("no-store", 5),
        ("no-cache, max-age=9999", 5),
        ("", 60),
        ("max-age=soon", 60),
    ],
)
def test_K_05_max_age_counts_from_five_minutes_to_a_day(sets, wire, store, platform_key, cache_control, minutes):
    wire.answers[URL] = key_set(public(platform_key), cache_control=cache_control)
    sets.verify_key(URL, "k1", NOW)
    assert store.rows[URL].fresh_until - NOW == timedelta(minutes=minutes)
    sets.verify_key(URL, "k1", after(minutes=minutes - 1))
    assert len(wire.asked) == 1
    sets.verify_key(URL, "k1", after(minutes=minutes))
    assert len(wire.asked) == 2


def test_K_05_an_unknown_key_id_brings_the_new_set_at_once_but_at_most_once_a_minute(sets, wire, platform_key, other_key):
    sets.verify_key(URL, "k1", NOW)
    wire.answers[URL] = key_set(public(other_key))
    with pytest.raises(KeyUnknown):
        sets.verify_key(URL, "k2", after(seconds=59))
    assert sets.verify_key(URL, "k2", after(seconds=60)).kid == "k2"
    for second in range(61, 119):
        with pytest.raises(KeyUnknown):
            sets.verify_key(URL, f"random-{second}", after(seconds=second))
    assert len(wire.asked) == 2
    with pytest.raises(KeyUnknown):
        sets.verify_key(URL, "k1", after(seconds=100))


def test_K_05_processes_share_the_minute(store, wire):
    one, two = KeySets(store, wire), KeySets(store, wire)
    one.verify_key(URL, "k1", NOW)
    for sets in (one, two, one, two):
        with pytest.raises(KeyUnknown):
            sets.verify_key(URL, "random", after(seconds=1))
    assert len(wire.asked) == 1


BAD = [
    None,
    Answer(500, {}, b'{"keys": []}', ""),
    Answer(503, {}, b"<html>", ""),
    Answer(200, {}, b"<html>maintenance", ""),
    Answer(200, {}, b"[]", ""),
    Answer(200, {}, b'{"error": "x"}', ""),
    Answer(200, {}, b'{"keys": []}', ""),
    Answer(200, {}, b'{"keys": {"a": 1}}', ""),
    Answer(302, {"Location": "https://elsewhere.example"}, b"", ""),
    Answer(200, {}, b"[" * 100_000, ""),
]


@pytest.mark.parametrize("bad", BAD)
def test_K_05_errors_are_never_kept_and_the_old_set_goes_on(sets, wire, store, bad):
    sets.verify_key(URL, "k1", NOW)
    kept = store.rows[URL]
    good, wire.answers[URL] = wire.answers[URL], bad
    assert sets.verify_key(URL, "k1", after(hours=2)).kid == "k1"
    assert store.rows[URL] is kept
    wire.answers[URL] = good
    assert sets.verify_key(URL, "k1", after(hours=2, minutes=1)).kid == "k1"
    assert store.rows[URL] is not kept


def test_an_error_status_with_a_good_set_is_still_an_error(sets, wire, platform_key):
    wire.answers[URL] = key_set(public(platform_key), status=500)
    with pytest.raises(KeysUnreachable):
        sets.verify_key(URL, "k1", NOW)


@pytest.mark.parametrize("bad", BAD)
def test_without_any_set_the_keys_are_unreachable_and_heal_after_a_minute(sets, wire, bad):
    good, wire.answers[URL] = wire.answers[URL], bad
    with pytest.raises(KeysUnreachable):
        sets.verify_key(URL, "k1", NOW)
    wire.answers[URL] = good
    with pytest.raises(KeysUnreachable):
        sets.verify_key(URL, "k1", after(seconds=30))
    assert sets.verify_key(URL, "k1", after(seconds=61)).kid == "k1"


def test_a_set_that_cannot_be_renewed_for_a_week_is_no_longer_trusted(sets, wire):
    sets.verify_key(URL, "k1", NOW)
    wire.answers[URL] = None
    assert sets.verify_key(URL, "k1", after(days=7)).kid == "k1"
    with pytest.raises(KeysUnreachable):
        sets.verify_key(URL, "k1", after(days=7, hours=1, minutes=1))


def test_a_class_that_opens_its_first_launch_together_waits_for_one_fetch(store, wire, platform_key):
    good = wire.answers[URL]

    def slow():
        time.sleep(0.03)
        return good

    wire.answers[URL] = slow
    processes = [KeySets(store, wire) for _ in range(3)]
    found = []
    threads = [threading.Thread(target=lambda sets=sets: found.append(sets.verify_key(URL, "k1", NOW).kid)) for sets in processes * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["k1"] * 15
    assert wire.asked == [URL]


def test_random_key_ids_do_not_queue_up_behind_each_other(store, wire, platform_key, monkeypatch):
    """A fetch that failed lets one caller wait a little for another process; those who came meanwhile do not wait again."""
    monkeypatch.setattr(room, "_WAIT_SECONDS", 0.15)
    store.claim_refetch(URL, NOW, 60)
    sets = KeySets(store, wire)
    began = time.monotonic()

    def ask(number):
        with pytest.raises(KeysUnreachable):
            sets.verify_key(URL, f"random-{number}", NOW)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 1


# --- what a set may hold ----------------------------------------------------------------------------------------------


def kids(*entries) -> list[str]:
    return list(usable_keys({"keys": list(entries)}))


def test_K_05_a_key_without_alg_is_rs256(platform_key):
    assert usable_keys({"keys": [public(platform_key, alg=None)]})["k1"].algorithm == "RS256"


def test_K_05_bad_keys_are_skipped_and_the_good_one_stays(platform_key):
    good = public(platform_key)
    entries = [
        None,
        "text",
        {},
        {**good, "kid": None},
        {**good, "kid": ""},
        {**good, "kid": 5},
        {**good, "kid": "enc", "use": "enc"},
        {**good, "kid": "ops", "key_ops": ["encrypt"]},
        {**good, "kid": "no-n", "n": None},
        {**good, "kid": "bad-n", "n": "!!"},
        {**good, "kid": "bad-e", "e": "AQ"},
        {**good, "kid": "alg", "alg": "ES256"},
        {**good, "kid": "alg", "alg": "HS256"},
        {**good, "kid": "alg", "alg": 5},
        {**OctKey.generate_key(256).as_dict(), "kid": "oct"},
        {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": "okp"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off the curve"},
        good,
    ]
    assert kids(*entries) == ["k1"]


def test_short_rsa_keys_are_skipped_and_long_ones_are_good():
    long = public(make_key("long", 3072))
    assert kids(
        {**long, "kid": "short", "n": "_" * 171},
        {**long, "kid": "2047", "n": "f" + "_" * 341},
        {**long, "kid": "huge", "n": "_" * 2000},
        long,
    ) == ["long"]


def test_elliptic_keys_are_for_es256():
    key = ECKey.generate_key("P-256", {"kid": "ec"}, auto_kid=False)
    entry = key.as_dict(private=False)
    assert usable_keys({"keys": [entry]})["ec"].algorithm == "ES256"
    assert kids({**entry, "alg": "RS256"}) == []


def test_a_private_part_that_a_platform_published_by_mistake_is_not_needed(platform_key):
    assert kids({**platform_key.as_dict(private=True), "alg": "RS256"}) == ["k1"]


def test_no_more_than_a_hundred_keys_are_looked_at(platform_key):
    entries = [{**public(platform_key), "kid": f"k{number}"} for number in range(150)]
    assert len(kids(*entries)) == 100


def test_made_up_key_ids_hold_no_thread_while_another_process_fetches_in_vain(store, wire, monkeypatch):
    naps: list[float] = []
    monkeypatch.setattr(room.time, "sleep", naps.append)
    monkeypatch.setattr(room, "_WAIT_SECONDS", 0.02)
    assert store.claim_refetch(URL, NOW, 60)  # another process is at it, and never comes back
    sets = KeySets(store, wire)
    with pytest.raises(KeysUnreachable):
        sets.verify_key(URL, "made-up-0", NOW)
    assert naps, "the first one waits, or a class that opens together would be turned away"
    naps.clear()
    for number in range(1, 20):
        with pytest.raises(KeysUnreachable):
            sets.verify_key(URL, f"made-up-{number}", NOW)
    assert naps == []
