# SPDX-License-Identifier: Apache-2.0
"""What a newcomer finds in the demo: two organisations with a programme under way, told only through the services' own verbs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lti_mentoring.demo import columns, message
from lti_mentoring.demo import site as sites
from lti_mentoring.demo.run import Plan
from lti_mentoring.demo.site import Activity, Persona, Site
from lti_mentoring.demo.state import State
from lti_mentoring.domain.answer import CARDS, CHOICE, CHOICES, LEVELS, PLACES, TEXT, TICKS, form, steps
from lti_mentoring.domain.module import Item
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.lti.launch import Launch, launch_of
from lti_mentoring.services import attestation, observation, people, platform, programme, training
from lti_mentoring.services import roles as role_verbs
from lti_mentoring.services.declaring import Declared
from lti_mentoring.services.observation import Note
from lti_mentoring.services.people import SignedIn
from lti_mentoring.services.registry import Registrations

NOTES = (
    "Opens with: “What would make this hour worth it for you?” Waits. The answer takes a while, and she lets it.",
    "“So the order was late, and nobody had asked you. Is that it?” He corrects one word; she uses his word from then on.",
    "Says plainly that nothing of this goes to his line, and names the one exception they agreed on.",
    "He lists three ways out himself. She adds none, and asks what each would cost him.",
    "“Who will do what by Friday?” He writes it down. Last two minutes: what he takes with him, in his own words.",
)
"""What the observer of the released session wrote: acts and words, no names."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One site of the pocket LMS with the organisation that it belongs to."""

    plan: Plan
    site: Site
    state: State
    org_id: str

    def enter(self, persona: str, activity: str) -> Actor:
        """A person opens an activity on the course page."""
        who, what = self.site.persona(persona), self.site.activity(activity)
        if who is None or what is None:
            raise LookupError(f"{self.site.key} has no {persona} or no {activity}")
        signed = people.sign_in(_launch(self, who, what), old_token=None, absolute=timedelta(minutes=1))
        return _actor(signed, self.site, what, self.plan)


def fill(plan: Plan, *, check_url: Callable[[str], None], pack: Path) -> None:
    """Tell the story once; a demo that has been started before keeps what was done in it."""
    state = State(plan.folder / "lms.sqlite3")
    for site in sites.SITES:
        if _known(site):
            continue
        columns.prepare(state, site)
        org_id = platform.add_organisation(name=site.name)["id"]
        with people.within(org_id):
            programme.import_pack(org_id=org_id, path=pack, actor="operator")
        for told in sites.site_registrations(site, plan.lms_url):
            platform.add_platform(platform.NewPlatform(organisation=site.name, **told), check_url=check_url)
        _tell(Stage(plan, site, state, org_id), whole=site.key == "north")


def _known(site: Site) -> bool:
    return any(row["organisation"] == site.name for row in platform.listing())


def _tell(stage: Stage, *, whole: bool) -> None:
    """A coordinator, an observer, candidates at different points. ``whole``: with a released observation and one that waits."""
    coordinator = stage.enter("coordinator", "programme")
    with people.within(stage.org_id):
        role_verbs.take_coordination(actor=coordinator)
    observer = stage.enter("observer", "observation")
    with people.within(stage.org_id):
        leader = _again(coordinator)
        role_verbs.appoint(actor=leader, person_id=observer.person_id, role="observer")
    candidate = stage.enter("candidate", "programme")
    second = stage.enter("second", "module-m1")
    stage.enter("second", "programme")
    stage.enter("second", "observation")
    with people.within(stage.org_id):
        observer, leader = _again(observer), _again(coordinator)
        for one in (observer, leader, candidate, second):
            attestation.say(actor=_again(one), declared=Declared(nobody=True))
        _master(_again(second), "M1")
        _plan(leader, candidate, observer, days=2, label="Second-year teacher, science")
        done = _plan(leader, second, observer, days=-1, label="New team lead, warehouse")
        if whole:
            _rate(observer, done)


def _again(actor: Actor) -> Actor:
    """The same person with the roles that they hold by now."""
    return role_verbs.here(
        org_id=actor.org_id, person_id=actor.person_id, course_id=actor.course_id, registration_id=actor.registration_id
    ).actor


