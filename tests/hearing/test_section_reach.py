"""Sections reach who uses them: a light show's looks, addresses of Open Sound Control, a line in a terminal."""

import msgspec
import pytest

from daemon import messages as m
from daemon.lights.link import Follow
from daemon.lights.look import Look
from daemon.lights.scene import SECTION_S, Scene
from daemon.lights.show import read
from daemon.lines import line
from daemon.osc.tree import Said, Tree

WORDS = {"build-up": "build", "drop": "drop", "break": "break", "boundary": "boundary"}


def test_the_words_are_those_of_the_wire() -> None:
    assert tuple(WORDS) == m.SECTIONS


@pytest.mark.parametrize("what", WORDS)
def test_a_show_puts_a_look_on_a_section(what: str) -> None:
    show, problems = read({
        "fixtures": {
            name: {"channels": ["dimmer"], "address": k, "dimmer": {"from": name, "release_ms": 2000}}
            for k, name in enumerate(WORDS.values(), 1)
        }
    })  # fmt: skip
    assert problems == []
    scene, look = Scene(), Look(show)
    assert not any(look.levels(scene, 9.0, 0.0)[1])
    scene.section(what, 1.0, 10.0)
    levels = look.levels(scene, 10.001, 0.0)[1]
    lit = dict(zip(WORDS.values(), levels, strict=False))
    assert lit.pop(WORDS[what]) > 240
    assert set(lit.values()) == {0}
    assert not any(look.levels(scene, 30.0, 0.0)[1])


def test_a_section_that_two_find_counts_once_and_a_drop_always() -> None:
    scene = Scene()
    scene.section("break", 0.5, 100.0)
    scene.section("boundary", 0.5, 101.0)
    assert scene.sections == 1
    scene.section("drop", 0.5, 102.0)
    assert scene.sections == 2
    scene.section("boundary", 0.5, 103.0 + SECTION_S)
    assert (scene.sections, scene.hits["section"].at_s) == (3, 103.0 + SECTION_S)


def test_the_lights_process_is_told() -> None:
    sent = Follow(m.Section(what="drop", confidence=0.5, energy=1.0))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Follow) == sent


@pytest.mark.parametrize("what", WORDS)
def test_each_has_an_address(what: str) -> None:
    said = Tree().feed(m.Section(what=what, confidence=0.75, energy=0.5))
    assert said == [Said(f"/jamd/section/{WORDS[what]}", 0.75, falls=True), Said("/jamd/section/energy", 0.5)]


def test_a_line_says_what_it_is() -> None:
    drop = m.Section(what="drop", confidence=0.75, energy=0.5, rate=48000, sample_time=96000, known_at=124800)
    assert line(drop) == "     2.000 s  section      drop     confidence 0.75, energy 0.50"
