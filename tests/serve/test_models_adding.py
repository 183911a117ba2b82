"""`jamd models`: models are added whole or not at all, used, listed and removed; what comes is taken for hostile."""

import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.models import adding, shelf
from daemon.models.card import ModelError
from daemon.models.contract import TASKS
from daemon.models.opening import open_model
from tests.serve import models_stage as stage


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf of the test's own."""
    monkeypatch.setenv("JAMD_MODEL_FOLDER", str(tmp_path / "shelf"))
    for task in TASKS:
        monkeypatch.delenv(shelf.variable(task), raising=False)
    return tmp_path / "shelf"


def jamd(*words: str | Path) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, ["models", *map(str, words)])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout, found.stderr


def refused(path: Path, home: Path) -> str:
    """Adding it fails in one line, and leaves nothing."""
    before = sorted(home.rglob("*")) if home.exists() else []
    code, out, err = jamd("add", path)
    assert (code, out) == (1, "") and err.startswith("jamd: ") and err.count("\n") == 1, (out, err)
    assert (sorted(home.rglob("*")) if home.exists() else []) == before
    return err


def packed(folder: Path, kind: str, top: str = "") -> Path:
    """An archive of a model's folder."""
    path = folder.with_suffix(f".{kind}")
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for one in sorted(folder.iterdir()):
                archive.write(one, f"{top}{one.name}")
    else:
        with tarfile.open(path, f"w:{kind.partition('.')[2]}") as archive:
            for one in sorted(folder.iterdir()):
                archive.add(one, f"{top}{one.name}")
    return path


def test_from_a_folder_to_the_shelf_and_off_it_again(tmp_path: Path, home: Path) -> None:
    folder = stage.dulled("next", tmp_path, "mine")
    (folder / "notes.txt").write_text("not on the card")
    code, out, err = jamd("add", folder)
    assert code == 0, err
    assert out.splitlines()[0] == str(home / "mine") and "notes.txt" in err
    assert {one.name for one in (home / "mine").iterdir()} == {"card.toml", "items.onnx", "step.onnx", "blend.npz"}
    assert sorted(one.name for one in home.iterdir()) == ["mine"], "and nothing of how it came there"
    assert "there is a model 'mine' already" in refused(folder, home)

    rows = [json.loads(line) for line in jamd("list", "--json")[1].splitlines()]
    assert [(row["name"], row["own"], row["used"]) for row in rows] == [
        *((name, True, True) for name in ("phrase", "harmony", "next", "hearing", "onset", "drums")),
        ("mine", False, False),
    ]
    code, out, err = jamd("use", "next", "mine", "--address", "ipc:///nobody/here")
    assert code == 0, err
    assert "mine 3" in out and "counts from the next start" in out
    assert (home / "used.toml").read_text() == 'next = "mine"\n'
    assert open_model("next").name == "mine"
    assert "* next     mine" in jamd("list")[1]
    assert "mine is used for next; `jamd models use next` goes back" in jamd("remove", "mine")[2]
    assert jamd("use", "next", "--address", "ipc:///nobody/here")[0] == 0
    assert open_model("next").name == "next"
    assert jamd("remove", "mine")[1] == f"{home / 'mine'}\n"
    assert sorted(one.name for one in home.iterdir()) == ["used.toml"]
    assert "there is no model 'mine'" in jamd("remove", "mine")[2]


@pytest.mark.parametrize(("kind", "top"), [("zip", "mine/"), ("zip", ""), ("tar", ""), ("tar.gz", "mine/")])
def test_from_an_archive(tmp_path: Path, home: Path, kind: str, top: str) -> None:
    folder = stage.copied("next", tmp_path, "mine")
    code, out, err = jamd("add", packed(folder, kind, top), "--json")
    assert code == 0, err
    assert json.loads(out) == {"name": "mine", "task": "next", "folder": str(home / "mine"), "left_out": ["next.md"]}
    assert open_model("next", "mine").card.version == "2"


