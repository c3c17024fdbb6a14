# SPDX-License-Identifier: AGPL-3.0-or-later
"""The course page, its units and gradebook; and what a test sets and asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from lti_consumer.api import get_lti_1p3_launch_info
from lti_consumer.models import LtiAgsLineItem, LtiAgsScore, LtiConfiguration
from opaque_keys.edx.keys import UsageKey

from campus import blocks, people, tokens
from campus.models import Grade, Member, Unit

REQUESTS: list[dict[str, Any]] = []
"""What was answered, oldest first; kept outside the database, which forgets a request that ends in a 500."""


def remember_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every request with its answer's status."""

    def remember(request: HttpRequest) -> HttpResponse:
        tokens.begin(request.path)
        answer = get_response(request)
        REQUESTS.append({"method": request.method, "path": request.path, "status": answer.status_code})
        return answer

    return remember


# --- pages -----------------------------------------------------------------------------------------------------------------------


def sign_in(request: HttpRequest) -> HttpResponse:
    """Be somebody, without a password: this is no place for secrets."""
    login(request, get_user_model().objects.get(username=request.POST["username"]))
    return HttpResponseRedirect("/")


def course(request: HttpRequest) -> HttpResponse:
    """The units of the course."""
    return render(request, "course.html", {"title": blocks.Course.display_name_with_default, "units": Unit.objects.order_by("id")})


def unit(request: HttpRequest, usage: str) -> HttpResponse:
    """The real block's own view for students."""
    block = blocks.load(usage, request.user)
    return render(request, "unit.html", {"title": block.display_name, "body": block.render("student_view", {}).content})


def gradebook(request: HttpRequest) -> HttpResponse:
    """Learners down, units across."""
    units = list(Unit.objects.order_by("id"))
    cells = {(grade.user_id, grade.block): grade for grade in Grade.objects.all()}
    members = Member.objects.filter(role="student").select_related("user").order_by("name")
    rows = [(one.name, [cells.get((one.user_id, unit.block)) for unit in units]) for one in members]
    return render(request, "gradebook.html", {"units": units, "rows": rows})


# --- for tests -------------------------------------------------------------------------------------------------------------------


def configure(request: HttpRequest) -> HttpResponse:
    """Set a block's fields as an author does in Studio. -> what the tool must be told."""
    told = json.loads(request.body)
    usage = UsageKey.from_string(told["usage"])
    Unit.objects.update_or_create(block=str(usage), defaults={"title": told["fields"].get("display_name", "Unit")})
    block = blocks.load(usage, get_user_model().objects.get(username="ines"))
    for name, value in told["fields"].items():
        setattr(block, name, value)
    block.save()
    info = get_lti_1p3_launch_info(block.get_lti_1p3_launch_data())
    config = LtiConfiguration.objects.get(location=usage)
    return JsonResponse({**info, "issuer": settings.LTI_API_BASE, "config": config.pk})


def enrol(request: HttpRequest) -> HttpResponse:
    """A learner joins. -> what tools will know them as."""
    told = json.loads(request.body)
    return JsonResponse({"sub": str(people.join(told["username"], told["name"]).external_id)})


def crowd(request: HttpRequest) -> HttpResponse:
    """Many learners join. -> how many are in the course then"""
    return JsonResponse({"members": people.crowd(int(json.loads(request.body)["count"]))})


def retire(request: HttpRequest) -> HttpResponse:
    """A learner's account goes."""
    people.retire(json.loads(request.body)["username"])
    return JsonResponse({})


def stale_tokens(request: HttpRequest) -> HttpResponse:
    """The next access tokens have expired when they are handed out."""
    tokens.expire_next(int(json.loads(request.body)["count"]))
    return JsonResponse({})


def state(request: HttpRequest) -> HttpResponse:
    """Everything that a test may want to hold."""
    names = people.named()
    grades = Grade.objects.select_related("user")
    return JsonResponse(
        {
            "version": version("lti-consumer-xblock"),
            "gradebook": [{"user": one.user.username, "block": one.block, "value": one.value, "maximum": one.maximum} for one in grades],
            "line_items": [_line_item(one) for one in LtiAgsLineItem.objects.order_by("id")],
            "scores": [_score(one, names) for one in LtiAgsScore.objects.order_by("id")],
            "requests": REQUESTS,
        }
    )


def _line_item(row: LtiAgsLineItem) -> dict[str, Any]:
    return {
        "id": row.id,
        "config": row.lti_configuration_id,
        "label": row.label,
        "tag": row.tag,
        "resource_id": row.resource_id,
        "link": str(row.resource_link_id or ""),
        "maximum": row.score_maximum,
    }


def _score(row: LtiAgsScore, names: dict[str, str]) -> dict[str, Any]:
    return {
        "item": row.line_item_id,
        "user": names.get(row.user_id, row.user_id),
        "given": row.score_given,
        "maximum": row.score_maximum,
        "activity": row.activity_progress,
        "grading": row.grading_progress,
        "timestamp": row.timestamp.isoformat(),
        "comment": row.comment,
    }
