"""Chromium without a screen, and pages in it that note what no page of jamd's may do."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=2",  # ten pages are not ten processes
)
LATEST_MS = 30_000  # for what must come at some time, on a busy machine

# What a panel shows: its text, its sliders, and a sum of what is drawn.
FACE = """id => {
  const root = document.getElementById(id)
  const drawn = [...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())
  const slid = [...root.querySelectorAll("input")].map((input) => input.value)
  return JSON.stringify([root.innerText, slid, drawn])
}"""


class View:
    """One page, and all that it asked for and complained of."""

    def __init__(self, browser: Any, url: str, width: int = 1440, height: int = 900, before: str = "", **more: Any):
        self.context = browser.new_context(viewport={"width": width, "height": height}, **more)
        self.page = self.context.new_page()
        self.page.set_default_timeout(LATEST_MS)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        if before:
            self.page.add_init_script(before)
        self.page.goto(url)

    def until(self, holds: str, given: Any = None) -> None:
        """Wait until a JavaScript function of `given` gives something true."""
        self.page.wait_for_function(holds, arg=given)

    def is_live(self) -> None:
        """Return when the page is connected and has been shown something."""
        self.until("() => document.body.dataset.link === 'live'")

    def face(self, panel: str) -> str:
        return self.page.evaluate(FACE, panel)

    def changes(self, panel: str, since: str) -> None:
        """Wait until a panel looks otherwise."""
        self.page.evaluate("id => document.getElementById(id).scrollIntoView()", panel)
        self.until(f"([id, since]) => ({FACE})(id) !== since", [panel, since])

    def close(self) -> None:
        self.context.close()


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """The browser; without it the test is skipped and says why."""
    if not CHROMIUM:
        pytest.skip("Chromium is not installed: sudo apt install chromium")
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