def test_info_says_what_a_card_says_and_what_is_damaged(tmp_path: Path, home: Path) -> None:
    code, out, _ = jamd("info", "phrase")
    assert code == 0 and "Nottingham: GPL-3" in out and "trunk (trunk.int8.onnx): token 1x21" in out
    assert "damaged" not in out
    adding.add(stage.copied("next", tmp_path, "mine"))
    stage.spoilt(home / "mine" / "step.onnx", lambda data: data[::-1])
    assert json.loads(jamd("info", "mine", "--json")[1])["damage"].startswith(f"{home}/mine/step.onnx: its hash")
    assert "there is no model 'yours'; there is phrase, harmony" in jamd("info", "yours")[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("use", "next", "nobody"), "there is no model 'nobody' for next; there is next"),
        (("use", "sing", "next"), "there is no task 'sing'; choose one of phrase, harmony, next"),
        (("use", "onset", "x"), "onset: it is part of the engine and cannot be replaced"),
        (("use", "next", "phrase"), "there is no model 'phrase' for next"),
        (("use", "next", "../../etc"), "there is no model '../../etc'"),
        (("use", "phrase", "kserve+grpc://nowhere"), "kserve+grpc://"),
        (("remove", "phrase"), "phrase is jamd's own"),
        (("remove", "drums"), "drums is jamd's own"),
        (("remove", ".."), "there is no model '..'"),
        (("add", "/nowhere/at/all"), "there is nothing there"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(words: tuple[str, ...], says: str) -> None:
    code, out, err = jamd(*words)
    assert (code, out) == (1, "") and says in err and err.count("\n") == 1, err


def test_a_choice_that_cannot_be_read_or_kept_is_said(home: Path) -> None:
    home.mkdir()
    for text in ("next = [", "next = 3", "\x00", "a" * 10):
        (home / "used.toml").write_text(text)
        with pytest.raises(ModelError, match=r"used\.toml: .*; remove it"):
            shelf.chosen("next")
        assert jamd("list")[0] == 0, "the others are listed all the same"


def test_the_environment_comes_before_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adding.add(stage.copied("next", tmp_path, "mine"))
    shelf.use("next", "mine")
    assert shelf.chosen("next") == "mine"
    for name, value in shelf.environment({"next": "next", "phrase": ""}).items():
        monkeypatch.setenv(name, value)
    assert (shelf.chosen("next"), shelf.chosen("phrase")) == ("next", "phrase")


# What is not taken.


def test_a_model_that_fails_its_check_is_not_there(tmp_path: Path, home: Path) -> None:
    folder = stage.dulled("next", tmp_path, "mine", 0xFF)
    assert f"{folder}/items.onnx: vectors is not finite" in refused(folder, home)
    assert f"{folder.with_suffix('.zip')}/items.onnx: vectors" in refused(packed(folder, "zip"), home)
    folder = stage.copied("next", tmp_path, "other")
    stage.spoilt(folder / "step.onnx", lambda data: data + b"x")
    assert "step.onnx is longer than its 451279 bytes" in refused(folder, home)
    stage.spoilt(folder / "step.onnx", lambda data: data[:-2] + b"x")
    assert "step.onnx: its hash is not" in refused(folder, home)
    (folder / "step.onnx").unlink()
    assert "step.onnx is missing" in refused(folder, home)


@pytest.mark.parametrize("name", ["phrase", "next", "onset", "own", "library"])
def test_names_of_jamds_own_are_not_taken(tmp_path: Path, home: Path, name: str) -> None:
    folder = stage.copied("next", tmp_path, "mine")
    stage.renamed(folder, name=name)
    assert f"the name {name!r} is jamd's" in refused(folder, home)


def test_a_part_of_the_engine_is_not_taken(tmp_path: Path, home: Path) -> None:
    assert "its task is drums, which is part of the engine" in refused(shelf.built_in()["drums"], home)


def test_links_are_not_followed(tmp_path: Path, home: Path) -> None:
    secret = tmp_path / "secret"
    folder = stage.copied("next", tmp_path, "mine")
    secret.write_bytes((folder / "step.onnx").read_bytes())
    (folder / "step.onnx").unlink()
    (folder / "step.onnx").symlink_to(secret)
    assert "step.onnx: no plain file" in refused(folder, home)
    assert "'step.onnx' in it is a link" in refused(packed(folder, "tar"), home)
    (folder / "step.onnx").unlink()
    os.mkfifo(folder / "step.onnx")
    assert "step.onnx: no plain file" in refused(folder, home)


def _zip(path: Path, *members: tuple[str, bytes]) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        for name, data in members:
            archive.writestr(name, data)


def _tar(path: Path, *members: tuple[str, bytes]) -> None:
    with tarfile.open(path, "a") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped", "..\\escaped", "C:\\escaped"])
@pytest.mark.parametrize(("kind", "more"), [("zip", _zip), ("tar", _tar)])
def test_an_archive_that_leads_out_is_not_taken(
    tmp_path: Path, home: Path, kind: str, more: Callable[..., None], name: str
) -> None:
    path = packed(stage.copied("next", tmp_path, "mine"), kind)
    more(path, (name, b"out"))
    assert "leads out of the folder" in refused(path, home)
    assert not list(tmp_path.rglob("escaped*")) and not Path("/tmp/escaped").exists()


def test_an_archive_of_links_and_devices_is_not_taken(tmp_path: Path, home: Path) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        path = packed(stage.copied("next", tmp_path / str(kind[0]), "mine"), "tar")
        with tarfile.open(path, "a") as archive:
            member = tarfile.TarInfo("own.npz")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        assert "'own.npz' in it is a link or a device" in refused(path, home)


def test_an_archive_of_too_much_is_not_taken(tmp_path: Path, home: Path) -> None:
    folder = stage.copied("next", tmp_path, "mine")
    (folder / "step.onnx").write_bytes(bytes(5_000_000))  # its card says less
    assert "step.onnx is longer than its 451279 bytes" in refused(packed(folder, "zip"), home)
    many = packed(stage.copied("next", tmp_path, "many"), "zip")
    _zip(many, *((f"{n}.txt", b"") for n in range(1100)))
    assert "too much is in it" in refused(many, home)
    huge = packed(stage.copied("next", tmp_path, "huge"), "tar")
    with tarfile.open(huge, "a") as archive:
        member = tarfile.TarInfo("huge.bin")
        archive.addfile(member)
        member.size = 1 << 40
        archive.fileobj.write(member.tobuf())  # type: ignore[union-attr]
    assert refused(huge, home)


def test_what_is_no_archive_or_damaged_is_not_taken(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"not one")
    assert "no folder, .zip or .tar" in refused(path, home)
    for kind in ("zip", "tar", "tar.gz"):
        whole = packed(stage.copied("next", tmp_path / kind, "mine"), kind)
        stage.spoilt(whole, lambda data: data[: len(data) // 2])
        refused(whole, home)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no card.toml is in it" in refused(empty, home)
    two = packed(stage.copied("next", tmp_path, "two"), "zip")
    _zip(two, ("other/card.toml", b""))
    assert "2 cards are in it" in refused(two, home)
