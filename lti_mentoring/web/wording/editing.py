# SPDX-License-Identifier: Apache-2.0
"""The programme as it is edited, in words: pages, fields and what their numbers mean."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from lti_mentoring.domain.editable import Page
from lti_mentoring.domain.editing import DAY, FLAG, LINES, MARKDOWN, MEAN, NUMBER, NUMBERS, ORDER, Field
from lti_mentoring.web.wording.phrase import say

_l = lazy_gettext

RULES = {
    "programme_opened": _l("The programme of this course is open already. Edit it; what you publish is its next version."),
    "title_missing": _l("Give the programme a name."),
    "support_missing": _l("Say how candidates are helped, and where they write to."),
    "draft": _l("Nobody edits the programme of this course at the moment. It was published or discarded, or has not been begun."),
    "draft_page": _l("The draft has no such page."),
    "draft_there": _l("This course has a draft already. Publish or discard it first."),
    "draft_moved": _l("Somebody has changed this meanwhile. Look at it again before you decide."),
    "translations_lost": _l(
        "The pack would be without its translations (%(languages)s). Take it without them, and keep their folders beside its files."
    ),
    "policy_moved": _l(
        "Nothing was chosen: somebody has published an edition or chosen a policy since you opened this page. "
        "This is how the programme stands now; choose again if you still want to."
    ),
    "draft_faulty": _l("The draft cannot be published yet: %(count)s things have to be mended."),
    "draft_unchanged": _l("The draft says what the programme says already. There is nothing to publish."),
    "edition_needed": _l("Give the copy an edition of its own, such as the year in which it begins."),
    "edition_long": _l("An edition has at most %(most)s characters."),
}

PAGES = {
    "about": _l("Name, purpose and support"),
    "dates": _l("Edition, dates and places"),
    "numbers": _l("Numbers of the policy"),
    "competencies": _l("Competencies"),
    "modules": _l("Which modules, and in which order"),
    "module": _l("Module %(about)s"),
    "reading": _l("Reading of %(about)s"),
    "check": _l("Questions of %(about)s"),
    "task": _l("Practice task of %(about)s"),
    "form": _l("Application form"),
    "protocols": _l("What observers look for"),
    "rubric": _l("Rubric %(about)s"),
    "gone": _l("Not there any more"),
}

GROUPS = {
    "selection": _l("Selection"),
    "assistance": _l("Help"),
    "time": _l("Time"),
    "award": _l("Credential"),
    "counting": _l("How sessions count together"),
    "qualifying": _l("Who may rate"),
    "doubling": _l("A second rating"),
    "form.eligibility": _l("Who may apply"),
    "form.declarations": _l("What applicants sign"),
}

NONE = ""

LABELS = {
    "programme.title": (_l("Name of the programme"), NONE),
    "programme.purpose": (_l("What it is to bring about"), _l("The outcomes by which the programme itself is judged.")),
    "programme.support": (_l("How candidates are helped"), _l("Candidates read this; say where they write to.")),
    "programme.certificate": (_l("What the credential says"), _l("One sentence of what its holder has shown.")),
    "programme.edition": (_l("Edition"), _l("Such as the year in which it begins. Every published edition stays readable.")),
    "intake.mode": (_l("How people come in"), NONE),
    "intake.places": (_l("Places"), _l("May stay empty: then they are not counted.")),
    "intake.opens_on": (_l("First day of applications"), _l("May stay empty.")),
    "intake.closes_on": (_l("Last day of applications"), _l("May stay empty. The whole day counts, in UTC.")),
    "competency.title": (_l("Competency"), NONE),
    "competency.critical": (_l("Critical"), _l("Where no critical criterion may stand at level 1, this is one.")),
    "competency.indicators": (_l("What shows it"), NONE),
    "indicator.text": (_l("What shows it"), NONE),
    "policy.modules_required": (_l("Modules that have to be mastered"), NONE),
    "policy.before_observing": (_l("Of these, before the first observation"), _l("The others come before the credential.")),
    "modules.order": (_l("Order of the modules"), NONE),
    "outline.title": (_l("Title"), NONE),
    "outline.outcomes": (_l("What one can do afterwards"), NONE),
    "outline.minutes": (_l("Minutes"), NONE),
    "module.title": (_l("Title of the module"), NONE),
    "module.intro": (_l("Introduction"), NONE),
    "module.reading": (_l("Minutes for reading"), NONE),
    "module.pause": (_l("Minutes for the pause"), NONE),
    "module.check": (_l("Minutes for the knowledge check"), NONE),
    "module.practice": (_l("Minutes for the practice task"), NONE),
    "module.needed": (_l("Points that clear an outcome"), _l("Fewer make guessing easier; the draft says by how much.")),
    "module.check_intro": (_l("Before the questions"), NONE),
    "outcome.title": (_l("Outcome %(about)s in short"), _l("For results and headings.")),
    "outcome.text": (_l("Outcome %(about)s, as it is promised"), NONE),
    "section.title": (_l("Title of the section"), NONE),
    "section.blocks": (
        _l("Text of the section"),
        _l("A line of a conversation begins with > **Name:**, its comment with *Commentary.*, and a card with > alone."),
    ),
    "item.stem": (_l("Situation and question"), NONE),
    "item.reason": (_l("What everybody reads afterwards"), NONE),
    "item.bin": (_l("Bin %(about)s"), NONE),
    "item.talk": (_l("Line %(about)s of the conversation"), NONE),
    "item.words": (_l("Words that the answer may have"), NONE),
    "item.model": (_l("Model answer"), NONE),
    "step.prompt": (_l("Step %(about)s"), NONE),
    "choice.text": (_l("Option %(about)s"), NONE),
    "choice.why": (_l("Explanation of %(about)s"), NONE),
    "card.text": (_l("Card %(about)s"), NONE),
    "card.why": (_l("Explanation of card %(about)s"), NONE),
    "slip.why": (_l("Explanation of wrong order %(about)s"), NONE),
    "benchmark.text": (_l("Criterion %(about)s"), NONE),
    "contrast.why": (_l("Why not another level: %(about)s"), NONE),
    "feature.text": (_l("Feature %(about)s"), NONE),
    "feature.why": (_l("Where the model answer has feature %(about)s"), NONE),
    "anchor": (_l("Level %(about)s"), NONE),
    "task.title": (_l("Title of the practice task"), NONE),
    "task.text": (_l("The task"), NONE),
    "task.passing": (_l("What passes"), NONE),
    "task.model_answer": (_l("Model answer with comments"), NONE),
    "task_criterion.title": (_l("Criterion %(about)s"), NONE),
    "rubric.title": (_l("Title of the rubric"), NONE),
    "criterion.title": (_l("Criterion"), NONE),
    "form.title": (_l("Title of the form"), NONE),
    "form.intro": (_l("Before the first question"), NONE),
    "form_section.title": (_l("Title of the section"), NONE),
    "form_section.intro": (_l("Before the questions of the section"), NONE),
    "question.title": (_l("Question “%(about)s”"), NONE),
    "question.help": (_l("Help with “%(about)s”"), NONE),
    "question.required": (_l("“%(about)s” has to be answered"), NONE),
    "question.options": (_l("Answers to choose from for “%(about)s”"), NONE),
    "question.words": (_l("Most words for “%(about)s”"), _l("0 is no limit.")),
    "protocol.title": (_l("Title"), NONE),
    "protocol.intro": (_l("What this session is"), NONE),
    "aspect.title": (_l("Aspect “%(about)s”"), NONE),
    "aspect.text": (_l("What to watch for in “%(about)s”"), NONE),
}

POLICY = {
    "observation_rubric": (_l("Rubric for independent sessions"), NONE),
    "structured_rubric": (_l("Rubric for watching an accomplished mentor"), NONE),
    "co_mentoring_rubric": (_l("Rubric for mentoring together"), NONE),
    "structured_observations": (_l("Sessions of an accomplished mentor to watch"), NONE),
    "co_mentoring_sessions": (_l("Sessions to mentor together"), NONE),
    "independent_observations": (_l("Independent sessions that are observed"), _l("Each has to be met and released.")),
    "independent_observers": (_l("Different observers of independent sessions"), _l("At least so many people see each candidate.")),
    "group_observations": (_l("Sessions of a group that are observed"), _l("Only where candidates are to lead groups.")),
    "group_rubric": (_l("Rubric for leading a group"), NONE),
    "overall_mean": (_l("Mean over all criteria"), _l("An observation is met from this mean on.")),
    "competency_mean": (_l("Mean of each competency"), _l("No competency that was observed lies lower.")),
    "no_critical_at_one": (_l("No critical criterion at level 1"), NONE),
    "points": (_l("Points of the levels 1 to 4"), _l("Of 100, for activities that post points to the gradebook.")),
    "retake_wait_hours": (_l("Hours before a knowledge check may be taken again"), _l("Before the second attempt, the third, and so on.")),
    "waiver_approvers": (_l("People who agree before prior learning stands for a module"), NONE),
    "evidence_months": (_l("Months for which evidence counts"), NONE),
    "recognised_full_points": (_l("Recognised prior learning earns full points"), _l("Otherwise the gradebook hears that it is complete.")),
    "selection.rubric": (_l("Rubric for applications"), NONE),
    "selection.reviewers": (_l("Reviewers of each application"), _l("They do not see each other’s review until all are in.")),
    "selection.mean": (_l("Mean that an offer needs"), NONE),
    "selection.critical_level": (_l("Level that an offer needs on critical criteria"), NONE),
    "selection.most_apart": (_l("Levels that two reviewers may lie apart"), _l("Where it is more, one more person reviews.")),
    "selection.referees": (_l("Referees of each applicant"), NONE),
    "selection.offer_days": (_l("Days to answer an offer"), NONE),
    "selection.reapply_months": (_l("Months before somebody may apply again"), NONE),
    "selection.most_in_three_years": (_l("Applications of one person in three years, at most"), NONE),
    "assistance.failed_checks": (_l("Failed checks after which help is offered"), NONE),
    "assistance.inactive_days": (_l("Days without activity after which help is offered"), NONE),
    "assistance.due_days": (_l("Days in which help is due"), _l("For what can wait, for this week, for who is stuck.")),
    "assistance.helper_may_assess": (_l("Who helped with a competency may assess it"), _l("It is noted then.")),
    "time.months": (_l("Months for the whole way"), NONE),
    "time.deferral_months": (_l("Months of all pauses together"), NONE),
    "time.reinstate_months": (_l("Months in which one may come back after leaving"), NONE),
    "time.warn_days": (_l("Days before the end at which candidates are warned"), NONE),
    "time.extensions": (_l("Extensions that are possible"), NONE),
    "time.extension_months": (_l("Months that an extension gives"), NONE),
    "award.deciders": (_l("People who decide on the credential"), NONE),
    "award.outside": (_l("Of these, from outside the unit"), NONE),
    "award.rounds": (_l("Rounds of targeted observation after a “not yet”"), NONE),
    "award.validity_months": (_l("Months for which the credential holds"), NONE),
    "qualifying.asked": (_l("Observers qualify before their ratings count"), _l("By exercises. Only then does the rest here count.")),
    "qualifying.exercises": (_l("Different exercises"), NONE),
    "qualifying.scores": (_l("Criteria that both they and the master gave a level"), NONE),
    "qualifying.exact_percent": (_l("Of these the same, in per cent"), NONE),
    "qualifying.within_one_percent": (_l("Of these at most one level apart, in per cent"), NONE),
    "qualifying.months": (_l("Months for which a qualification holds"), NONE),
    "qualifying.fresh_months": (_l("Months after which an exercise counts again"), _l("Who has seen its master ratings knows them.")),
    "qualifying.short_first": (_l("Begin on exercises that may be repeated"), _l("The whole calibration follows after the first ratings.")),
    "qualifying.short_ratings": (_l("Ratings that count before the whole calibration"), NONE),
    "qualifying.drift_scores": (_l("Last criteria, rated by two, that are looked at for drift"), NONE),
    "qualifying.drift_exact_percent": (_l("Of these the same, in per cent; with fewer they drift"), NONE),
    "qualifying.drift_bias_hundredths": (_l("Hundredths of a level that somebody may lean"), _l("With more, if it is sure, they drift.")),
    "doubling.asked": (_l("A second person rates some sessions"), _l("Unseen by the first. Only then does the rest here count.")),
    "doubling.first": (_l("The first independent session of each candidate"), NONE),
    "doubling.percent": (_l("Drawn from all of them, in per cent"), NONE),
    "doubling.critical": (_l("Where a critical criterion stands at 1"), NONE),
    "doubling.near_hundredths": (_l("Where the mean of a competency is so near the bar"), _l("In hundredths of a level; 0 is never.")),
    "doubling.new_ratings": (_l("The first ratings of each observer"), NONE),
    "doubling.where_possible": (_l("Only where somebody else may rate"), _l("Otherwise the rating waits until somebody may.")),
}
POLICY |= {f"counting.{name}": words for name, words in {
    "asked": (_l("Sessions count together, in the order of the way"), _l("Else each is judged by itself.")),
    "independent_proteges": (_l("Different protégés in independent sessions"), NONE),
    "beyond_co_mentor": (_l("Somebody who was not their co-mentor observes at least once"), NONE),
    "session_minutes": (_l("Least minutes of an independent session"), _l("0 is no limit.")),
    "critical_mean": (_l("Mean of each critical competency"), NONE),
    "least_seen": (_l("Sessions in which each competency is seen"), NONE),
    "last_sessions": (_l("Last sessions in which no critical criterion stands at 1"), NONE),
    "structured_mentors": (_l("Different mentors to watch"), NONE),
    "structured_level": (_l("Level in each criterion of watching, by the last time"), _l("0 judges each time by its means.")),
    "co_mentoring_level": (_l("Median of a session that two lead"), _l("0 judges it by its means.")),
}.items()}  # fmt: skip
LABELS |= {f"policy.{name}": words for name, words in POLICY.items()}

MODES = {
    "apply": _l("They apply"),
    "recorded": _l("They were selected elsewhere"),
    "open": _l("By opening an activity"),
}


def draft_page_words(page: Page) -> str:
    """The title of a page of the draft."""
    return say(PAGES[page.kind], {"about": page.about})


def draft_group_words(group: str) -> str:
    """The heading over fields that belong together."""
    return str(GROUPS.get(group, group))


def draft_field_words(field: Field) -> tuple[str, str]:
    """-> (label, what it means and which values it takes)"""
    label, meaning = LABELS.get(field.label, (field.label.rpartition(".")[2].replace("_", " "), NONE))
    return say(label, {"about": field.about}), " ".join(text for text in (str(meaning), _limits(field)) if text)


def _limits(field: Field) -> str:
    if field.kind == NUMBER:
        return gettext("From %(low)s to %(high)s.", low=field.low, high=field.high)
    if field.kind == MEAN:
        return gettext("A number from %(low)s to %(high)s, such as 2.75.", low=field.low, high=field.high)
    if field.kind == NUMBERS:
        return gettext("Numbers from %(low)s to %(high)s, with commas between them.", low=field.low, high=field.high)
    if field.kind == LINES:
        return gettext("One a line.")
    if field.kind == MARKDOWN:
        return gettext("Written in Markdown.")
    return gettext("All their keys, with commas between them.") if field.kind == ORDER else ""


def draft_option_words(field: Field, key: str, text: str) -> str:
    """One of the values that may be chosen."""
    if field.label == "intake.mode":
        return str(MODES[key])
    return f"{key} {text}" if key and not text.startswith(key) else text or gettext("None")


def intake_mode_words(mode: str) -> str:
    """How people come in."""
    return str(MODES[mode])


def draft_value_words(field: Field, value: str) -> str:
    """A value as the list of differences says it."""
    if field.kind == FLAG:
        return gettext("yes") if value else gettext("no")
    if field.label == "intake.mode" and value in MODES:
        return str(MODES[value])
    return value or (gettext("none") if field.kind == DAY else gettext("nothing"))
