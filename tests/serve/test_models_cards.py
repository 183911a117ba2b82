"""Cards: jamd's own agree with their files and with what is written of them; a model that is not as its card is refused."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from daemon.generate.deep import alphabet, harmony
from daemon.generate.deep import network as phrase
from daemon.models import card as cards
from daemon.models import check, shelf, writing
from daemon.models.card import ModelError
from daemon.models.contract import FORMAT, TASKS
from daemon.models.opening import open_folder, open_model
from daemon.recommend.deep import features
from daemon.recommend.deep import model as session_network
from tests.serve import models_stage as stage

OWN = {**shelf.SHIPPED, **shelf.built_in()}
WRITTEN = {
    "phrase": shelf.SHIPPED["phrase"].parent / "phrase.md",
    "harmony": shelf.SHIPPED["harmony"].parent / "harmony.md",
    "next": shelf.SHIPPED["next"] / "next.md",
    "hearing": shelf.SHIPPED["hearing"].parent / "hearing.md",
    "onset": shelf.built_in()["onset"] / "onset.md",
    "drums": shelf.built_in()["drums"] / "drums.md",
}


@pytest.mark.parametrize("name", OWN)
def test_a_card_agrees_with_its_files(name: str) -> None:
    card = cards.read(OWN[name])
    assert (card.name, card.task, card.format) == (name, name, FORMAT)
    check.files(card, OWN[name])
    there = {one.name for one in OWN[name].iterdir() if one.suffix in (".onnx", ".npz", ".bin")}
    assert set(card.files) >= there if name in TASKS else set(card.files) <= there
    assert all(one.licence for one in card.data) and card.figures
    if name in TASKS:
        assert set(open_model(name).graphs) == set(TASKS[name])


@pytest.mark.parametrize("name", OWN)
def test_a_card_says_what_is_written_of_the_model(name: str) -> None:
    """Each figure, to the digit, and each number of what it was measured on stands in the text beside the files."""
    text = WRITTEN[name].read_text(encoding="utf-8").replace(",", "")
    card = cards.read(OWN[name])
    for figure in card.figures:
        plain = re.escape(f"{figure.value:g}".removeprefix("0"))
        assert re.search(rf"(?<![0-9.])0?{plain}0*(?![0-9])", text), figure
        for number in re.findall(r"[0-9]{2,}", figure.on.replace(",", "")):
            assert number in text, figure
    for data in card.data:
        for word in re.findall(r"[A-Z][A-Za-z0-9]{4,}", data.name):
            assert word in text, data


@pytest.mark.parametrize("name", OWN)
def test_what_is_written_is_what_was_read(name: str) -> None:
    card = cards.read(OWN[name])
    assert cards.parse(cards.tomllib.loads(writing.text(card))) == card


def test_the_contract_is_what_the_families_are_built_on() -> None:
    trunk, pitch, duration = (TASKS["phrase"][name] for name in ("trunk", "pitch", "duration"))
    assert trunk.inputs["token"].shape == (1, len(alphabet.TOKEN.sizes))
    assert pitch.inputs["known"].shape == (1, len(alphabet.PITCH.sizes))
    assert duration.inputs["known"].shape == (1, len(alphabet.DURATION.sizes))
    assert trunk.inputs["candidates"].shape == (1, alphabet.CANDIDATES)
    assert trunk.inputs["mask"].shape == (alphabet.PAST,)
    assert trunk.inputs["keys_3"].shape == (phrase.HEADS, phrase.WIDE, alphabet.PAST)
    assert trunk.inputs["values_0"].shape == (phrase.HEADS, alphabet.PAST, phrase.WIDE)
    assert trunk.outputs["added"].shape == (phrase.LAYERS, 2, phrase.HEADS, phrase.WIDE)
    assert trunk.outputs["time"].shape == duration.outputs["duration"].shape == (1, alphabet.NOTHING)
    assert pitch.outputs["pitch"].shape == (phrase.PARTS, alphabet.PITCHES)
    assert duration.outputs["loudness"].shape == (1, phrase.LOUDNESSES)
    chords = TASKS["harmony"]["harmony"]
    assert chords.inputs["row"].shape == (1, harmony.ROW) and chords.inputs["state"].shape == (1, harmony.WIDTH)
    assert chords.outputs["chords"].shape == (1, harmony.AHEAD, harmony.CHORDS)
    items, step = TASKS["next"]["items"], TASKS["next"]["step"]
    assert items.inputs["numbers"].shape == ("n", features.N_NUMBERS)
    assert items.inputs["tokens"].shape == ("n", features.N_TOKENS)
    assert items.outputs["vectors"].shape == ("n", session_network.SIZE + 1)
    assert step.inputs["state"].shape == (1, 1, session_network.HIDDEN)


# What is refused.


def other_hash(folder: Path) -> str:
    stage.spoilt(folder / "step.onnx", lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    return "step.onnx: its hash is not its card's"


def truncated(folder: Path) -> str:
    stage.spoilt(folder / "step.onnx", lambda data: data[:5000])
    return "step.onnx: 5000 bytes, its card says 451279"


def missing(folder: Path) -> str:
    (folder / "items.onnx").unlink()
    return "items.onnx: No such file"


def no_card(folder: Path) -> str:
    (folder / "card.toml").unlink()
    return "card.toml: No such file or directory; a model is a folder with a card.toml"


def no_model(folder: Path) -> str:
    stage.spoilt(folder / "step.onnx", lambda data: b"not a model" * 100)
    stage.renamed(folder)
    return "step.onnx: not a model that can be read"


def other_shapes(folder: Path) -> str:
    shutil.copy(shelf.SHIPPED["harmony"] / "harmony_int8.onnx", folder / "step.onnx")
    stage.renamed(folder)
    return "step.onnx: made for another jamd: item is missing"


def not_numbers(folder: Path) -> str:
    shutil.rmtree(folder)
    stage.dulled("next", folder.parent, folder.name, 0xFF)
    return "items.onnx: vectors is not finite"


def newer(folder: Path) -> str:
    path = folder / "card.toml"
    path.write_text(path.read_text().replace("format = 1", "format = 2"))
    return "card.toml: format: made for a jamd that reads 2, and this one reads 1; update jamd"


def another_task(folder: Path) -> str:
    shutil.rmtree(folder)
    stage.copied("harmony", folder.parent, folder.name)
    return "its task is harmony, and not next"


WAYS = (other_hash, truncated, missing, no_card, no_model, other_shapes, not_numbers, newer, another_task)


@pytest.mark.parametrize("spoil", WAYS)
def test_a_model_that_will_not_do_is_refused_with_the_reason(tmp_path: Path, spoil) -> None:
    folder = stage.copied("next", tmp_path, "other")
    assert open_folder("next", folder, "other").card.version == "2"
    why = spoil(folder)
    with pytest.raises(ModelError) as refused:
        open_folder("next", folder, "other")
    said = str(refused.value)
    assert str(folder) in said and why in said and "\n" not in said


KEYS = {
    "files": (
        {},
        7,
        {"../step.onnx": {"sha256": "0" * 64, "bytes": 1}},
        {"card.toml": {"sha256": "0" * 64, "bytes": 1}},
    ),
    "graphs": ({}, {"items": 1}, {"step": {"file": "/etc/passwd", "inputs": {}, "outputs": {}}}),
    "name": ("", "../up", "Upper", 3, "x" * 65),
    "task": ("sing", 1),
    "version": ("", "a b", None),
    "format": ("1", 1.5, -3),
    "data": ([{"name": "x"}], [{"name": "x", "licence": ""}], 1),
    "figures": ([{"name": "x", "value": "much", "on": "y"}], [{"value": 1.0}]),
    "surprise": (1,),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in KEYS.items() for value in values])
def test_what_is_wrong_in_a_card_is_named(key: str, value: object) -> None:
    values = {**stage.tables(shelf.SHIPPED["next"]), key: value}
    with pytest.raises(ModelError, match=key) as refused:
        cards.parse(values)
    assert "\n" not in str(refused.value)


def test_each_missing_key_is_named() -> None:
    for key in ("name", "version", "task", "about", "licence", "format", "files"):
        values = stage.tables(shelf.SHIPPED["next"])
        del values[key]
        with pytest.raises(ModelError, match=rf"{key}: it is missing"):
            cards.parse(values)
    values = stage.tables(shelf.SHIPPED["next"])
    del values["files"]["step.onnx"]["sha256"]
    with pytest.raises(ModelError, match=r"files\.step\.onnx\.sha256: it is missing"):
        cards.parse(values)
    values["graphs"]["step"]["inputs"]["state"]["shape"] = [1, 1, 64]
    values["files"]["step.onnx"]["sha256"] = "0" * 64
    with pytest.raises(ModelError, match=r"graphs\.step\.inputs\.state: it is \(\[1, 1, 64\], 'float32'\), wanted is"):
        cards.parse(values)


_ANY = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(some.sampled_from([*KEYS, "about", "licence", "made_by"]), _ANY)
def test_whatever_stands_in_a_card_it_is_read_or_refused(key: str, value: object) -> None:
    values = {**stage.tables(shelf.SHIPPED["harmony"]), key: value}
    card, why = None, ""
    try:
        card = cards.parse(values)
    except ModelError as refused:
        why = str(refused)
    assert "\n" not in why if card is None else all(re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) for name in card.files)


@given(some.binary(max_size=400) | some.text(max_size=400).map(str.encode))
def test_a_card_of_garbage_is_refused(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "garbage"
    folder.mkdir(exist_ok=True)
    (folder / "card.toml").write_bytes(text)
    with pytest.raises(ModelError, match=r"card\.toml: "):
        cards.read(folder)


def test_a_card_that_is_nested_or_long_without_end_is_refused(tmp_path: Path) -> None:
    for text in ("a = " + "[" * 5000 + "]" * 5000, "# " + "x" * 400_000, "a." * 3000 + "a = 1"):
        (tmp_path / "card.toml").write_text(text)
        with pytest.raises(ModelError, match=r"card\.toml"):
            cards.read(tmp_path)


def test_an_export_brings_the_card_up_to_date(tmp_path: Path) -> None:
    """Hashes and version are new, and figures, which were another network's, are gone; what holds still stays."""
    folder = stage.dulled("next", tmp_path, "mine")
    shutil.copy(shelf.SHIPPED["next"] / "card.toml", folder)
    before = cards.read(folder)
    writing.refresh(folder, writing.library(folder, "sets"))
    after = open_folder("next", folder, "mine").card
    assert (
        after.files["step.onnx"] != before.files["step.onnx"] and after.files["blend.npz"] == before.files["blend.npz"]
    )
    assert (after.version, after.figures, after.about, after.data) == ("2", [], before.about, before.data)
    writing.refresh(folder)
    assert cards.read(folder) == after
    (folder / "card.toml").unlink()
    writing.refresh(folder)
    assert not (folder / "card.toml").exists()
    writing.refresh(folder, writing.library(folder, "sets"))
    assert open_folder("next", folder, "mine").card.name == "library"


def test_models_differ_in_what_they_say(tmp_path: Path) -> None:
    """So that a swap can be heard in the tests of it."""
    own, other = (
        open_folder("harmony", folder, "x")
        for folder in (shelf.SHIPPED["harmony"], stage.dulled("harmony", tmp_path, "x"))
    )
    feed = {"row": np.ones((1, 136), np.float32), "past": np.ones(1, np.int64), "state": np.ones((1, 256), np.float32)}
    one, two = (found.graphs["harmony"].run(None, feed)[0] for found in (own, other))
    assert np.abs(one - two).max() > 0.01
