"""What the page makes of a connection: what is known is shown at once and stays, and what is asked for is asked once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon import messages as m
from daemon.service.router import Reply
from tests.serve.browser import View, chromium
from tests.serve.web_stage import TOKEN, Daemon, served


class Racked(Daemon):
    """A daemon with one plugin, which has one parameter."""

    def _submit(self, commands: Any, reply: Reply, _: bool) -> None:
        self.taken.extend(commands)
        param = {"id": "cutoff", "name": "Cutoff", "value": 0.5, "text": "", "unit": ""}
        reply({"ok": True, "results": [{"params": [param]} for _ in commands]})

    def says(self, now: int, *more: m.Message) -> None:
        for message in (*more, beats(now)):
            message.rate = 48000
            self.publisher.publish(message)

    @property
    def gets(self) -> int:
        return sum(one["cmd"] == "get" for one in self.taken)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Racked]:
    made = Racked(tmp_path)
    yield made
    made.close()


def beats(now: int) -> m.Transport:
    return m.Transport(
        sample_time=now, beat=0.0, tempo_bpm=100.0 + now / 48000, playing=False, source="tap", confidence=1.0
    )


def known() -> tuple[m.Message, ...]:
    plugin = m.RackPlugin("voice", 2, "jamd:synth", "voice", False, 1.0, "on", "")
    chain = m.RackChain("main", 1, "input", "main", 0.0, 0.0, 1.0, False, False, [], [plugin])
    rack = m.RackState(preset="demo", path="", chains=[chain], snapshots=[], snapshot="", mappings=0)
    return rack, m.Key(name="G minor", tonic=7, mode="minor", confidence=1.0)


def follows(browser: Any, daemon: Racked, url: str) -> View:
    """A page that was opened when the key and the rack were known already."""
    first = View(browser, url)
    first.is_live()
    daemon.has_joined()
    daemon.says(0, *known())
    first.until("() => document.querySelector('#now-key').textContent.startsWith('G')")
    view = View(browser, url)
    view.until("() => document.querySelector('#now-key').textContent.startsWith('G')")
    first.close()
    daemon.taken.clear()
    return view


def test_what_was_known_before_is_still_shown_after_frames(browser: Any, daemon: Racked) -> None:
    with served(is_here=True, **daemon.addresses) as running:
        view = follows(browser, daemon, running.url)
        view.until("() => document.querySelectorAll('#rack .knob').length === 1")
        for second in range(1, 4):
            daemon.says(48000 * second)
            view.until(
                "tempo => document.querySelector('#transport output').textContent === tempo", f"{100 + second}.0"
            )
        assert view.page.locator("#now-key").inner_text().startswith("G")
        assert daemon.gets <= 1
        assert not view.complaints
        view.close()


def test_the_parameters_come_with_the_token(browser: Any, daemon: Racked) -> None:
    with served(is_here=False, **daemon.addresses) as running:
        view = follows(browser, daemon, running.url)
        view.until("() => document.querySelectorAll('#rack .plugin').length === 1")
        assert view.page.locator("#rack .knob").count() == 0
        view.page.locator("#token-field").fill(TOKEN)
        view.page.keyboard.press("Enter")
        view.until("() => document.querySelectorAll('#rack .knob').length === 1")
        view.close()
