# SPDX-License-Identifier: Apache-2.0
"""The words that people read for the codes that the floors below speak in; one file for each noun they are about."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from flask import Flask

ENDINGS = ("_words", "_title", "_lines")
"""What a function is called that a template may call: anything else of a file is its own."""


def said() -> dict[str, Callable[..., Any]]:
    """Every function of these files that says a code in words, by its name; ValueError where two files have one of the same name."""
    found: dict[str, Callable[..., Any]] = {}
    for file in sorted(one.name for one in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{file}")
        for name, one in vars(module).items():
            if not callable(one) or not name.endswith(ENDINGS) or name.startswith("_") or one.__module__ != module.__name__:
                continue
            if name in found:
                raise ValueError(f"{found[name].__module__} and {module.__name__} both have {name}")
            found[name] = one
    return found


def init_app(app: Flask) -> None:
    """Let every template say codes in words."""
    app.jinja_env.globals.update(said())
