# SPDX-License-Identifier: Apache-2.0
"""Troubles of the connection itself, below HTTP: broken off, or a byte at a time."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response


def reset(environ: Mapping[str, Any]) -> None:
    """Break the connection off, so that the other side reads "connection reset by peer" and no answer."""
    mine: socket.socket = environ["werkzeug.socket"]
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _end(mine)


def drip(environ: Mapping[str, Any], answer: Response, wait: Callable[[], object]) -> None:
    """Send the answer byte by byte, with ``wait`` between, then close; if the other side has had enough, so have we."""
    mine: socket.socket = environ["werkzeug.socket"]
    body = answer.get_data()
    headers = {**dict(answer.headers), "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with contextlib.suppress(OSError):
        for byte in "\r\n".join(lines).encode("latin-1") + body:
            mine.sendall(bytes([byte]))
            wait()
    _end(mine)


def _end(mine: socket.socket) -> None:
    """Close the connection at once, and leave a dead one in its place: the server may close that when it comes to it."""
    dead, other = socket.socketpair()
    with dead:
        other.close()
        os.dup2(dead.fileno(), mine.fileno())
