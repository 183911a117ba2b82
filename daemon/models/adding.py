"""Puts a model on the shelf, and takes it off: copied whole and checked before it is there, or not there at all.

What comes is taken for hostile: of a folder or an archive only the card, and the files that the card lists by plain names,
are read; links, and names that lead elsewhere, are refused; nothing is copied beyond the size that the card says.
"""

import contextlib
import os
import re
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, Protocol

from daemon.models import card as cards
from daemon.models import check, shelf
from daemon.models.card import CARD, MOST_BYTES, MOST_CARD_BYTES, Card, ModelError
from daemon.models.contract import BUILT_IN, TASKS

MOST_MEMBERS = 1024  # of an archive
CHUNK = 1 << 20
LEFT_S = 3600.0  # no add takes so long
_MARK = ".new-"  # how what is not there yet begins
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Added(NamedTuple):
    """What is on the shelf now, where, and what of the source was left out."""

    card: Card
    folder: Path
    left_out: list[str]


class _Source(Protocol):
    """A model's files wherever they come from, by plain names."""

    names: list[str]

    def open(self, name: str) -> IO[bytes]:
        """To be read from its beginning. Raises OSError, ModelError."""


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.names = sorted(one.name for one in path.iterdir())

    def open(self, name: str) -> IO[bytes]:
        path = self._path / name
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ModelError(f"{path}: no plain file; a model's files are not links")
        return open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")


class _Zip:
    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        members = _members(path, ((one.filename, one.file_size, _kind(one)) for one in archive.infolist()))
        self._archive, self._members = archive, {name: archive.getinfo(where) for name, where in members.items()}
        self.names = sorted(members)

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._members[name])


class _Tar:
    def __init__(self, archive: tarfile.TarFile, path: Path) -> None:
        kinds = (
            (one.name, one.size, "file" if one.isreg() else "folder" if one.isdir() else "link") for one in archive
        )
        members = _members(path, kinds)
        self._archive, self._members = archive, {name: archive.getmember(where) for name, where in members.items()}
        self.names = sorted(members)

    def open(self, name: str) -> IO[bytes]:
        file = self._archive.extractfile(self._members[name])
        assert file is not None  # it is a plain file
        return file


def add(path: Path) -> Added:
    """Copy the model of a folder, a .zip or a .tar (also .gz, .bz2, .xz) to the shelf. Raises ModelError."""
    home = shelf.folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=_MARK) as place, _source(path) as source:
            folder = Path(place) / "model"
            folder.mkdir()
            if CARD not in source.names:
                raise ModelError(f"{path}: no {CARD} is in it; a model is a folder with a card beside its files")
            with source.open(CARD) as file:
                _copy(file, folder / CARD, MOST_CARD_BYTES, path)
            card = _named(cards.read(folder), path)
            for name, entry in card.files.items():
                if name not in source.names:
                    raise ModelError(f"{path}: {name} is missing, which its card lists; get the model anew")
                with source.open(name) as file:
                    _copy(file, folder / name, entry.bytes, path)
            _check(card, folder, path)
            there = home / card.name
            folder.chmod(0o755)
            folder.rename(there)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ModelError(f"{path}: it cannot be copied: {' '.join(said.split())[:120]}") from None
    except Exception as error:  # zlib and lzma have errors of their own
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: damaged: {' '.join(str(error).split())[:120]}; get the model anew") from None
    return Added(card, there, [name for name in source.names if name != CARD and name not in card.files])


def remove(name: str) -> Path:
    """Take a model of the user's off the shelf; gives where it was. Raises ModelError."""
    if name in shelf.SHIPPED or name in BUILT_IN:
        raise ModelError(f"{name} is jamd's own, and stays")
    if name not in shelf.folders():
        raise ModelError(f"there is no model {name!r}; `jamd models list` says which there are")
    for task in TASKS:
        if name in (shelf.preferred(task), shelf.used().get(task)):
            raise ModelError(f"{name} is used for {task}; `jamd models use {task}` goes back to jamd's own first")
    folder = shelf.folder() / name
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_MARK) as place:
                folder.rename(Path(place) / "gone")
    except OSError as error:
        raise ModelError(f"{folder}: it cannot be removed: {error.strerror}") from None
    return folder


