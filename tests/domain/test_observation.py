# SPDX-License-Identifier: Apache-2.0
"""The state table of an observation, what a release needs, and exact means against the bars of the policy."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lti_mentoring.domain import observation
from lti_mentoring.domain.observation import Case, Gap, Rating
from lti_mentoring.domain.programme import Criterion, Policy, Rubric
from lti_mentoring.domain.rule import RuleBroken

ANCHORS = ("never", "sometimes", "mostly", "always")


def criterion(key, *competencies, critical=False):
    return Criterion(key=key, title=f"Criterion {key}", competencies=competencies, critical=critical, anchors=ANCHORS)


RUBRIC = Rubric(
    key="RU-C",
    title="Independent mentoring",
    criteria=(
        criterion("C1", "MC1", critical=True),
        criterion("C2", "MC2", critical=True),
        criterion("C3", "MC3"),
        criterion("C4", "MC3"),
        criterion("C5", "MC3", "MC5"),
        criterion("C6", "MC4"),
        criterion("C7", "MC5"),
        criterion("C8", "MC6"),
        criterion("C9", "MC7"),
        criterion("C10", "MC9"),
        criterion("C11", "MC8"),
        criterion("C12", "MC10"),
    ),
)
KEYS = [one.key for one in RUBRIC.criteria]
POLICY = Policy(modules_required=("M1",), observation_rubric="RU-C")
NOTE = "a" * 32


def rated(*levels):
    """Ratings of the twelve criteria in order; None is not observed."""
    given_levels = list(levels) + [3] * (len(KEYS) - len(levels))
    return {
        key: Rating(key, level, note_ids=(NOTE,)) if level else Rating(key, not_observed=True, reason="It did not come up.")
        for key, level in zip(KEYS, given_levels, strict=True)
    }


def case(**changes):
    facts = {"subject_id": "candidate", "assessor_id": "observer", "consent": True, "rubric": RUBRIC}
    return Case(**(facts | {"ratings": rated(), "note_ids": (NOTE,)} | changes))


ratings_of_all = st.fixed_dictionaries(
    {
        key: st.one_of(
            st.integers(1, 4).map(lambda level, key=key: Rating(key, level, note_ids=(NOTE,))),
            st.just(Rating(key, not_observed=True, reason="Out of the room.")),
        )
        for key in KEYS
    }
)


# --- submission and release ----------------------------------------------------------------------------------------------------------


def test_a_complete_rating_with_consent_and_evidence_is_submitted_and_released_once_nothing_holds_it():
    assert observation.submit("drafting", case()) == "rated"
    assert observation.after("rated", "release", case()) == "released"
    with pytest.raises(RuleBroken, match="observation_held"):
        observation.after("rated", "release", case(held=("third",)))


@pytest.mark.parametrize(
    ("changes", "code", "criteria"),
    [
        ({"assessor_id": "candidate"}, "observation_of_oneself", ()),
        ({"consent": False}, "consent_missing", ()),
        ({"ratings": rated() | {"C3": Rating("C3"), "C9": Rating("C9")}}, "criterion_open", ("C3", "C9")),
        ({"ratings": {}}, "criterion_open", tuple(KEYS)),
        ({"ratings": rated() | {"C4": Rating("C4", not_observed=True, reason="  ")}}, "reason_missing", ("C4",)),
        ({"ratings": rated() | {"C6": Rating("C6", 2)}}, "evidence_missing", ("C6",)),
        ({"note_ids": ("b" * 32,)}, "evidence_missing", tuple(KEYS)),
    ],
)
def test_a_submission_is_refused_with_its_reason(changes, code, criteria):
    with pytest.raises(RuleBroken) as refused:
        observation.submit("drafting", case(**changes))
    assert refused.value.code == code
    assert refused.value.facts["criteria"] == criteria


def test_level_one_needs_no_evidence():
    assert observation.gaps(case(ratings=rated() | {"C6": Rating("C6", 1)})) == ()


def test_all_gaps_are_told_at_once():
    ratings = rated() | {"C1": Rating("C1"), "C2": Rating("C2", 4), "C3": Rating("C3", not_observed=True)}
    found = observation.gaps(case(consent=False, ratings=ratings))
    assert found == (Gap("consent_missing"), Gap("criterion_open", "C1"), Gap("reason_missing", "C3"), Gap("evidence_missing", "C2"))


def test_nobody_is_planned_to_observe_themself():
    with pytest.raises(RuleBroken, match="observation_of_oneself"):
        observation.after("new", "plan", Case(subject_id="p", assessor_id="p"))


@pytest.mark.parametrize("state", ["released", "cancelled", "void"])
@pytest.mark.parametrize("verb", sorted({move.verb for move in observation.MOVES} - {"void"}))
def test_what_is_released_can_only_be_set_aside_and_nothing_leads_out_of_an_end(state, verb):
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.after(state, verb, case())


def test_a_guarded_move_is_not_made_without_looking():
    with pytest.raises(ValueError, match="needs its case"):
        observation.after("drafting", "submit")


def test_the_table_can_be_printed():
    printed = observation.diagram()
    assert printed.startswith("stateDiagram-v2\n")
    assert "    [*] --> planned: plan [assessor is not the subject]\n" in printed
    assert "    drafting --> rated: submit [assessor is not the subject; consent of the protégé recorded;" in printed
    assert printed.count("-->") == len(observation.MOVES) + 2


class ObservationMachine(RuleBasedStateMachine):
    """Any order of verbs: only the table's moves happen, and what is released was complete, consented and evidenced."""

    def __init__(self):
        super().__init__()
        self.state = observation.after("new", "plan", case())
        self.consent = False
        self.ratings: dict[str, Rating] = {}
        self.notes: set[str] = set()
        self.before: tuple[str, ...] = ("M6 Listening",)
        self.held: tuple[str, ...] = ()
        self.at_submission = self.at_release = None

    def do(self, verb):
        now = case(consent=self.consent, ratings=dict(self.ratings), note_ids=tuple(self.notes), before=self.before, held=self.held)
        guarded = verb in ("submit", "release")
        try:
            self.state = observation.after(self.state, verb, now if guarded else None)
        except RuleBroken:
            return False
        return True

    @rule(note=st.sampled_from(["n1", "n2"]))
    def note(self, note):
        if self.do("note") and self.state != "rated":
            self.notes.add(note)

    @rule(key=st.sampled_from(KEYS), level=st.integers(1, 4), links=st.sets(st.sampled_from(["n1", "n2"])))
    def rate(self, key, level, links):
        if self.do("rate") and self.state != "rated":  # then it is another rater who goes on
            self.ratings[key] = Rating(key, level, note_ids=tuple(links & self.notes))

    @rule(reason=st.sampled_from(["", "No occasion."]))
    def leave_the_rest(self, reason):
        if self.do("rate") and self.state != "rated":
            for key in KEYS:
                self.ratings.setdefault(key, Rating(key, not_observed=True, reason=reason))

    @rule(before=st.sampled_from([(), ("M6 Listening",)]))
    def modules_are_met_or_open_again(self, before):
        self.before = before

    @rule()
    def consent_given(self):
        if self.do("consent"):
            self.consent = True

    @rule()
    def consent_taken_back(self):
        if self.do("take_back_consent"):
            self.consent = False

    @rule(held=st.sampled_from([(), ("second",), ("reading", "conflict")]))
    def something_holds_it_or_nothing_does(self, held):
        self.held = held

    @precondition(lambda self: self.state in ("drafting", "rated"))
    @rule()
    def submit(self):
        if self.do("submit"):
            assert not self.before
            self.at_submission = (self.consent, dict(self.ratings), set(self.notes))

    @precondition(lambda self: self.state == "rated")
    @rule()
    def release(self):
        if self.do("release"):
            assert not self.held, "nothing leaves while something holds it (I15)"
            self.at_release = self.at_submission

    @rule(odds=st.integers(0, 9))
    def cancel(self, odds):
        if odds == 0:
            self.do("cancel")

    @rule(verb=st.sampled_from(["note", "rate"]))
    def what_is_written_is_kept_whatever_the_modules(self, verb):
        if self.state in ("planned", "drafting"):
            assert self.do(verb)

    @invariant()
    def released_means_consented_complete_and_evidenced(self):
        assert self.state in {"planned", "drafting", "rated", "released", "cancelled"}
        if self.state == "released":
            assert (self.consent, self.ratings, self.notes) == self.at_release
            assert self.consent
            for key in KEYS:
                rating = self.ratings[key]
                assert rating.level or rating.reason
                assert (rating.level or 0) <= 1 or set(rating.note_ids) & self.notes


