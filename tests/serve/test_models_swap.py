"""Another model in one's place while it is used: every answer comes, a refused one changes nothing, and all is said."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon import messages as m
from daemon.bandstand import Bandstand
from daemon.booth import Booth
from daemon.casting import MOST, Casting
from daemon.config import Generate, Recommend
from daemon.desk.commands.models import ModelUse
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.deep.phrase import Bass, Neural
from daemon.generate.live.link import Failed, Made
from daemon.generate.live.worker import Worker
from daemon.generate.note import Note, Played
from daemon.hearing.room import Hearing
from daemon.models import adding, shelf, using
from daemon.models.opening import open_model
from daemon.recommend.live.link import Open
from daemon.recommend.live.worker import Worker as Recommends
from daemon.registry import target
from tests.generate.stage import RATE, TURN, Receiver
from tests.recommend.booth_stage import library
from tests.serve import models_stage as stage

LINE = (60, 62, 64, 65, 67, 65, 64, 62) * 2
HEARD = tuple(Played(12 * k, 12, pitch, 80, 0, 0.5, -1.0) for k, pitch in enumerate(LINE))
CONTEXT = Context(tick=12 * len(LINE), heard=HEARD, phrase=12 * len(LINE) // 2, key_confidence=0.9)
PHRASE = 192  # ticks
DUE_NS = 60 * 10**9  # patient: what is tried is what comes, not when
ANSWER, BASS = ("answer", "neural"), ("bass", "neural")
SEEDS = range(3)
FAMILIES = ["content", "collaborative", "deep"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A shelf with another model for each task, and one that is damaged after it was added."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("models")
        patch.setenv("JAMD_MODEL_FOLDER", str(folder / "shelf"))
        for task in ("phrase", "harmony", "next"):
            adding.add(stage.dulled(task, folder, f"{task}-other"))
            adding.add(stage.copied(task, folder, f"{task}-broken"))
        for path in (folder / "shelf").glob("*-broken/*.onnx"):
            stage.spoilt(path, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
        of("phrase")  # what is compiled for it is there when a process wants it
        yield folder / "shelf"


@pytest.fixture(autouse=True)
def home(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JAMD_MODEL_FOLDER", str(made))
    monkeypatch.setattr(using, "USE_S", 240.0)  # where other tests have the cores, too
    return made


def basses(model: str) -> list[list[Note]]:
    bass = Bass(open_model("phrase", model))
    return [bass.play(CONTEXT, Constraints(seed=seed), PHRASE) for seed in SEEDS]


class Watched:
    """A worker of either process, all it says, and waits that fail."""

    def __init__(self, worker: Any) -> None:
        self.worker = worker
        self.said: list[m.Message] = []

    def until(self, done: Callable[[], Any], seconds: float = 240.0) -> Any:
        ends_at = time.monotonic() + seconds
        while not (found := done()):
            assert time.monotonic() < ends_at, f"not in time; it said {self.said[-10:]}"
            self.said += self.worker.turn()
            time.sleep(0.002)
        return found

    def models(self) -> list[tuple[str, str, str]]:
        return [(one.task, one.name, one.state) for one in self.said if isinstance(one, m.Model)]

    def used(self, *words: str) -> dict[str, Any]:
        """What a `use` is answered with."""
        answers: list[dict[str, Any]] = []
        self.worker.use(*words, answers.append)
        return self.until(lambda: answers)[0]


class Generators(Watched):
    def __init__(self, *names: tuple[str, str], environment: dict[str, str] | None = None) -> None:
        super().__init__(Worker(environment))
        for role, name in names:
            self.worker.want(role, name, target(role, name))
        self.until(lambda: all(self.worker.is_ready(*name) for name in names))
        self.until(self.models)

    def ask(self, name: tuple[str, str] = ANSWER, seed: int = 1) -> int:
        number = self.worker.ask(*name, CONTEXT, Constraints(seed=seed), PHRASE, time.monotonic_ns() + DUE_NS)
        assert number, "there is somebody to ask"
        return number

    def answer(self, number: int) -> list[Note]:
        found: list[Made | Failed] = []
        self.until(lambda: found.append(one) if (one := self.worker.take(number)) else found)
        assert isinstance(found[0], Made), found
        return found[0].notes


@pytest.fixture
def watched() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    there: list[Watched] = []

    def make(kind: Callable[[], Watched]) -> Watched:
        there.append(kind())
        return there[-1]

    yield make
    for one in there:
        one.worker.close()


def of(model: str) -> list[Note]:
    """What that model answers."""
    return Neural(open_model("phrase", model)).play(CONTEXT, Constraints(seed=1), PHRASE)


def test_while_phrases_are_asked_for_another_model_takes_over_and_none_is_lost(watched) -> None:
    band = watched(lambda: Generators(ANSWER, BASS))
    assert band.models() == [("phrase", "phrase", "used")]
    own, other = of("phrase"), of("phrase-other")
    assert own != other and own and other
    assert band.answer(band.ask()) == own
    pid, answers, heard = band.worker.pid, [], []
    band.worker.use("phrase", "phrase-other", answers.append)
    while not answers:
        heard.append(band.answer(band.ask()))
        time.sleep(0.1)  # far denser than a player's phrases, and yet not all that the process does
    assert heard and all(notes in (own, other) for notes in heard)
    assert own in heard, "the first goes on while the other is made ready"
    assert answers == [
        {"ok": True, "results": [{"task": "phrase", "model": "phrase-other", "version": "3", "state": "used"}]}
    ]
    assert band.answer(band.ask()) == other
    assert [band.answer(band.ask(BASS, seed)) for seed in SEEDS] == basses("phrase-other") != basses("phrase")
    assert band.models()[1:] == [("phrase", "phrase-other", "used")]
    assert band.worker.pid == pid

    os.kill(pid, signal.SIGKILL)
    band.until(lambda: not band.worker.is_ready(*ANSWER))
    band.until(lambda: band.worker.is_ready(*ANSWER))
    assert band.answer(band.ask()) == other, "and the next process begins with it"
    assert band.used("phrase", "own")["results"][0]["model"] == "phrase"
    assert band.answer(band.ask()) == own


def test_a_broken_model_is_refused_and_the_old_one_plays_on(watched) -> None:
    band = watched(lambda: Generators(ANSWER))
    own = of("phrase")
    answer = band.used("phrase", "phrase-broken")
    assert answer["error"]["code"] == 422
    assert "its hash is not its card's" in answer["error"]["text"]
    assert band.models()[1:] == [("phrase", "phrase-broken", "refused")]
    assert band.answer(band.ask()) == own
    answer = band.used("phrase", "nobody")
    assert "there is no model 'nobody' for phrase" in answer["error"]["text"]
    assert band.answer(band.ask()) == own


def test_of_two_that_are_asked_for_at_once_the_last_is_used(watched) -> None:
    band = watched(lambda: Generators(ANSWER))
    answers: dict[str, dict[str, Any]] = {}
    for name in ("phrase-broken", "phrase", "phrase-other"):
        band.worker.use("phrase", name, lambda answer, name=name: answers.setdefault(name, answer))
    band.worker.use("phrase", "phrase-other", lambda answer: answers.setdefault("again", answer))
    band.until(lambda: len(answers) == 4)
    assert answers["again"]["error"]["code"] == 409
    assert "error" in answers["phrase-broken"]
    assert answers["phrase-other"]["ok"]
    assert band.answer(band.ask()) == of("phrase-other")


def test_chords_are_foreseen_by_another_model_too(watched) -> None:
    band = watched(lambda: Generators(("harmony", "neural")))
    assert band.models() == [("harmony", "harmony", "used")]
    band.worker.hear(list(HEARD), CONTEXT)
    assert band.used("harmony", "harmony-other")["ok"]
    due = time.monotonic_ns() + DUE_NS
    number = band.worker.ask("harmony", "neural", CONTEXT, Constraints(), 4, due)
    made = band.until(lambda: band.worker.take(number))
    assert isinstance(made, Made) and made.chords, "it was told what had been played before it came"


def test_one_that_was_chosen_and_is_broken_is_said_and_jamds_own_plays(watched) -> None:
    band = watched(lambda: Generators(ANSWER, environment=shelf.environment({"phrase": "phrase-broken"})))
    assert band.models() == [("phrase", "phrase-broken", "refused"), ("phrase", "phrase", "used")]
    assert "its hash is not" in next(one.error for one in reversed(band.said) if isinstance(one, m.Model))
    assert band.answer(band.ask()) == of("phrase")


def test_a_process_that_dies_or_hangs_over_a_model_goes_on_with_the_old_one(watched, monkeypatch) -> None:
    band = watched(lambda: Generators(ANSWER))
    monkeypatch.setattr(using, "USE_S", 0.2)
    answers: list[dict[str, Any]] = []
    os.kill(band.worker.pid, signal.SIGSTOP)  # as one that is stuck
    band.worker.use("phrase", "phrase-other", answers.append)
    band.until(lambda: answers)
    assert "the process hung while phrase-other was made ready" in answers[0]["error"]["text"]
    monkeypatch.setattr(using, "USE_S", 240.0)
    band.until(lambda: band.worker.is_ready(*ANSWER))
    assert band.answer(band.ask()) == of("phrase")


# In the band, and by the command.


class Told:
    """A bandstand, a booth without a library, and their casting; the table is what a preset would say."""

    def __init__(self, models: dict[str, str] | None = None) -> None:
        self.out, self.now, self.said = Receiver(), 0, list[m.Message]()
        self.book = SimpleNamespace(jam=dict[str, Any](), signs=[])
        desk: Any = SimpleNamespace(book=self.book)
        midi: Any = self.out
        self.stand = Bandstand(Generate(), midi, desk, models)
        self.stand.begin(RATE)
        self.booth = Booth(Recommend(library="off"), None)  # type: ignore[arg-type]
        self.casting = Casting(self.stand, self.booth, Hearing({}, [], None, {}))  # type: ignore[arg-type]

    def turn(self) -> None:
        self.said += self.stand.turn(self.now)
        self.now += TURN

    def until(self, done: Callable[[], Any], seconds: float = 240.0) -> Any:
        ends_at = time.monotonic() + seconds
        while not (found := done()):
            assert time.monotonic() < ends_at, self.said[-10:]
            self.turn()
            time.sleep(0.01)
        return found

    def submit(self, *words: tuple[str, str], check: bool = False) -> dict[str, Any]:
        answers: list[dict[str, Any]] = []
        self.casting.submit([ModelUse(task=task, model=model) for task, model in words], answers.append, check)
        return self.until(lambda: answers)[0]

    def models(self) -> list[tuple[str, str]]:
        return [(one.name, one.state) for one in self.said if isinstance(one, m.Model)]


@pytest.fixture
def told() -> Iterator[Callable[..., Told]]:
    there: list[Told] = []

    def make(**models: str) -> Told:
        there.append(Told(models))
        return there[-1]

    yield make
    for one in there:
        one.stand.close()


JAM = {"pulse": "fixed", "tempo_bpm": 240.0, "mode": "answer", "bars": 1, "answer": {"generator": "neural"}}


def test_in_a_live_band_every_phrase_is_answered_through_a_swap(told) -> None:
    one = told(phrase="phrase-other")
    one.book.jam = JAM
    one.until(lambda: ("phrase-other", "used") in one.models())
    bar = RATE  # samples, at 240 beats a minute

    def play(bars: int) -> None:
        """A phrase each other bar, in real time: four quarters, the last one shorter."""
        for _ in range(bars):
            start = -(-one.now // bar) * bar
            for quarter, pitch in enumerate((60, 64, 67, 72)):
                for at, on in ((quarter * 12_000, True), (quarter * 12_000 + 9_000, False)):
                    when = start + at
                    while one.now < when:
                        one.turn()
                        time.sleep(TURN / RATE)
                    one.stand.feed(
                        m.MidiNote(sample_time=when, known_at=when, port="k", channel=0, midi=pitch, velocity=90, on=on)
                    )
            while one.now < start + 2 * bar:
                one.turn()
                time.sleep(TURN / RATE)

    play(1)
    answers: list[dict[str, Any]] = []
    for name in ("phrase-broken", "phrase"):
        one.casting.submit([ModelUse(task="phrase", model=name)], answers.append)
        play(1 if name == "phrase-broken" else 2)
    one.until(lambda: len(answers) == 2)
    assert answers[0]["error"]["at"] == 0 and "hash" in answers[0]["error"]["text"]
    assert answers[1]["results"] == [{"task": "phrase", "model": "phrase", "version": "1", "state": "used"}]
    said = [message for message in one.said if isinstance(message, m.Answer)]
    assert len(said) >= 4, "each phrase has its answer, by the network or by rule"
    assert one.models() == [("phrase-other", "used"), ("phrase-broken", "refused"), ("phrase", "used")]
    assert not [message for message in one.said if isinstance(message, m.Generator) and message.state == "failed"]
    one.until(lambda: True)
    one.stand.panic()
    one.turn()
    one.out.check()


def test_a_command_for_what_does_not_run_yet_waits_for_it(told) -> None:
    one = told()
    answer = one.submit(("phrase", "phrase-other"), ("next", ""))
    assert answer == {
        "ok": True,
        "results": [
            {"task": "phrase", "model": "phrase-other", "version": "", "state": "waiting"},
            {"task": "next", "model": "own", "version": "", "state": "waiting"},
        ],
    }
    one.book.jam = JAM
    one.until(lambda: one.models() == [("phrase-other", "used")])


@pytest.mark.parametrize(
    ("task", "model", "says"),
    [
        ("phrase", "nobody", "there is no model 'nobody' for phrase; there is phrase"),
        ("phrase", "harmony-other", "harmony-other is a model of harmony, and not of phrase"),
        ("onset", "", "onset: it is part of the engine"),
        ("sing", "", "there is no task 'sing'"),
        ("phrase", "../../up", "there is no model '../../up'"),
    ],
)
def test_a_command_that_cannot_be_is_refused_whole(told, task: str, model: str, says: str) -> None:
    one = told()
    error = one.submit(("harmony", "harmony-other"), (task, model))["error"]
    assert (error["code"], error["at"]) == (404, 1) and says in error["text"]
    one.book.jam = {**JAM, "harmony": "neural"}
    assert not one.stand._models, "the first of them was not carried out either"


def test_a_check_and_too_many(told) -> None:
    one = told()
    assert one.submit(("phrase", "phrase-other"), check=True) == {"ok": True, "results": [None]}
    assert not one.stand._models
    assert one.submit(*[("phrase", "phrase")] * (MOST + 1))["error"]["code"] == 413


# The recommender.


class Crate(Watched):
    def __init__(self, path: Path, families: list[str] | None = None) -> None:
        super().__init__(Recommends(Open(str(path), False, [], families or FAMILIES, 5, "ann", {}, None)))
        self.until(lambda: [one for one in self.said if isinstance(one, m.Suggestions)])

    def parts(self, number: int) -> dict[int, float]:
        """Item -> what the network gives it, after item `number`."""
        answers: list[dict[str, Any]] = []
        self.worker.do([{"cmd": "next_played", "id": number}, {"cmd": "next", "n": 5}], answers.append, False)
        self.until(lambda: answers)
        answers.clear()
        self.worker.do([{"cmd": "next", "n": 7, "wishes": {"families": ["deep"]}}], answers.append, False)
        (found,) = self.until(lambda: answers)[0]["results"]
        return {
            one["id"]: part["value"] for one in found["items"] for part in one["parts"] if part["name"] == "network"
        }


def test_the_recommender_takes_another_network_and_refuses_a_broken_one(watched, tmp_path: Path) -> None:
    crate = watched(lambda: Crate(library(tmp_path / "library.db", 40)))
    assert crate.models() == [("next", "next", "used")]
    pid, before = crate.worker.pid, crate.parts(3)
    assert before
    answer = crate.used("next-broken")
    assert answer["error"]["code"] == 422 and "hash" in answer["error"]["text"]
    assert crate.parts(3) == before
    answers: list[dict[str, Any]] = []
    crate.worker.use("next-other", answers.append)
    while not answers:
        assert crate.parts(3), "lists come while it is read"
    assert answers[0]["results"] == [{"task": "next", "model": "next-other", "version": "3", "state": "used"}]
    assert crate.parts(3) != before
    assert crate.models()[1:] == [("next", "next-broken", "refused"), ("next", "next-other", "used")]
    assert crate.used("own")["results"][0]["model"] == "next"
    assert crate.parts(3) == before
    assert crate.worker.pid == pid


def test_a_recommender_without_the_network_says_so(watched, tmp_path: Path) -> None:
    crate = watched(lambda: Crate(library(tmp_path / "library.db", 7), ["content"]))
    assert crate.models() == []
    assert "name deep among the config's [recommend] families" in crate.used("next-other")["error"]["text"]
