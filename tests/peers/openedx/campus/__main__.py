# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes the database, fills it with the course team, and serves; ends with the process that started it."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal


def main() -> None:
    """Serve on the loopback interface until told to stop."""
    parser = argparse.ArgumentParser(prog="campus", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True)
    told = parser.parse_args()
    _end_with_parent()
    os.environ["CAMPUS_URL"] = f"http://127.0.0.1:{told.port}"
    os.environ["CAMPUS_DATABASE"] = told.database
    os.environ["DJANGO_SETTINGS_MODULE"] = "campus.settings"
    serve(told.port)


def serve(port: int) -> None:
    """Django can be imported only once its settings are known."""
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.core.servers.basehttp import get_internal_wsgi_application, run  # noqa: PLC0415

    from campus import people  # noqa: PLC0415

    call_command("migrate", verbosity=0, run_syncdb=True)
    people.hire()
    # One process: the consumer keeps the data of a launch that has begun in Django's cache, which is this process's memory.
    run("127.0.0.1", port, get_internal_wsgi_application(), threading=True)


def _end_with_parent() -> None:
    """A test run that is killed takes its campus along (Linux; elsewhere it stays)."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    except (OSError, AttributeError):
        return


if __name__ == "__main__":
    main()
