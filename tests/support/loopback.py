# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server on the loopback address, in a thread, that answers as a test says and remembers what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        self.server.play(self)

    do_GET = do_POST = do_PUT = answer  # noqa: N815  (the names that http.server asks for)

    def send(self, status: int = 200, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a class opens together

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what many tests are about."""


@contextmanager
def server(play, tls: ssl.SSLContext | None = None) -> Iterator[ThreadingHTTPServer]:
    made = Server(("127.0.0.1", 0), Handler)
    made.play, made.seen = play, []
    if tls:
        made.socket = tls.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
