"""The command that is `jamd serve`."""

import os
import sys
from pathlib import Path

import click

from daemon.options import FILE

WORKERS = max(1, (os.cpu_count() or 2) // 2)


@click.command()
@click.option(
    "--address", default="tcp://127.0.0.1:5551", show_default=True,
    help="Where requests are taken over ZeroMQ; off: nowhere. Beyond this machine it needs keys: `jamd keys`.",
)  # fmt: skip
@click.option(
    "--page", default="127.0.0.1:5580", show_default=True,
    help="HOST:PORT of the page and of HTTP; off: nowhere. Beyond this machine who asks needs the token that is printed.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 64), default=WORKERS, show_default="half the cores", help="Processes that work."
)
@click.option("--waiting", type=click.IntRange(1, 1024), default=64, show_default=True, help="Requests that may wait.")
@click.option("--library", type=FILE, help="The library to recommend from (default: JAMD_LIBRARY or the usual one).")
def serve(address: str, page: str, workers: int, waiting: int, library: Path | None) -> None:
    """Answer any program: analyse a sound, continue a phrase, say what to play next. No audio, no daemon.

    A running `jamd run` answers the same at the same places; this is for a machine that only answers.

    \b
      jamd serve
      curl --data-binary @song.flac http://127.0.0.1:5580/api/1/analyse
      curl -H 'Content-Type: application/json' http://127.0.0.1:5580/api/1/generate \\
           -d '{"notes": [{"beat": 0, "beats": 1, "midi": 60}, {"beat": 1, "beats": 1, "midi": 64}]}'
      echo '{"cmd": "recommend", "plays": ["blue monday"]}' | jamd ctl batch -
      curl http://127.0.0.1:5580/api/1/openapi.json    what there is to ask
    """
    from daemon.serve import serve as command

    sys.exit(command(address, page, workers, waiting, str(library) if library else ""))
