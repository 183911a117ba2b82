"""`jamd library`: scan folders into it, list it, look at one item, search it. Imported where it is used."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.library_import_cli import import_
from daemon.options import FILE

if TYPE_CHECKING:
    from daemon.recommend.item import Item
    from daemon.recommend.library.store import Library

BARS = " ▁▂▃▄▅▆▇█"
INTERRUPTED = 130

library_option = click.option(
    "--library",
    "path",
    type=FILE,
    envvar="JAMD_LIBRARY",
    help="The library's file (default: JAMD_LIBRARY, or library.db in ~/.local/share/jamd).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def library() -> None:
    """What there is to play: scanned, imported, searched; what `jamd next` chooses from.

    \b
      jamd library scan ~/Music             analyse all that is new; stop it and go on whenever you like
      jamd library scan --kind loop ~/Loops every sound in there is a loop, however long
      jamd library list                     what there is
      jamd library show 17                  all that is known of one item
      jamd library search dub berlin        find by words of artist, title, album, genre, tag
    """


@library.command()
@click.argument("places", metavar="DIR...", nargs=-1, required=True, type=FILE)
@click.option("--kind", type=click.Choice(["track", "loop"]), help="Of every sound (default: under 30 s a loop).")
@click.option("--again", is_flag=True, help="Also what has not changed since it was analysed.")
@click.option("--jobs", type=click.IntRange(1), help="Files at once (default: one a core).")
@click.option("--backend", default="loky", show_default=True, help="Who works: loky (here), dask:ADDRESS or ray.")
@library_option
@json_option
def scan(
    places: tuple[Path, ...],
    kind: str | None,
    again: bool,
    jobs: int | None,
    backend: str,
    path: Path | None,
    as_json: bool,
) -> None:
    """Analyse every sound, MIDI file and preset below DIR that is new or changed.

    Sounds become tracks (or loops), MIDI files clips (grooves, where there are only drums), jamd's presets presets. Each
    is kept as soon as it is done: after Ctrl-C, or a power cut, the same command goes on where it stopped. The daemon may
    run meanwhile. A file that moved keeps its history; one that is gone is no longer suggested.

    With --backend the files must lie under the same paths on the machines that work.
    """
    from daemon.recommend.library.scan import Scan
    from daemon.recommend.library.store import Library

    with Library.open(path) as opened:
        scan = Scan(opened, places, kind or "", again)
        sys.exit(_scan(scan, backend, jobs or -1, as_json))


def _scan(scan: Any, backend: str, jobs: int, as_json: bool) -> int:
    from daemon.library_analysis import analyse, beside, warm

    plan = scan.plan()
    for folder in scan.unread:
        click.echo(f"jamd: {folder}: may not be listed; what is known of it stays", err=True)
    done = bad = vanished = 0
    seconds = 0.0
    interrupted = False
    if plan.tasks:
        warm()
    with _Progress(len(plan.tasks), as_json) as progress:
        work = partial(beside, os.getpid()) if backend == "loky" else analyse
        running = scan.run(plan.tasks, work, backend, jobs)
        try:
            for found in running:
                if found.item is not None:
                    done += 1
                    seconds += found.item.profile.duration_s or 0.0
                elif found.gone:
                    vanished += 1
                else:
                    bad += 1
                progress.step(found, seconds)
        except KeyboardInterrupt:
            interrupted = True
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
            running.close()
    counts = {
        "analysed": done, "bad": bad, "unchanged": plan.unchanged, "moved": plan.moved, "gone": plan.gone + vanished,
        "left": len(plan.tasks) - done - bad - vanished,
    }  # fmt: skip
    if as_json:
        _print(counts)
    else:
        said = [f"{count} {name}" for name, count in counts.items() if count]
        click.echo(
            f"{', '.join(said) or 'nothing to scan there'}" + ("; the bad ones: jamd library list --bad" if bad else "")
        )
        if interrupted:
            click.echo("stopped; the same command goes on from here")
    return INTERRUPTED if interrupted else 0


class _Progress:
    """A bar with what is left, on a terminal; a line for each bad file anywhere."""

    def __init__(self, total: int, as_json: bool) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._as_json = as_json
        self._console = Console(stderr=True)
        shown = self._console.is_terminal and total > 0 and not as_json
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", table_column=None),
            console=self._console,
            disable=not shown,
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, found: Any, seconds: float) -> None:
        """One more file, and how much sound was analysed so far."""
        elapsed = self._bar.tasks[0].elapsed or 0.0
        speed = f"{seconds / elapsed:.0f} x real time" if elapsed > 1 else ""
        self._bar.update(self._task, advance=1, description=speed)
        if self._as_json:
            _print({"path": found.task.path, "bad": found.reason, "gone": found.gone})
        elif found.reason and not found.gone:
            self._console.print(f"{found.task.path}: {found.reason}", markup=False, highlight=False, soft_wrap=True)


@library.command("list")
@click.option("--bad", is_flag=True, help="The files that could not be analysed instead, and why.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["track", "loop", "clip", "groove", "preset"]))
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@library_option
@json_option
def list_(bad: bool, kinds: tuple[str, ...], limit: int | None, path: Path | None, as_json: bool) -> None:
    """List the items, by artist, album and title."""
    _read(path, lambda opened: _bad(opened, as_json) if bad else _table(opened.search((), kinds, limit or -1), as_json))


@library.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@library_option
@json_option
def search(words: tuple[str, ...], limit: int | None, path: Path | None, as_json: bool) -> None:
    """List the items that have all of WORDS, or words that begin so, in artist, title, album, genre, tag or file name.

    Case and accents do not count: `search bjork` finds Björk.
    """
    _read(path, lambda opened: _table(opened.search(words, (), limit or -1), as_json))


@library.command()
@click.argument("item")
@library_option
@json_option
def show(item: str, path: Path | None, as_json: bool) -> None:
    """Say all that is known of ITEM: its number in the list, its path, or words that only it has."""
    _read(path, lambda opened: _show(opened, _one(opened, item), as_json))


def _read(path: Path | None, show: Callable[["Library"], None]) -> None:
    from daemon.recommend.library.store import Library

    with Library.open(path, read_only=True) as opened:
        show(opened)


def _one(opened: "Library", given: str) -> "Item":
    """The item that is meant. Raises LibraryError where none or several are."""
    from daemon.recommend.library.database import LibraryError
    from daemon.recommend.library.walk import root

    found = (opened.item(int(given)) if given.isdecimal() and len(given) < 18 else None) or opened.at(root(Path(given)))
    if found is not None:
        return found
    several = opened.search([given])
    if len(several) == 1:
        return several[0]
    if several:
        names = ", ".join(f"{one.id} {one.title}" for one in several[:5])
        raise LibraryError(f"{len(several)} items have {given!r}: {names} ...; give one's number")
    raise LibraryError(f"there is no item {given!r}; find one: jamd library search WORDS")


def _bad(opened: "Library", as_json: bool) -> None:
    for path, reason in opened.bad():
        if as_json:
            _print({"path": path, "reason": reason})
        else:
            click.echo(f"{path}: {reason}")


def _table(items: list["Item"], as_json: bool) -> None:
    if as_json:
        for item in items:
            _print(item)
        return
    if not items:
        click.echo("jamd: there is none; add some: jamd library scan DIR", err=True)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("#", "artist", "title", "BPM", "key", "energy", "length", "kind"):
        table.add_column(name, justify="right" if name in ("#", "BPM", "length") else "left", no_wrap=name != "title")
    for item in items:
        known = item.profile
        cells = (str(item.id), item.artist, item.title, _number(known.tempo_bpm, ".1f"), _key(known.key))
        energy = "█" * round(8 * (known.energy or 0.0))
        table.add_row(*map(Text, (*cells, energy, _length(known.duration_s), item.kind)))
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    console.print(table)


def _show(opened: "Library", item: "Item", as_json: bool) -> None:
    import msgspec

    beats, cues = opened.beats(item.id), opened.lists.cues(item.id)
    if as_json:
        _print({**msgspec.to_builtins(item), "beats_s": beats.tolist(), "cues": [cue._asdict() for cue in cues]})
        return
    known = item.profile
    click.echo(f"{item.artist or '?'} - {item.title}   (#{item.id}, {item.kind})")
    facts = {
        "file": item.path,
        "album": " ".join(filter(None, (item.album, str(item.year or "")))),
        "genre": item.genre,
        "tags": ", ".join(item.tags),
        "rating": "*" * (item.rating or 0),
        "length": _length(known.duration_s),
        "tempo": _with(known.tempo_bpm, ".2f", " BPM", known.tempo_stability, "steady"),
        "key": _key(known.key) and _key(known.key) + _percent(known.key_strength, "sure"),
        "loudness": _number(known.loudness_lufs, ".1f", " LUFS"),
        "onsets": _number(known.onset_density, ".1f", " a second"),
        "first beat": _number(known.first_beat_s, ".2f", " s"),
        "intro, outro": f"{known.intro_beats}, {known.outro_beats} beats" if known.intro_beats is not None else "",
        "beats": str(len(beats)) if len(beats) else "",
        "cues": ", ".join(f"{_length(cue.at_s)} {cue.name or cue.kind}" for cue in cues),
        "energy": _number(known.energy, ".2f"),
    }
    for name, value in facts.items():
        if value:
            click.echo(f"  {name:13}{value}")
    if known.energy_curve:
        click.echo(f"  {'':13}|{''.join(BARS[round(8 * min(max(value, 0.0), 1.0))] for value in known.energy_curve)}|")


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{form}}{unit}"


def _percent(share: float | None, word: str) -> str:
    return "" if share is None else f", {share:.0%} {word}"


def _with(value: float | None, form: str, unit: str, share: float | None, word: str) -> str:
    return _number(value, form, unit) + _percent(share, word) if value is not None else ""


def _key(key: int) -> str:
    from dsp.harmony import key_name

    return key_name(key % 12, key // 12) if key >= 0 else ""


def _length(seconds: float | None) -> str:
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _print(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.encode(value).decode())


library.add_command(import_)
