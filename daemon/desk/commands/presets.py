"""Commands on preset files: load, save."""

import os
from pathlib import Path
from typing import Any

import msgspec

from daemon.desk import preset as files
from daemon.desk.book import LEVELS, Book, spoken_of
from daemon.desk.commands.command import Command
from daemon.desk.draft import SAME, Draft
from daemon.errors import Refused
from daemon.rack.model import Chain, Document, Slot


class Load(Command, tag="load"):
    """A preset by path or by bare name takes the place of what is there, which rings out."""

    preset: str


class Save(Command, tag="save"):
    """The rack as it is now: to the file it was loaded from, or to another; `force` over one that was not read whole."""

    preset: str = ""
    force: bool = False


def load(draft: Draft, c: Load) -> dict[str, Any]:
    """Give its name, and one line for all that could not be read."""
    try:
        path = files.find(c.preset).absolute()
        preset, problems = files.load(path)
    except files.PresetError as error:
        raise Refused(404, str(error)) from None
    draft.document, draft.snapshots, draft.mappings = preset.document, list(preset.snapshots), list(preset.mappings)
    draft.snapshot, draft.jam, draft.lights = "", preset.jam, preset.lights
    wrong = [*draft.band.check(preset.jam), *draft.show.check(preset.lights)]
    problems += [f"{path}: {problem}" for problem in wrong]
    draft.preset = preset.name, preset.about, preset.needs, str(path)
    draft.sets.clear()
    draft.opens.clear()  # a plugin that does not open is said, and the rest plays
    for chain in draft.document.chains:
        chain.uid = draft.uid()
        for slot in chain.plugins:
            slot.uid = draft.uid()
            slot.name = slot.name or draft.name_for(slot.plugin)
    draft.tell("loaded", preset=preset.name, path=str(path))
    for problem in problems:
        draft.tell("warned", text=problem)
    return {"preset": preset.name, "path": str(path), "needs": preset.needs, "problems": problems}


def save(draft: Draft, c: Save) -> dict[str, Any]:
    """Give the path. The file is written when the batch is done."""
    known = draft.preset[3] if draft.preset else draft.book.path
    path = _path(c.preset) if c.preset else Path(known)
    if not path.name:
        raise Refused(422, "the rack is in no file yet; give the path of a .toml file to save it to")
    draft.wants_states = not draft.has_states
    draft.then.append((draft.at, lambda: _write(draft, path, c.force)))
    return {}


def _path(given: str) -> Path:
    if os.sep not in given and not given.endswith(".toml"):
        return (files.FOLDERS[0] / f"{given}.toml").absolute()
    if not given.endswith(".toml"):
        raise Refused(422, f"{given}: a preset's name ends in .toml")
    return Path(given).absolute()


def _write(draft: Draft, path: Path, force: bool) -> dict[str, Any]:
    """What has become of the batch is in the book by now."""
    book = draft.book
    name = book.name if book.name and str(path) == book.path else path.stem
    kept = saved(book), book.snapshots, book.mappings, book.jam, book.lights
    preset = files.Preset(name, book.about, book.needs, *kept)
    try:
        files.save(path, preset, force)
    except files.PresetError as error:
        raise Refused(409, str(error)) from None
    for (_, slot), (_, written) in zip(book.document.slots(), preset.document.slots(), strict=True):
        slot.params = dict(written.params)
    book.name, book.path = name, str(path)
    book.settle()
    draft.tell("saved", preset=name, path=str(path))
    return {"preset": name, "path": str(path)}


def saved(book: Book) -> Document:
    """The rack as a preset says it: as it is now, but for what snapshots change, which is as at home."""
    spoken, chains = spoken_of(book.snapshots), []
    for chain in book.document.chains:
        plugins = [_saved(book, slot, spoken) for slot in chain.plugins]
        chains.append(_levelled(book, msgspec.structs.replace(chain, plugins=plugins), spoken))
    return Document(chains)


def _saved(book: Book, slot: Slot, spoken: set[tuple[str, str, str]]) -> Slot:
    """What a person wrote stays as it was written, where it is still so."""
    home, params = book.home.get(slot.uid, {}), dict(slot.params)
    for param, value in book.values.get(slot.uid, {}).items():
        before = home.get(param, value)
        is_other = abs(value - before) > SAME
        if ("param", slot.name, param) not in spoken:
            if is_other:
                params[param] = value
        elif is_other and param not in params:
            params[param] = before
    state = book.states.get(slot.uid, slot.state)
    bypass, mix = book.home_slots[slot.uid]
    return msgspec.structs.replace(
        slot,
        params=params,
        state=state,
        program=-1 if state else slot.program,
        bypass=bypass if ("slot", slot.name, "bypass") in spoken else slot.bypass,
        mix=mix if ("slot", slot.name, "mix") in spoken else slot.mix,
    )


def _levelled(book: Book, chain: Chain, spoken: set[tuple[str, str, str]]) -> Chain:
    home = book.home_chains[chain.uid]
    levels = {name: getattr(home, name) for name in LEVELS if ("chain", chain.name, name) in spoken}
    return msgspec.structs.replace(chain, **levels)