def _plan(leader: Actor, candidate: Actor, observer: Actor, *, days: int, label: str) -> str:
    options = observation.candidates(actor=leader)
    chosen = next(one for one in options.candidates if one.name == _again(candidate).name)
    return observation.plan(
        actor=leader,
        candidacy_id=chosen.id,
        observer_id=observer.person_id,
        planned_for=datetime.now(UTC).date() + timedelta(days=days),
        protege_label=label,
        place="",
    )


def _master(candidate: Actor, key: str) -> None:
    """Answer a module's check as its own key says."""
    attempt_id = training.start_check(actor=candidate, key=key)
    page = training.attempt_page(actor=candidate, attempt_id=attempt_id)
    for question in page.questions:
        item = page.module.item(question.key)
        for step in range(1, steps(item) + 1):
            training.answer(actor=candidate, attempt_id=attempt_id, item_key=item.key, answer=right_answer(item, step), step=step)


def right_answer(item: Item, step: int = 1) -> dict[str, object]:
    """The key of an item, in the form in which an answer is sent."""
    return {form(item, step): _RIGHT[form(item, step)](item, step)}


_RIGHT: Mapping[str, Callable[[Item, int], object]] = {
    CHOICE: lambda item, step: next(choice.key for choice in item.options(step) if choice.right),
    CHOICES: lambda item, step: [choice.key for choice in item.options(step) if choice.right],
    CARDS: lambda item, step: {card.key: card.bin for card in item.cards},
    PLACES: lambda item, step: list(item.order),
    LEVELS: lambda item, step: {one.key: one.level for one in item.benchmarks},
    TEXT: lambda item, step: item.model,
    TICKS: lambda item, step: [feature.key for feature in item.features],
}


def _rate(observer: Actor, observation_id: str) -> None:
    notes = [Note(id=secrets.token_hex(16), text=text) for text in NOTES]
    for note in notes:
        observation.save_note(actor=observer, observation_id=observation_id, note=note)
    sheet = observation.sheet(actor=observer, observation_id=observation_id)
    rated = []
    for number, one in enumerate(sheet.criteria):
        key = one.criterion.key
        if key == "C12":
            rated.append(Rating(key, not_observed=True, reason="There was no earlier observation to compare with."))
        else:
            rated.append(Rating(key, level=4 if number in (2, 3) else 3, note_ids=(notes[number % len(notes)].id,)))
    draft = observation.save_draft(actor=observer, observation_id=observation_id, revision=sheet.revision, ratings=rated, consent=True)
    observation.submit(actor=observer, observation_id=observation_id, revision=draft.revision)


def _launch(stage: Stage, persona: Persona, activity: Activity) -> Launch:
    """What the lti floor would have made of this site's own message."""
    plan, site = stage.plan, stage.site
    body = message.launch_claims(
        site,
        persona,
        activity,
        base_url=plan.lms_url,
        launch_url=f"{plan.tool_url}/lti/launch",
        nonce=secrets.token_urlsafe(16),
        now=int(datetime.now(UTC).timestamp()),
        lineitem_url=columns.claimed_url(stage.state, site, activity, plan.lms_url),
    )
    known = Registrations().registration(str(body["iss"]), str(body["aud"]))
    if known is None:
        raise LookupError(f"{site.key} is not registered")
    deployment = Registrations().deployment(known.id, site.deployment_id)
    return launch_of(body, registration=known, deployment=deployment, now=datetime.now(UTC))


def _actor(signed: SignedIn, site: Site, activity: Activity, plan: Plan) -> Actor:
    known = Registrations().registration(sites.issuer(site, plan.lms_url), site.client_id(activity))
    with people.within(signed.org_id):
        return role_verbs.here(
            org_id=signed.org_id,
            person_id=signed.person_id,
            course_id=signed.course_id,
            registration_id=known.id if known is not None else "",
        ).actor


def tell(plan: Plan) -> str:
    """What the newcomer reads on the terminal."""
    lines = [
        "",
        f"  The pocket LMS is at  {plan.lms_url}",
        f"  The tool is at        {plan.tool_url}  (it opens from a course page)",
        "",
    ]
    for site in sites.SITES:
        lines.append(f"  {site.name}: {sites.issuer(site, plan.lms_url)}/course")
        lines += [f"    {persona.shown:28} {persona.part}" for persona in site.people]
        lines.append("")
    lines += [
        "  Try this: be the candidate and take the module; be the observer and rate the session that waits;",
        "  then look at the gradebook, and at “Mails” for what the tool has mailed.",
    ]
    lines += ["", "  Ctrl-C ends all of it.", ""]
    return "\n".join(lines)
