# SPDX-License-Identifier: Apache-2.0
"""Every endpoint says who may enter: a permission of domain.people, or why it is open to everybody."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from flask import Flask

from lti_mentoring.domain.people import PERMISSIONS

PACKAGE = Path(__file__).parents[2] / "lti_mentoring"


def test_every_endpoint_declares_a_permission_or_why_it_has_none(bare_app: Flask):
    silent = [
        name for name, view in bare_app.view_functions.items() if not getattr(view, "permission", "") and not getattr(view, "public", "")
    ]
    assert silent == []


def test_no_endpoint_declares_both(bare_app: Flask):
    both = [name for name, view in bare_app.view_functions.items() if hasattr(view, "permission") and hasattr(view, "public")]
    assert both == []


def test_every_declared_permission_is_one_and_none_is_idle(bare_app: Flask):
    declared = {view.permission for view in bare_app.view_functions.values() if hasattr(view, "permission")}
    asked_elsewhere = "".join(file.read_text("utf-8") for folder in ("web", "services") for file in (PACKAGE / folder).rglob("*.py"))
    assert declared <= set(PERMISSIONS)
    assert [permission for permission in set(PERMISSIONS) - declared if f'"{permission}"' not in asked_elsewhere] == []


def test_whatever_belongs_to_a_course_asks_for_a_permission(bare_app: Flask):
    rules = [rule for rule in bare_app.url_map.iter_rules() if "course" in rule.arguments]
    assert rules
    assert [rule.rule for rule in rules if not hasattr(bare_app.view_functions[rule.endpoint], "permission")] == []


def test_open_addresses_are_few_and_hold_no_id_of_anybody(bare_app: Flask):
    for rule in bare_app.url_map.iter_rules():
        if getattr(bare_app.view_functions[rule.endpoint], "public", ""):
            # An invite and a token are secrets, not ids; a page tells apart the passes of one browser, and opens nothing without them.
            assert rule.arguments <= {"filename", "invite", "page", "token"}, rule.rule


def test_pages_and_api_stand_where_they_were_promised(bare_app: Flask):
    known = re.compile(
        r"/(lti/|\.well-known/|courses/|api/v1/|references/|guest$|guest/|door$|door/|static/|bootstrap/static/|healthz$|readyz$"
        r"|metrics$|privacy$|$)"
    )
    assert [rule.rule for rule in bare_app.url_map.iter_rules() if not known.match(rule.rule)] == []


def test_nothing_that_a_request_calls_is_a_coroutine(bare_app: Flask):
    """``web.tool.Tool`` asks none whether it is one."""
    hooks = (bare_app.before_request_funcs, bare_app.after_request_funcs, bare_app.teardown_request_funcs)
    called = [*bare_app.view_functions.values(), *bare_app.teardown_appcontext_funcs]
    called += [function for hook in hooks for functions in hook.values() for function in functions]
    called += [handler for by_code in bare_app.error_handler_spec.values() for kinds in by_code.values() for handler in kinds.values()]
    assert len(called) > 40
    assert [function for function in called if inspect.iscoroutinefunction(function)] == []
