# SPDX-License-Identifier: Apache-2.0
"""The smallest Django project around django-lti, to measure against, as its README describes it.

django-lti is under the MIT licence and lives in a virtual environment of its own; nothing of it is in the product. Environment:
DJANGO_DATABASE_URL sqlite:///path or postgresql://user@host:port/name, PORT_LMS the platform's port. Launch data is kept in memory, which
is the fastest of Django's caches; sessions are in the database, as Django's default has it. Run as a program it makes the tables and
the registration.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings


def database() -> dict[str, Any]:
    """SQLite with WAL and every commit durable, or PostgreSQL with kept connections."""
    parts = urlsplit(os.environ["DJANGO_DATABASE_URL"])
    if parts.scheme == "sqlite":
        pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        options = {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": pragmas}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:], "CONN_MAX_AGE": None, "OPTIONS": options}
    place = {"HOST": parts.hostname, "PORT": parts.port, "USER": parts.username, "NAME": parts.path.strip("/")}
    return {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None, **place}


settings.configure(
    SECRET_KEY="bench" * 10,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "lti_tool"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "lti_tool.middleware.LtiLaunchMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10**7}}},
    DATABASES={"default": database()},
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402
from lti_tool.models import Key, LtiDeployment, LtiRegistration  # noqa: E402
from lti_tool.views import LtiLaunchBaseView, OIDCLoginInitView  # noqa: E402

PAGE = engines["django"].from_string(
    "<!DOCTYPE html><html lang=en><title>{{ course }}</title><h1>{{ course }}</h1><p>Welcome, {{ name }} ({{ email }})</p>"
    "<ul>{% for role in roles %}<li>{{ role }}</li>{% endfor %}</ul><p>LAUNCH OK</p></html>"
)


class Launch(LtiLaunchBaseView):
    """A launch, answered with the first page itself."""

    def handle_resource_launch(self, request: Any, lti_launch: Any) -> HttpResponse:
        course, claim = lti_launch.context_claim["title"], lti_launch.get_claim
        return HttpResponse(
            PAGE.render({"course": course, "name": claim("name"), "email": claim("email"), "roles": lti_launch.roles_claim})
        )


urlpatterns = [path("login/", OIDCLoginInitView.as_view()), path("launch/", Launch.as_view())]


def from_environment() -> Any:
    """The project as a WSGI app."""
    return get_wsgi_application()


def prepare() -> None:
    """Tables, a key, and the platform."""
    call_command("migrate", verbosity=0)
    Key.objects.generate()
    issuer = f"http://127.0.0.1:{os.environ['PORT_LMS']}/p/0"
    addresses = {"auth_url": f"{issuer}/auth", "token_url": f"{issuer}/token", "keyset_url": f"{issuer}/jwks"}
    known = LtiRegistration.objects.create(name="Load generator", issuer=issuer, client_id="client-0", **addresses)
    LtiDeployment.objects.create(registration=known, deployment_id="1", is_active=True)


if __name__ == "__main__":
    prepare()
