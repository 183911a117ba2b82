"""The page in Chromium, before a daemon that plays: what it shows, what it commands, and what it must never do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from daemon import messages as m
from tests.serve.browser import View, chromium
from tests.serve.page_stage import HOSTILE, Playing

PANELS = ("level", "lane", "roll", "band", "wheel", "next", "rack", "lights", "monitor", "health", "house")
MOVING = ("transport", "level", "lane", "roll", "wheel", "lights", "monitor", "health", "rack", "band")
PAGES = 4  # ten were tried by hand: without a graphics card they leave the tests beside them no time


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def playing(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playing]:
    daemon = Playing(tmp_path_factory.mktemp("page"))
    yield daemon
    daemon.close()


@pytest.fixture(scope="module")
def view(browser: Any, playing: Playing) -> Iterator[View]:
    """The page that most tests look at; whatever they did, it complained of nothing and asked nobody else."""
    opened = View(browser, playing.url)
    opened.is_live()
    yield opened
    assert not opened.complaints
    assert {urlsplit(url).netloc for url in opened.asked} == {urlsplit(playing.url).netloc}
    opened.close()


def test_every_panel_lives(view: View, playing: Playing) -> None:
    before = {panel: view.face(panel) for panel in MOVING}
    playing.send_osc("/jamd/set/voice/cutoff", 0.25)
    for panel in MOVING:
        view.changes(panel, before[panel])
    view.until("() => /[.]/.test(document.querySelector('#transport output').textContent)")
    view.until("() => document.querySelectorAll('#rack .knob').length >= 10")
    playing.send_osc("/jamd/set/voice/cutoff", 0.25)  # the first has been pushed out where this took long
    view.until("() => /jamd\\/set\\/voice/.test(document.querySelector('#monitor').textContent)")
    view.until("() => /recording/.test(document.querySelector('#house').textContent)")
    view.until("() => /channels lit/.test(document.querySelector('#lights').textContent)")
    view.until("() => /s/.test(document.querySelector('#rack .load').textContent)")
    view.until("() => /timer/.test(document.querySelector('#health').textContent)")


def test_a_slider_moves_the_parameter_and_follows_others(view: View, playing: Playing) -> None:
    slider = view.page.get_by_label("voice Cutoff", exact=True)
    playing.do({"cmd": "set", "plugin": "voice", "param": "cutoff", "value": 0.75})
    view.until("label => document.querySelector(`[aria-label='${label}']`)?.value === '0.75'", "voice Cutoff")
    playing.passed_over()
    slider.press("ArrowRight")
    moved = playing.heard(m.PluginParam, lambda one: one.param == "cutoff")
    assert (moved.plugin, moved.value, moved.origin) == ("voice", pytest.approx(0.755), "ctl")


def test_bypass_and_snapshots(view: View, playing: Playing) -> None:
    playing.passed_over()
    view.page.get_by_label("bypass voice").click()
    playing.heard(m.RackState, lambda rack: rack.chains[1].plugins[0].bypass)
    view.until("() => document.querySelector(\"[aria-label='bypass voice']\").getAttribute('aria-pressed') === 'true'")
    view.page.get_by_label("bypass voice").click()
    playing.heard(m.RackState, lambda rack: not rack.chains[1].plugins[0].bypass)
    view.page.get_by_role("group", name="Snapshots").get_by_text("reed").click()
    playing.heard(m.RackState, lambda rack: rack.snapshot == "reed")
    view.until("() => document.querySelector('.snapshots [aria-pressed=true]')?.textContent === 'reed'")


def test_what_could_be_next_is_said_and_judged(view: View) -> None:
    page = view.page
    page.locator("#next .tracks li").first.wait_for(timeout=240_000)  # the first list may have to be compiled
    view.until("() => document.querySelector('#next .why')?.textContent")  # once something is heard
    page.locator("#next").get_by_role("button", name="down", exact=True).click()
    view.until("() => document.querySelector('#next h2 [aria-pressed=true]')?.textContent === 'down'")
    page.locator("#next .tracks li").first.get_by_text("Play it").click()
    page.locator("#next").get_by_text("It plays").first.click()
    view.until("() => /[\u25b6].*told/.test(document.querySelector('#next .plays').textContent)")


def test_a_hostile_title_stays_text(view: View, playing: Playing) -> None:
    playing.do_in_time({"cmd": "next_played", "words": "onerror"})
    view.until("title => document.querySelector('#next .plays').textContent.includes(title)", HOSTILE)
    assert view.page.locator("#panels img, #panels b >> text='not bold'").count() == 0
    assert view.page.title() == "jamd"


@pytest.mark.parametrize("way", ["button", "shift", "escape"])
def test_panic(view: View, playing: Playing, way: str) -> None:
    page = view.page
    assert page.locator("#panicked").is_hidden()
    playing.passed_over()
    if way == "button":
        page.locator("#panic").click()
    elif way == "shift":
        page.keyboard.press("Shift+P")
    else:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    playing.heard(m.Panic, lambda panic: not panic.over and panic.why == "ctl")
    page.locator("#go-on").click()
    playing.heard(m.Panic, lambda panic: panic.over)
    page.locator("#panicked").wait_for(state="hidden")


def test_one_escape_and_a_p_are_no_panic(view: View, playing: Playing) -> None:
    playing.passed_over()
    view.page.keyboard.press("Escape")
    view.page.keyboard.press("p")
    with pytest.raises(AssertionError):
        playing.heard(m.Panic, seconds=1.0)


def test_what_just_happened_is_saved(view: View, playing: Playing) -> None:
    view.until("() => /recording/.test(document.querySelector('#house').textContent)")
    playing.heard(m.Heartbeat, lambda heart: heart.blocks > 1000)  # there is something to save
    view.page.locator("#house").get_by_text("Save what just happened").click()
    view.until("() => /saved/.test(document.querySelector('#notes').textContent)")
    assert list(Path(playing.folder, "kept").iterdir())


def test_a_cut_connection_is_said_and_comes_back(view: View, playing: Playing) -> None:
    playing.cut()
    view.page.locator("#lost").wait_for(state="visible")
    assert "Connection lost" in view.page.locator("#lost").inner_text()
    assert view.page.locator("#panic").is_disabled()
    view.is_live()
    view.page.locator("#lost").wait_for(state="hidden")
    view.changes("level", view.face("level"))
    own = [said for said in view.complaints if "WebSocket connection" in said]  # Chromium's line for each try
    for said in own:
        view.complaints.remove(said)


def test_all_can_be_reached_by_keyboard(view: View) -> None:
    page = view.page
    wanted = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll("a[href], button:enabled, input:enabled, select:enabled")]
          const open = all.filter((one) => one.checkVisibility() && !one.closest("fieldset:disabled"))
          open.forEach((one, k) => (one.dataset.stop = k))
          document.activeElement.blur()
          return open.length
        }"""
    )
    reached, unseen = set(), []
    for _ in range(wanted + 20):
        page.keyboard.press("Tab")
        stop, outline = page.evaluate(
            "() => [document.activeElement.dataset.stop ?? '', getComputedStyle(document.activeElement).outlineStyle]"
        )
        if stop:
            reached.add(stop)
            unseen += [stop] if outline == "none" else []
    assert len(reached) >= wanted - 3  # a list that has just been made anew has lost its marks
    assert not unseen
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    page.locator("#shortcuts").wait_for(state="hidden")