@contextlib.contextmanager
def _source(path: Path) -> Iterator[_Source]:
    """Raises ModelError, and whatever a damaged archive raises."""
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            yield _Folder(path)
        elif path.is_file() and tarfile.is_tarfile(
            path
        ):  # asked first: one that ends with an .npz would pass for a .zip
            yield _Tar(stack.enter_context(tarfile.open(path)), path)
        elif zipfile.is_zipfile(path):
            yield _Zip(stack.enter_context(zipfile.ZipFile(path)), path)
        else:
            what = "no folder, .zip or .tar" if path.exists() else "there is nothing there"
            raise ModelError(f"{path}: {what}; give a model's folder, or an archive of one")


def _members(path: Path, found: Iterator[tuple[str, int, str]]) -> dict[str, str]:
    """Plain name -> member, of those beside the card. Raises ModelError for an archive that no honest one is."""
    names: list[str] = []
    total = 0
    for name, size, kind in found:
        parts = PurePosixPath(name.replace("\\", "/"))
        total += size
        if parts.is_absolute() or ".." in parts.parts or re.match(r"[A-Za-z]:", name):
            raise ModelError(f"{path}: {name!r} in it leads out of the folder; it is not taken")
        if kind == "link":
            raise ModelError(f"{path}: {name!r} in it is a link or a device; a model has plain files alone")
        if total > MOST_BYTES or len(names) > MOST_MEMBERS:
            raise ModelError(f"{path}: too much is in it: over {MOST_BYTES >> 30} GiB, or over {MOST_MEMBERS} files")
        if kind == "file":
            names.append(name)
    tops = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name == CARD]
    if len(tops) != 1 or len(tops[0].parts) > 1:
        raise ModelError(f"{path}: {len(tops)} cards are in it; an archive holds one model: {CARD}, or NAME/{CARD}")
    beside = [name for name in names if PurePosixPath(name).parent == tops[0]]
    return {PurePosixPath(name).name: name for name in beside}


def _kind(member: zipfile.ZipInfo) -> str:
    mode = member.external_attr >> 16
    if member.is_dir():
        return "folder"
    return "file" if not stat.S_IFMT(mode) or stat.S_ISREG(mode) else "link"


def _copy(source: IO[bytes], to: Path, most: int, path: Path) -> None:
    left = most
    with to.open("xb") as out:
        while chunk := source.read(min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise ModelError(f"{path}: {to.name} is longer than its {most} bytes; get the model anew")
            out.write(chunk)


def _named(card: Card, path: Path) -> Card:
    """Whether a model of that name and task can be on the shelf. Raises ModelError."""
    if card.task not in TASKS:
        raise ModelError(f"{path}: its task is {card.task}, which is part of the engine; there are {', '.join(TASKS)}")
    taken = {*shelf.SHIPPED, *BUILT_IN, shelf.OWN, "library"}
    if card.name in taken or card.name.endswith(".toml"):
        raise ModelError(f"{path}: the name {card.name!r} is jamd's; give it another one in its card")
    if os.path.lexists(shelf.folder() / card.name):
        raise ModelError(f"there is a model {card.name!r} already; `jamd models remove {card.name}` first")
    return card


def _check(card: Card, folder: Path, path: Path) -> None:
    """As when it is loaded; said of where it came from. Raises ModelError."""
    try:
        check.checked(card.task, folder)
    except ModelError as error:
        raise ModelError(str(error).replace(str(folder), str(path))) from None


def tidy() -> None:
    """Remove what an earlier `add` that was ended in its middle has left."""
    with contextlib.suppress(OSError):
        for left in shelf.folder().glob(f"{_MARK}*"):
            if time.time() - left.stat().st_mtime > LEFT_S:
                shutil.rmtree(left, ignore_errors=True)
