"""What `jamd replay` prints."""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from daemon.flight.compare import Tally
from daemon.flight.reading import Recording
from daemon.flight.replay import Replay


def run(folder: Path, out: Path | None, as_json: bool) -> int:
    """Replay all sessions of a folder; 1 where something differs that must not, or nothing can be compared.

    Raises RecordingError; with `out` StudioError, PresetError.
    """
    recording = Recording(folder)
    if out is not None:
        from daemon.flight import replay_out

        replay_out.check(out)
    began, whole, notes = time.monotonic(), Tally(), _elsewhere(recording)
    seconds = compared_s = 0.0
    for session in recording.sessions:
        replay = Replay(recording, session)
        replay.run(partial(_showing, began, seconds))
        seconds += replay.seconds
        compared_s += replay.compared_s
        whole.add(replay.tally)
        notes += replay.notes
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    found: dict[str, Any] = {
        "folder": str(folder),
        "seconds": round(seconds, 3),
        "took_s": round(time.monotonic() - began, 3),
        "compared_s": round(compared_s, 3),
        "same": not whole.different and bool(whole.identical or compared_s),
        "verdict": _verdict(whole, seconds, compared_s),
        "identical": dict(whole.identical),
        "different": dict(whole.different),
        "excused": dict(whole.excused),
        "first": [one._asdict() for one in whole.first],
        "notes": notes,
    }
    if out is not None:
        from daemon.flight import replay_out

        found["out"] = replay_out.render(recording, out)
        notes += found["out"]["problems"]
    click.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(_lines(found)))
    return int(not found["same"])


def _elsewhere(recording: Recording) -> list[str]:
    """What may make the last bit another."""
    from daemon.flight.recorder import made_by

    then, now = recording.segments[-1].label.about.made_by, made_by()
    other = [f"{name} {then[name]} (here {now.get(name, 'none')})" for name in then if then[name] != now.get(name)]
    return [f"recorded with {', '.join(other)}: the last bit may differ"] if other else []


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['folder']}: {found['seconds']:.1f} s, played again in {found['took_s']:.1f} s"]
    for kind in sorted({*found["identical"], *found["different"], *found["excused"]}):
        more = [f"{found[name].get(kind, 0)} {name}" for name in ("different", "excused") if kind in found[name]]
        same = f"{found['identical'].get(kind, 0)} identical"
        lines.append(f"  {kind:24} {', '.join([same, *more])}")
    lines += [f"note: {note}" for note in found["notes"]]
    for one in found["first"]:
        lines.append(f"{one['type']} at sample {one['at']}: {_differs(one['recorded'], one['replayed'])}")
    if "out" in found:
        lines.append(f"{found['out']['file']}: {found['out']['seconds']:.1f} s, through {found['out']['preset']}")
    return [*lines, found["verdict"]]


def _verdict(whole: Tally, seconds: float, compared_s: float) -> str:
    if whole.different:
        return "NOT the same"
    if not whole.identical and not compared_s:
        return "NOT compared: nothing that is left can be made again"
    excused = sum(whole.excused.values())
    if not excused and compared_s == seconds:
        return "the same"
    sound = f"{compared_s:.1f} of {seconds:.1f} s of sound"
    return f"the same as far as it can be compared: {sound}, {excused} messages excused"


def _differs(then: dict[str, Any] | None, again: dict[str, Any] | None) -> str:
    if then is None or again is None:
        which = "not published then" if then is None else "does not come again"
        return f"{which}: {then or again}"
    return ", ".join(
        f"{name} {then[name]!r} was, {again.get(name)!r} is" for name in then if then[name] != again.get(name)
    )


def _showing(began: float, before_s: float, done_s: float) -> None:
    if sys.stderr.isatty():
        speed = (before_s + done_s) / max(time.monotonic() - began, 1e-9)
        click.echo(f"\r{before_s + done_s:8.1f} s, {speed:.0f} times as fast as it sounded ", err=True, nl=False)