def test_many_pages(browser: Any, playing: Playing, capsys: pytest.CaptureFixture) -> None:
    """The engine's figures before and after are told; that all pages live, and that the wire lost nothing, is held.

    They are small: without a graphics card one machine draws all of them.
    """
    playing.passed_over()
    before = playing.heard(m.Heartbeat)
    pages = [View(browser, playing.url, 320, 240) for _ in range(PAGES)]
    loudness = "() => document.querySelector('#level output').textContent"
    for one in pages:
        one.is_live()
        one.until(f"since => ({loudness})() !== since", one.page.evaluate(loudness))
    playing.passed_over()
    after = playing.heard(m.Heartbeat)
    for one in pages:
        assert not one.complaints
        one.close()
    assert after.drops["stream"] == before.drops["stream"]
    told = (f"{name} {getattr(before, name)} -> {getattr(after, name)}" for name in ("xruns", "late_blocks"))
    with capsys.disabled():
        print(f"\n{PAGES} pages, in {after.blocks - before.blocks} blocks: {', '.join(told)}")


@pytest.mark.parametrize("width", [320, 360, 390, 768])
def test_nothing_is_wider_than_the_screen(browser: Any, playing: Playing, width: int) -> None:
    narrow = View(browser, playing.url, width, 740)
    narrow.is_live()
    narrow.until("() => document.querySelectorAll('#rack .knob').length >= 10")
    assert narrow.page.evaluate("() => document.documentElement.scrollWidth") <= width
    for panel in PANELS:
        inner, outer = narrow.page.evaluate(
            "id => { const one = document.getElementById(id); return [one.scrollWidth, one.clientWidth] }", panel
        )
        assert inner <= outer + 1, panel
    assert narrow.page.locator("#panic").bounding_box()["width"] >= 44
    assert not narrow.complaints
    narrow.close()


def test_a_page_out_of_sight_lets_go(browser: Any, playing: Playing) -> None:
    hide = "() => { Object.defineProperty(document, 'hidden', {get: () => window.away === true, configurable: true}) }"
    hidden = View(browser, playing.url, before=f"({hide})()")
    hidden.is_live()
    look = "away => { window.away = away; document.dispatchEvent(new Event('visibilitychange')) }"
    hidden.page.evaluate(look, True)
    hidden.until("() => document.body.dataset.link === 'resting'")
    hidden.page.evaluate(look, False)
    hidden.is_live()
    hidden.close()


def test_less_motion_stands_still(browser: Any, playing: Playing) -> None:
    calm = View(browser, playing.url, reduced_motion="reduce")
    calm.is_live()
    calm.changes("lane", calm.face("lane"))
    assert calm.page.evaluate("() => getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    calm.close()
