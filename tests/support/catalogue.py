# SPDX-License-Identifier: Apache-2.0
"""The catalogue of all texts for people: made anew from code and templates, with every language brought in step (make translations)."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "lti_mentoring" / "translations"
CATALOGUE = FOLDER / "messages.pot"
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
HEADER = """\
# SPDX-License-Identifier: Apache-2.0
# Every text of the tool for people. Made by `make translations`; do not edit."""
UNSAID = (
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Report-Msgid',
    '"Last-Translator',
    '"Language-Team',
    '"Generated-By',
    '"Project-Id',
)
"""Header lines that would change without a text having changed."""


def extracted() -> Catalog:
    """The texts as code and templates have them now."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog(project="lti-mentoring", header_comment=HEADER, fuzzy=False)
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",), directory_filter=_ours)
    for name, _line, message, comments, context in found:
        catalog.add(message, None, [(Path(name).as_posix(), None)], auto_comments=comments, context=context)
    return catalog


def _ours(folder: str | Path) -> bool:
    name = Path(folder).name
    return not name.startswith(".") and name not in ("tests", "docs", "var", "build", "dist", "_bundled")


def kept() -> Catalog:
    """The texts as the catalogue has them."""
    with CATALOGUE.open("rb") as file:
        return read_po(file)


def written(catalog: Catalog) -> bytes:
    """A catalogue as a file: sorted, without the day it was made, so that it changes only with a text."""
    buffer = BytesIO()
    write_po(buffer, catalog, sort_output=True, width=100, include_lineno=False)
    lines = buffer.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(UNSAID)).encode()


def renew() -> None:
    """Write the catalogue, and merge it into each language that there is."""
    catalog = extracted()
    FOLDER.mkdir(exist_ok=True)
    CATALOGUE.write_bytes(written(catalog))
    for file in FOLDER.glob("*/LC_MESSAGES/messages.po"):
        with file.open("rb") as opened:
            language = read_po(opened)
        language.update(catalog, no_fuzzy_matching=True)
        file.write_bytes(written(language))


if __name__ == "__main__":
    renew()