TestObservationMachine = ObservationMachine.TestCase


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_may_lack_evidence():
    observation.check_draft(RUBRIC, [Rating("C1", 4)], ())


@pytest.mark.parametrize(
    ("rating", "code"),
    [
        (Rating("C13", 2), "criterion_unknown"),
        (Rating("C1", 5), "level_unknown"),
        (Rating("C1", 0), "level_unknown"),
        (Rating("C1", 2, not_observed=True), "level_unknown"),
        (Rating("C1", 2, note_ids=("elsewhere",)), "note_unknown"),
    ],
)
def test_a_draft_keeps_to_the_rubric_and_to_its_own_notes(rating, code):
    with pytest.raises(RuleBroken) as refused:
        observation.check_draft(RUBRIC, [rating], (NOTE,))
    assert (refused.value.code, refused.value.facts) == (code, {"criterion": rating.criterion})


# --- means and verdict --------------------------------------------------------------------------------------------------


def test_all_at_three_is_met():
    verdict = observation.met(POLICY, RUBRIC, rated())
    assert verdict.met
    assert verdict.reasons == ()
    assert verdict.means.overall == 3


def test_exactly_on_both_bars_is_met():
    overall = observation.met(POLICY, RUBRIC, rated(3, 3, 2, 2, 4, 3, 2, 3, None, None, None, None))
    assert (overall.means.overall, overall.met) == (Fraction(11, 4), True)
    competency = observation.met(POLICY, RUBRIC, rated(3, 3, 3, 3, 3, 3, 2))
    assert (competency.means.competencies["MC5"], competency.met) == (Fraction(5, 2), True)


