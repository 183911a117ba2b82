"""`jamd library import`: what other programs know of a library. Hooked into `daemon.library_cli`'s group."""

from pathlib import Path
from typing import Any

import click
import msgspec

from daemon.errors import UserError
from daemon.options import FILE

PROGRAMS = click.Choice(["mixxx", "rekordbox", "traktor", "serato", "engine", "itunes", "m3u", "tracklist"])
SHOWN = 10  # of what was left out


class NothingToImport(UserError):
    """No program's library is where it usually is."""


@click.command("import")
@click.argument("source", required=False, type=FILE)
@click.option("--from", "program", type=PROGRAMS, help="Whose it is (default: seen from what is in it).")
@click.option("--library", "file", type=FILE, help="The library's file (default: JAMD_LIBRARY, else the user's).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each source.")
def import_(source: Path | None, program: str | None, file: Path | None, as_json: bool) -> None:
    """Take tracks, playlists, crates, history, cues, grids and ratings from a DJ program's library.

    SOURCE is a file or a folder: Mixxx's mixxxdb.sqlite, rekordbox's XML, TXT or master.db, Traktor's collection.nml,
    Serato's _Serato_, Engine DJ's "Engine Library", iTunes' Library.xml, a playlist as M3U, or other DJs' tracklists
    as a table of session_id, date, dj, pos, track_id and title. Without it: whatever is at the usual places.

    Nothing is written to SOURCE. Imported again, it brings what is new; what jamd's scan knows stays.
    """
    from daemon.recommend.importing import kinds
    from daemon.recommend.importing.take import take
    from daemon.recommend.library.store import Library

    sources = [(program or "", source)] if source else kinds.found(program or "")
    if not sources:
        raise NothingToImport(
            f"no library of {program or 'a DJ program'} at its usual place; name it: jamd library import SOURCE"
        )
    with Library.open(file) as library:
        for name, path in sources:
            taken = take(library, kinds.read(path, name))
            taken.path = str(path)
            click.echo(msgspec.json.encode(taken).decode() if as_json else _said(taken))


def _said(taken: Any) -> str:
    """In words: a line of what came in, and of what did not."""
    facts = msgspec.structs.asdict(taken)
    missing = f" ({facts['missing']} without a file here)" if facts["missing"] else ""
    lists = f"{facts['playlists']} playlists, {facts['crates']} crates, {facts['sets']} sets of {facts['plays']} plays"
    lines = [
        f"{facts['path']} ({facts['source']})",
        f"  {facts['new']} new tracks, {facts['known']} known{missing}; {lists}; "
        f"{facts['cues']} cues, {facts['grids']} grids",
    ]
    left_out = facts["left_out"]
    lines += [f"  left out: {what}: {why}" for what, why in left_out[:SHOWN]]
    if len(left_out) > SHOWN:
        lines.append(f"  and {len(left_out) - SHOWN} more; all of them: --json")
    return "\n".join(lines)
