"""`jamd next` as its user meets it: what is shown, what keys do, and a list without a daemon."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from daemon import messages as m
from daemon.cli import main
from daemon.next_up import order
from daemon.outputs.next_view import NextView
from tests.recommend.booth_stage import library

PARTS = [
    m.NextPart("tempo", 0.9, "124.0 -> 126.0 BPM, fader +1.6 %"),
    m.NextPart("key", 1.0, "8A -> 9A, a fifth up"),
    m.NextPart("played_after", 0.5, "played after it 3 times"),
]


def item(k: int, **rest: object) -> m.NextItem:
    given = {"title": f"Title {k}", "artist": f"Artist {k}", "parts": PARTS} | rest
    return m.NextItem(id=k, tempo_bpm=120.0 + k, key="8A", score=1 - k / 10, family="content", **given)


def suggestions(n: int = 5, **rest: object) -> m.Suggestions:
    given = {"families": ["content", "collaborative", "deep"], "items": [item(k) for k in range(1, n + 1)]} | rest
    return m.Suggestions(session_id=1, after_id=9, after="A - B", why="track", **given)


def playing(**rest: object) -> m.Playing:
    given = {"item_id": 9, "title": "Blue Monday", "artist": "Ann", "position_s": 150.0, "duration_s": 300.0}
    return m.Playing(
        **given | {"speed": 1.02, "source": "heard", "tempo_bpm": 124.0, "key": "8A", "confidence": 0.9} | rest
    )


def shown(view: NextView, width: int = 100, height: int = 30) -> str:
    console = Console(width=width, force_terminal=False, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(view.frame(width, height))
    return console.export_text()


@pytest.fixture
def view() -> NextView:
    made = NextView("jamd next", "keys")
    made.take(playing())
    made.take(suggestions())
    return made


def test_what_plays_what_remains_and_why_is_there(view: NextView) -> None:
    text = shown(view)
    for said in ("Ann - Blue Monday", "recognised", "126.5 BPM (+2.0 %)", "2:30 / 5:00", "-2:27", "Artist 5 - Title 5"):
        assert said in text, text
    assert text.count("fader +1.6 %") == 5
    assert text.count("a fifth up") == 5


@pytest.mark.parametrize(("width", "height"), [(40, 10), (60, 14), (80, 24), (200, 60), (20, 5)])
def test_it_fits(view: NextView, width: int, height: int) -> None:
    view.take(suggestions(items=[item(k, title="x" * 300) for k in range(1, 6)]))
    lines = shown(view, width, height).rstrip("\n").split("\n")
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(height, 11)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (suggestions(stale=True, late=3), "the next list is late (3)"),
        (suggestions(0, note="the library is empty"), "the library is empty"),
        (suggestions(families=["deep"]), "(content off)"),
        (playing(item_id=0), "it is not in the library"),
        (playing(item_id=0, title="", artist="", source=""), "nothing known plays"),
        (playing(duration_s=0.0), "2:30"),
        (playing(title="[bold]x[/bold]"), "[bold]x[/bold]"),
        (m.Recommender(state="off", error="no suggestions: scan"), "no suggestions: scan"),
        (
            m.Session(session_id=1, dj="", started=0.0, count=0, plays=[], wishes={"tempo_bpm": [120.0, 126.0]}),
            "120 to 126",
        ),
    ],
)
def test_what_is_amiss_or_wished_for_is_said(view: NextView, message: m.Message, says: str) -> None:
    view.take(message)
    assert says in shown(view)


class Asked:
    def __init__(self) -> None:
        self.commands: list[dict] = []

    def ask(self, command: dict) -> None:
        self.commands.append(command)


def test_keys(view: NextView) -> None:
    asked = Asked()
    for key in "3jjjjks+-udhcx9":
        order(key, view, asked)
    verdict = {"cmd": "next_verdict"}
    assert asked.commands == [
        {**verdict, "verdict": "accept", "id": 3},
        *({**verdict, "verdict": name, "id": 4} for name in ("skip", "up", "down")),
        *({"cmd": "next_wish", "energy": name} for name in ("up", "down", "hold")),
        {"cmd": "next_wish", "families": ["collaborative", "deep"]},
    ]
    view.take(suggestions(items=[item(1), item(2, verdict=0.5)], families=["deep"]))
    for key in "2n":
        order(key, view, asked)
    assert asked.commands[-1] == {"cmd": "next_played", "id": 2}, "twice: it plays; and one family must stay on"


def test_the_chosen_one_stays_chosen_in_another_list(view: NextView) -> None:
    view.choose(2)
    view.take(suggestions(items=[item(5), item(3), item(1)]))
    assert view.items[view.chosen].id == 3


def jamd(*words: object) -> Result:
    return CliRunner().invoke(main, ["next", *map(str, words)])


def test_without_a_daemon_the_library_answers(tmp_path: Path) -> None:
    path = library(tmp_path / "l.db")
    found = json.loads(jamd("--after", "blue monday", "--library", path, "--json", "-n", 3).stdout)
    assert found["playing"]["title"] == "Blue Monday"
    assert len(found["items"]) == 3
    assert 1 not in [one["id"] for one in found["items"]]
    assert "Blue Monday" in jamd("--after", "#1", "--library", path).stdout
    for words, says in (
        (("--after", "polka", "--library", path), "nothing in the library is called 'polka'"),
        (("--after", "#99", "--library", path), "there is no item #99"),
        (("--after", "x", "--library", tmp_path / "none.db"), "jamd library scan"),
        (("--once", "--control", f"ipc://{tmp_path}/nobody"), "no daemon answers"),
    ):
        done = jamd(*words)
        assert done.exit_code == 1
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