def test_one_point_below_the_overall_bar_is_not_yet_with_its_numbers():
    verdict = observation.met(POLICY, RUBRIC, rated(3, 3, 2, 2, 4, None, 2, 3, None, None, None, None))
    assert [(reason.code, dict(reason.facts)) for reason in verdict.reasons] == [
        ("overall_mean_below", {"mean": Fraction(19, 7), "bar": Fraction(11, 4)})
    ]
    assert not verdict.met


def test_a_weak_competency_is_named_although_the_overall_mean_carries():
    verdict = observation.met(POLICY, RUBRIC, rated(4, 4, 4, 4, 4, 2, 4, 4, 4, 4, 4, 4))
    assert [(reason.code, reason.facts["competency"], reason.facts["mean"]) for reason in verdict.reasons] == [
        ("competency_mean_below", "MC4", 2)
    ]


def test_a_critical_criterion_at_one_is_not_yet_whatever_the_means():
    verdict = observation.met(POLICY, RUBRIC, rated(1, *[4] * 11))
    found = [(reason.code, dict(reason.facts)) for reason in verdict.reasons]
    assert ("critical_at_one", {"criterion": "C1", "title": "Criterion C1"}) in found
    assert not verdict.met


def test_a_criterion_at_one_that_is_not_critical_counts_only_in_the_means():
    verdict = observation.met(POLICY, RUBRIC, rated(4, 4, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4))
    assert verdict.met


def test_nothing_observed_is_not_yet():
    verdict = observation.met(POLICY, RUBRIC, rated(*[None] * 12))
    assert (verdict.met, [reason.code for reason in verdict.reasons]) == (False, ["nothing_observed"])
    assert verdict.means.overall is None


@given(ratings_of_all)
def test_not_observed_is_neither_zero_nor_one(ratings):
    levels = [rating.level for rating in ratings.values() if rating.level]
    found = observation.means(RUBRIC, ratings)
    assert found.observed == len(levels)
    assert found.overall == (Fraction(sum(levels), len(levels)) if levels else None)
    seen = {name for one in RUBRIC.criteria if ratings[one.key].level for name in one.competencies}
    assert set(found.competencies) == seen


@given(ratings_of_all, st.sampled_from(KEYS))
def test_a_higher_level_never_turns_met_into_not_yet(ratings, key):
    level = ratings[key].level
    if level is None or level == 4:
        return
    raised = ratings | {key: Rating(key, level + 1, note_ids=(NOTE,))}
    before, after = observation.met(POLICY, RUBRIC, ratings), observation.met(POLICY, RUBRIC, raised)
    assert after.met or not before.met


@given(ratings_of_all)
def test_met_says_exactly_what_the_policy_says(ratings):
    verdict = observation.met(POLICY, RUBRIC, ratings)
    found = verdict.means
    holds = (
        found.overall is not None
        and found.overall >= Fraction(11, 4)
        and all(mean >= Fraction(5, 2) for mean in found.competencies.values())
        and ratings["C1"].level != 1
        and ratings["C2"].level != 1
    )
    assert verdict.met == holds
    assert verdict.met == (verdict.reasons == ())


@given(ratings_of_all, st.randoms())
def test_the_order_of_ratings_does_not_matter(ratings, chance):
    shuffled = list(ratings.items())
    chance.shuffle(shuffled)
    assert observation.met(POLICY, RUBRIC, dict(shuffled)) == observation.met(POLICY, RUBRIC, ratings)


@pytest.mark.parametrize(
    ("mean", "shown"),
    [("11/4", "2.75"), ("274999/100000", "2.74"), ("5/2", "2.5"), ("3", "3"), ("8/3", "2.66"), ("401/200", "2")],
)
def test_a_mean_is_shown_rounded_down(mean, shown):
    assert observation.rounded_down(Fraction(mean)) == shown


@given(st.fractions(1, 4))
def test_a_mean_below_a_bar_never_reads_as_the_bar(mean):
    for bar in (Fraction(11, 4), Fraction(5, 2)):
        assert (Fraction(observation.rounded_down(mean)) < bar) == (mean < bar)
