# SPDX-License-Identifier: AGPL-3.0-or-later
"""Django's settings: what the consumer reads, and as little else as will run it."""

from __future__ import annotations

import os

from campus import platform_modules

platform_modules.install()  # before Django imports the consumer

URL = os.environ["CAMPUS_URL"]

SECRET_KEY = "for tests on one machine only"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "campus.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
STATIC_URL = "/static/"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "django_filters",
    "config_models",
    "statici18n",
    # Before the consumer: it puts the campus where the consumer looks for edx-platform.
    "campus.apps.CampusConfig",
    "lti_consumer.apps.LTIConsumerApp",
]
MIDDLEWARE = [
    "campus.views.remember_requests",
    "edx_django_utils.cache.middleware.RequestCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crum.CurrentRequestUserMiddleware",
    "edx_django_utils.cache.middleware.TieredCacheMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["CAMPUS_DATABASE"],
        # As edx-platform has it: a request that ends in a 500 leaves nothing behind.
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"],
        },
    }
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}

# What the consumer asks edx-platform's settings for.
LMS_ROOT_URL = LTI_BASE = LTI_API_BASE = LEARNING_MICROFRONTEND_URL = URL
PLATFORM_NAME = "Campus"
SERVICE_VARIANT = "lms"
USAGE_ID_PATTERN = r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))"

# As edx-platform is set in production where tools are framed: the answer of a deep linking comes back from another site, by POST.
SESSION_COOKIE_SAMESITE = "None"
SESSION_COOKIE_SECURE = True
