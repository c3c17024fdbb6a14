# SPDX-License-Identifier: Apache-2.0
"""The wheel, installed in an empty environment outside the repository, starts the demo and shows its pages.

The environment holds the product and nothing else. Its dependencies are lent by the environment that runs the tests, through a
path file that lists that environment's packages but not the repository, so that the test asks the package index for nothing; that the
lock alone is enough to install them is what ``make setup`` shows.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product as a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    asked = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it, far from the repository. -> its programs."""
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home / "venv", with_pip=False)
    python = home / "venv/bin/python"
    site = next((home / "venv/lib").glob("python*")) / "site-packages"
    asked = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 0, done.stderr
    # A line in a path file adds a folder, but does not read the path files in it: an editable product there stays unseen.
    (site / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return python.parent


def test_the_wheel_carries_what_pages_and_programmes_need(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, kept in (("config", "default.toml"), ("templates", "base.html")):
        own = {f"lti_mentoring/_bundled/{file.relative_to(ROOT).as_posix()}" for file in (ROOT / folder).rglob("*") if file.is_file()}
        assert f"lti_mentoring/_bundled/{folder}/{kept}" in names
        assert own <= names
    static = {file.relative_to(ROOT).as_posix() for file in (ROOT / "lti_mentoring").rglob("static/**/*") if file.is_file()}
    assert static
    assert static <= names
    assert any(name.startswith("lti_mentoring/store/migrations/versions/") for name in names)
    assert not [name for name in names if name.startswith("tests/") or "AGPL" in name or "campus" in name]


def test_the_source_distribution_carries_the_product_and_nothing_of_its_peers(tmp_path: Path):
    # In a process of its own, as a front end does it: the build back end changes folders.
    code = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
        licences = {name for name in names if name.startswith("LICENSES/")}
        texts = [packed.extractfile(one).read().decode() for one in packed.getmembers() if one.name.endswith((".py", ".toml", ".txt"))]  # type: ignore[union-attr]
    assert "lti_mentoring/app.py" in names
    assert licences == {f"LICENSES/{file.name}" for file in (ROOT / "LICENSES").iterdir()}
    assert not [name for name in names if name.startswith("tests/") or "AGPL" in name or "openedx" in name.lower()]
    assert not [text[:200] for text in texts if "SPDX-License-Identifier: AGPL" in text]


def bare() -> dict[str, str]:
    """The environment without what points Python or the product to this repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LTI_MENTORING_", "PYTHON"))}


def test_the_wheel_is_what_runs_there(elsewhere: Path):
    code = "import lti_mentoring; print(lti_mentoring.__file__)"
    shown = subprocess.run([elsewhere / "python", "-c", code], capture_output=True, text=True, check=True, cwd=elsewhere, env=bare())
    assert str(elsewhere.parent) in shown.stdout


@pytest.fixture
def demo(elsewhere: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The demo, started from the wheel. -> the tool's address and the pocket LMS's."""
    ports = {"DEMO_TOOL_PORT": str(free_port()), "DEMO_LMS_PORT": str(free_port())}
    environ = bare() | ports
    log = tmp_path / "out"
    with log.open("wb") as out:
        running = subprocess.Popen([elsewhere / "lti-mentoring", "demo"], cwd=tmp_path, env=environ, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 80
        while "Ctrl-C" not in log.read_text():
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://localhost:{ports['DEMO_TOOL_PORT']}", f"http://127.0.0.1:{ports['DEMO_LMS_PORT']}"
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)


def fetch(url: str) -> str:
    """A page's text."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_the_demo_starts_from_the_wheel_and_shows_both_sides(demo: tuple[str, str]):
    tool, lms = demo
    first = re.search(r'href="(/[a-z]+/)"', fetch(f"{lms}/"))
    assert first
    assert "<h1" in fetch(f"{lms}{first[1]}course")
    assert "ok" in fetch(f"{tool}/readyz")
    assert '"keys"' in fetch(f"{tool}/.well-known/jwks.json")
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(f"{tool}/lti/login")
    page = refused.value.read().decode()
    refused.value.close()
    assert refused.value.code == 400
    styles = re.findall(r'href="(/[^"]+\.css[^"]*)"', page)
    assert styles, page
    assert all(fetch(tool + style) for style in styles)
