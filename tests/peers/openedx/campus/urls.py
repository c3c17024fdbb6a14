# SPDX-License-Identifier: AGPL-3.0-or-later
"""The campus's own pages, and the consumer's addresses as edx-platform mounts them."""

from __future__ import annotations

from django.urls import include, path

from campus import views

urlpatterns = [
    path("", views.course, name="course"),
    path("sign-in", views.sign_in),
    path("unit/<path:usage>", views.unit, name="unit"),
    path("gradebook", views.gradebook, name="gradebook"),
    path("configure", views.configure),
    path("enrol", views.enrol),
    path("crowd", views.crowd),
    path("retire", views.retire),
    path("stale-tokens", views.stale_tokens),
    path("state.json", views.state),
    path("api/", include("lti_consumer.plugin.urls", namespace="lti_consumer")),
]
