# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium as a reader's browser, and what every page is held to in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Error, Frame, Page, Playwright, expect

from support.install.servers import chromium

QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-sandbox",
)
OFF = (
    # Playwright's own list, which a list of ours replaces, but for the partitioning of what third parties keep: that is what is tested.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    # All frames in one process: Playwright now and then loses sight of a frame that changes its process within a chain of forms.
    "IsolateOrigins",
    "site-per-process",
)
WIDTHS = (360, 1280)
COOKIES_ALL, COOKIES_NO_THIRD_PARTY = 0, 1
BLOCK = 2
PATIENCE_MS = 60_000
"""For whatever a browser is waited for: only a test that fails waits so long, and a busy machine is no failure."""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def browser(
    playwright: Playwright, folder: Path, *, third_party_cookies: bool = True, no_cookies_for: Sequence[str] = (), **context: Any
) -> Iterator[BrowserContext]:
    """A browser with a profile of its own in ``folder``.

    Third-party cookies are allowed or blocked as a reader would, by the setting of the profile; ``no_cookies_for`` are origins whose
    cookies are blocked altogether, partitioned ones too. ``context`` goes to Playwright: viewport, color_scheme, locale.
    """
    preferences = folder / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "cookie_controls_mode": COOKIES_ALL if third_party_cookies else COOKIES_NO_THIRD_PARTY,
        "block_third_party_cookies": not third_party_cookies,
        "content_settings": {"exceptions": {"cookies": {f"{origin},*": {"setting": BLOCK} for origin in no_cookies_for}}},
    }
    preferences.write_text(json.dumps({"profile": profile}))
    off = [*OFF, "TrackingProtection3pcd"] if third_party_cookies else OFF
    args = [*QUIET, "--disable-site-isolation-trials", f"--disable-features={','.join(off)}"]
    found = chromium()
    context.setdefault("viewport", {"width": 1280, "height": 800})
    made = playwright.chromium.launch_persistent_context(
        str(folder), executable_path=str(found) if found else None, headless=True, args=args, **context
    )
    made.set_default_timeout(PATIENCE_MS)
    try:
        yield made
    finally:
        made.close()


def tool_frame(page: Page, tool_url: str) -> Frame:
    """The tool's frame in a page of the LMS, once it is there and loaded; the page itself where the tool is on top."""
    for _ in range(PATIENCE_MS // 100):
        for frame in page.frames:
            if frame.url.startswith(tool_url) and "/lti/" not in frame.url and _loaded(frame):
                return frame
        page.wait_for_timeout(100)
    raise AssertionError(f"no page of the tool in {[frame.url for frame in page.frames]}")


def _loaded(frame: Frame) -> bool:
    """Looked at, not waited for: the event of a frame in a process of its own may come before anybody listens."""
    try:
        return bool(frame.evaluate("document.readyState === 'complete'"))
    except Error:  # it is going elsewhere at this moment
        return False


WIDE = """() => {
  const root = document.documentElement;  // null between two pages
  return document.readyState === 'complete' && root && { wide: root.scrollWidth - root.clientWidth };
}"""


def no_horizontal_scroll(page: Page | Frame) -> None:
    """The page is not wider than its window; a table may scroll within its own region."""
    wide = page.wait_for_function(WIDE).json_value()["wide"]
    assert wide <= 0, f"{page.url} is {wide} px too wide"


def axe_serious(page: Page) -> None:
    """axe finds nothing serious or critical, in the page and in its frames."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = {one["id"]: [node["html"][:160] for node in one["nodes"]][:5] for one in found if one["impact"] in ("serious", "critical")}
    assert grave == {}, f"{page.url}: {grave}"


SMALL = """() => [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [tabindex="0"]')].filter(one => {
  if (one.closest('[hidden], .visually-hidden, [inert]') || one.matches('.skip')) return false;
  const style = getComputedStyle(one);
  if (style.visibility === 'hidden' || style.display === 'none') return false;
  // A link within a sentence is as high as its line (WCAG 2.5.8, inline exception).
  if (one.matches('a') && style.display === 'inline' && one.parentElement.textContent.trim() !== one.textContent.trim()) return false;
  // A radio or checkbox is as large as the label around it.
  const box = (one.matches('input') && one.closest('label') || one).getBoundingClientRect();
  return box.width > 0 && (box.width < 24 || box.height < 24);
}).map(one => one.outerHTML.slice(0, 120))"""


def small_targets(page: Page | Frame) -> None:
    """Whatever can be pressed is at least 24 by 24 px."""
    small = page.evaluate(SMALL)
    assert small == [], f"{page.url}: {small}"


MOVED = """() => {
  const status = document.querySelector('[data-status]');
  if (!status) return [];
  const { dataset } = status, [x, y] = [scrollX, scrollY];
  const kept = [...status.childNodes];
  const buttons = [...status.closest('form').querySelectorAll('button')].filter(one => one.checkVisibility());
  const boxes = () => buttons.map(one => JSON.stringify(one.getBoundingClientRect()));
  const moved = new Set();
  for (const end of [0, document.documentElement.scrollHeight]) {
    scrollTo({ top: end, behavior: 'instant' });
    status.textContent = '';
    const before = boxes();
    for (const text of [dataset.kept, dataset.away, dataset.refused.replace('%s', 'as it is '.repeat(20))]) {
      status.textContent = text.replace('%s', '22:01');
      boxes().forEach((box, at) => box === before[at] || moved.add(`${buttons[at].textContent.trim()}: ${before[at]} -> ${box}`));
    }
  }
  status.replaceChildren(...kept);
  scrollTo({ left: x, top: y, behavior: 'instant' });
  return [...moved];
}"""


def nothing_moves(page: Page | Frame) -> None:
    """What a page says of a draft while it is kept moves no button: somebody may be about to press it."""
    moved = page.evaluate(MOVED)
    assert moved == [], f"{page.url}: {moved}"


FOCUS = """() => {
  let one = document.activeElement;
  if (!one || one === document.body) return null;
  const looks = (what) => { const s = getComputedStyle(what); return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2); };
  const near = [one, one.nextElementSibling, one.parentElement].filter(Boolean);
  return { tag: one.outerHTML.slice(0, 120), seen: near.some(looks) };
}"""


def visible_focus(page: Page, frame: Frame | None = None, most: int = 60) -> int:
    """Tab through the page: whatever has the focus shows it. -> how many stops there were."""
    where = frame or page
    where.evaluate("document.activeElement?.blur()")
    if frame is not None:
        frame.evaluate("document.body.focus()")
    seen: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = where.evaluate(FOCUS)
        if stop is None or (seen and stop["tag"] == seen[0]):
            break
        assert stop["seen"], f"{where.url}: no visible focus on {stop['tag']}"
        seen.append(stop["tag"])
    return len(seen)


def console_errors(page: Page) -> list[str]:
    """Collects what the console complains of from now on, broken content policies included; the list fills as the page lives."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def hold_to_the_look(page: Page, *, keyboard: bool = True) -> None:
    """Everything that a page is held to at the width it has."""
    no_horizontal_scroll(page)
    small_targets(page)
    nothing_moves(page)
    axe_serious(page)
    if keyboard:
        assert visible_focus(page) > 0
