"""The page beyond its machine: who has no token looks, who has it controls, and it does not stay in the address."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon import messages as m
from tests.serve.browser import View, chromium
from tests.serve.web_stage import TOKEN, Daemon, Server, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def server(browser: Any, tmp_path: Path) -> Iterator[tuple[Server, Daemon]]:
    daemon = Daemon(tmp_path)
    with served(is_here=False, **daemon.addresses) as running:
        yield running, daemon
    daemon.close()


def test_only_who_has_the_token_controls(browser: Any, server: tuple[Server, Daemon]) -> None:
    running, daemon = server
    view = View(browser, running.url)
    page = view.page
    page.locator("#token").wait_for(state="visible")
    assert page.locator("#panic").is_disabled()
    page.locator("#token-field").fill("wrong")
    page.keyboard.press("Enter")
    view.until("() => document.getElementById('token-error').textContent.includes('not the token')")
    page.locator("#token-field").fill(TOKEN)
    page.keyboard.press("Enter")
    page.locator("#token").wait_for(state="hidden")
    page.locator("#panic").click()
    view.until("() => !document.getElementById('panic').disabled")
    page.wait_for_timeout(300)
    assert {"cmd": "panic"} in daemon.taken
    view.close()


def test_the_token_of_the_address_is_taken_out_of_it_and_kept_for_the_tab(
    browser: Any, server: tuple[Server, Daemon]
) -> None:
    running, _ = server
    view = View(browser, f"{running.url}/#token={TOKEN.replace(' ', '%20')}")
    view.until("() => !document.getElementById('panic').disabled")
    assert "token" not in view.page.url
    view.page.reload()
    view.until("() => !document.getElementById('panic').disabled")
    assert view.page.evaluate("() => localStorage.getItem('jamd-token')") is None
    view.close()


def test_what_it_is_told_is_only_text(browser: Any, server: tuple[Server, Daemon]) -> None:
    running, daemon = server
    view = View(browser, running.url)
    view.is_live()
    daemon.has_joined()
    evil = "<img src=x onerror=\"document.title='taken'\">"
    plugin = m.RackPlugin(evil, 2, "jamd:synth", evil, False, 1.0, "failed", evil)
    chain = m.RackChain(evil, 1, "input", "main", 0.0, 0.0, 1.0, False, False, [], [plugin])
    for message in (
        m.RackState(preset=evil, path=evil, chains=[chain], snapshots=[evil], snapshot="", mappings=0),
        m.Osc(address=evil, arguments=[evil], error=evil),
        m.MidiPort(port=evil, direction="in", state="lost", error=evil),
        m.Output(name=evil, state="failed", error=evil),
        m.Model(task=evil, name=evil, state="refused", error=evil),
        m.Chord(name=evil, root=0, bass=0, confidence=1.0),
        m.Key(name=evil, tonic=0, mode="major", confidence=1.0),
        m.Engine(state="failed", error=evil),
        m.Panic(why="ctl", text=evil),
    ):
        message.rate = 48000
        daemon.publisher.publish(message)
    view.until("() => document.querySelector('#rack h3')?.textContent.includes('<img')")
    view.until("() => document.querySelector('#panicked-why').textContent.includes('<img')")
    assert view.page.locator("img").count() == 0
    assert view.page.title() == "jamd"
    assert not view.complaints
    view.close()
