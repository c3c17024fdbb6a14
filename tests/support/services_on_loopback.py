# SPDX-License-Identifier: Apache-2.0
"""The token and grade services of an LMS as a test wants them to answer, served by ``support.loopback``."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, urlsplit

from lti_mentoring.lti.grades import Score
from support.platform_in_memory import NOW


class Platform:
    """Answers of one LMS; each is (status, body, headers) or a callable that makes it from the request."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.tokens = 0
        self.lifetime: object = 3600
        self.granted: object = "asked"
        self.token_answer: tuple | None = None
        self.token_delay = 0.0
        self.answers: dict[tuple[str, str], list] = {}

    def play(self, handler) -> None:
        method, path, headers, body = handler.server.seen[-1]
        parts = urlsplit(path)
        if parts.path == "/token":
            return self._token(handler, parse_qs(body.decode()))
        self.asked.append((method, path, headers, body))
        queue = self.answers.get((method, parts.path), [(404, "not here", {})])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        status, text, more = answer(self.asked[-1]) if callable(answer) else answer
        return handler.send(status, (text if isinstance(text, str) else json.dumps(text)).encode(), **more)

    def _token(self, handler, form) -> None:
        self.tokens += 1
        self.form = form
        number = self.tokens
        time.sleep(self.token_delay)
        if self.token_answer:
            status, text, headers = self.token_answer
            return handler.send(status, text.encode(), **headers)
        said = {"access_token": f"token-{number}", "token_type": "Bearer"}
        said |= {} if self.lifetime is None else {"expires_in": self.lifetime}
        said |= {} if self.granted is None else {"scope": form["scope"][0] if self.granted == "asked" else self.granted}
        return handler.send(200, json.dumps(said).encode(), Content_Type="text/html")

    def on(self, method: str, path: str, *answers) -> None:
        self.answers[method, path] = [one if callable(one) else (*one, *[{}] * (3 - len(one))) for one in answers]


def score(**changes) -> Score:
    given = {"user_id": "7", "timestamp": NOW, "activity_progress": "Completed", "grading_progress": "FullyGraded"}
    return Score(**{**given, "score_given": 1, "score_maximum": 1, **changes})
