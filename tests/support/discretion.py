# SPDX-License-Identifier: Apache-2.0
"""Notes, and what is found in them that may tell who somebody is: the server and the page's script are held to the same ones."""

from __future__ import annotations

EXAMPLES = [
    ("Martins waits for eight seconds.", [("name", "Martins")]),
    ("then martins asked", [("name", "Martins")]),
    ("Martinsson is somebody else", []),
    ("The mentor will wait.", []),
    ("Will asks what she wants to keep.", [("name", "Will")]),
    ("They came from brightwater in May.", [("name", "Brightwater")]),
    ("Says that Hollow Oak pays more.", [("name", "Hollow"), ("name", "Oak")]),
    ("Gives her a.person@mail.example.org to write to.", [("email", "a.person@mail.example.org")]),
    ("“Call me on +44 20 7946 0000.”", [("phone", "+44 20 7946 0000")]),
    ("The number is 020 7946 0000", [("phone", "020 7946 0000")]),
    ("Asked 3 questions from 10:15 to 10:45 on 24.11.2026.", []),
    ("“What would you like to leave here with?”", []),
]
"""A note, and what is found in it, where the people and the plan have the names Brightwater, Hollow, Lee, Martins, Oak and Will."""
