"""`jamd replay`: a recorded session once more, through the same code, and whether the same comes of it."""

import sys
from pathlib import Path

import click

from daemon.options import FILE


@click.command()
@click.argument("folder", type=FILE)
@click.option("--out", type=FILE, help="Also render it through the recorded preset into this file: .wav, .flac ...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object of what was found.")
def replay(folder: Path, out: Path | None, as_json: bool) -> None:
    """Play a recorded session again: FOLDER of `jamd run --record`, or a take of `jamd ctl take`.

    The sound goes through the same analysis, MIDI and what was heard through the same band. Every event that differs from
    what was published then is a difference of the code, or a defect that does not come twice: then the exit code is 1.
    """
    from daemon.flight import report

    sys.exit(report.run(folder, out, as_json))
