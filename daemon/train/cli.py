"""`jamd train`: fits anew what jamd has learned. Each command imports what it needs when it runs."""

import sys
from pathlib import Path

import click

from daemon.errors import UserError
from daemon.train.analysis import ABLATIONS

FILE = click.Path(path_type=Path)
STEPS = 4600  # of the phrase network that jamd comes with
HOURS, HEARING_STEPS = 15.0, 3000  # of those that hear


class TrainError(UserError):
    """Nothing can be trained here."""


@click.group()
def train() -> None:
    """Fit the weights that jamd ships anew, to music it renders itself and to written music."""


@train.command("onset")
@click.option("--data", type=FILE, required=True, help="A folder with symbolic/pop909/NNN/NNN.mid.")
@click.option("--out", type=FILE, default="onset.npz", show_default=True, help="Where the weights go.")
@click.option("--seed", type=int, default=1, show_default=True, help="What the fit begins from.")
@click.option("--part", type=click.FloatRange(0.01, 1.0), default=1.0, help="Make only a part of the corpus: a trial.")
def train_onset(data: Path, out: Path, seed: int, part: float) -> None:
    """Fit the onset detector's combiner; takes some ten minutes on two cores."""
    from daemon.train import onset

    onset.run(data, out, seed, part, _say)


@train.command("band")
@click.option("--data", type=FILE, required=True, help="A folder with symbolic/pop909/NNN/NNN.mid.")
@click.option("--out", type=FILE, required=True, help="The weights to write: dsp/drums.npz.")
def train_band(data: Path, out: Path) -> None:
    """What tells kick, snare and hat at an onset; prints its scores on pieces held out."""
    from daemon.train import band

    sys.exit(band.run(data, out))


@train.command("analysis")
@click.argument("data", type=FILE)
@click.option("--out", type=FILE, required=True, help="A folder for the graphs: daemon/hearing/models/hearing.")
@click.option("--seed", type=int, default=1, show_default=True, help="What the sound and the weights begin from.")
@click.option(
    "--hours", type=click.FloatRange(0.1), default=HOURS, show_default=True, help="Of sound rendered to train on."
)
@click.option(
    "--steps", type=click.IntRange(1), default=HEARING_STEPS, show_default=True, help="Batches of each network."
)
@click.option("--without", type=click.Choice(ABLATIONS), help="Leave this out, to see what it brings.")
@click.option(
    "--peers", type=FILE, help="A folder of environments of other programs to judge beside, as of `jamd eval`."
)
def train_analysis(
    data: Path, out: Path, seed: int, hours: float, steps: int, without: str | None, peers: Path | None
) -> None:
    """Fit the two networks that hear, to sound rendered from the music in DATA/symbolic with FluidSynth and, where mda-lv2
    is installed, its synthesisers.

    A GPU is used if there is one: minutes there, days on a laptop (`--hours 1 --steps 20` for a trial of an hour). Stopped,
    it goes on from where it was. Nothing that DATA/analysis holds is rendered; in the end its dev pieces judge the graphs.
    """
    _needs_torch()
    from daemon.train.analysis import run

    run.run(data, out, seed, hours, steps, _say, without or "", peers)


@train.command("harmony")
@click.argument("data", type=FILE)
@click.option("--out", type=FILE, default="models", show_default=True, help="The folder the models go to.")
@click.option("--seed", type=int, default=1, show_default=True, help="What the fit begins from.")
@click.option("--epochs", type=click.FloatRange(0.1, 1000), default=30.0, show_default=True, help="Times through DATA.")
def train_harmony(data: Path, out: Path, seed: int, epochs: float) -> None:
    """Fit the network and count the tables that foresee chords, to the pieces with chords in DATA/symbolic."""
    _needs_torch()
    from daemon.train.generator import harmony

    harmony.run(data, out, seed, epochs, _say)


@train.command("generator")
@click.argument("data", type=FILE)
@click.option("--out", type=FILE, required=True, help="A folder for the graphs: daemon/generate/deep/models/phrase.")
@click.option("--seed", type=int, default=1, show_default=True, help="What the weights and the order begin from.")
@click.option("--steps", type=click.IntRange(1), default=STEPS, show_default=True, help="Batches; fewer for a trial.")
def train_generator(data: Path, out: Path, seed: int, steps: int) -> None:
    """Fit the network that continues a phrase; takes about an hour on one core. Needs pip install 'jamd[train]'.

    It learns from every collection in DATA/symbolic but the pieces held out for dev and test, and keeps what does best
    on dev. `jamd eval generator` then scores it on test.
    """
    _needs_torch()
    from daemon.train.generator import phrase

    phrase.run(data, out, seed, steps, _say)


@train.command("blend")
@click.argument("data", type=FILE)
@click.option("--out", type=FILE, required=True, help="The weights to write: daemon/recommend/models/blend.npz.")
@click.option("--seed", type=int, default=1, show_default=True, help="What the fit begins from.")
def train_blend(data: Path, out: Path, seed: int) -> None:
    """Fit the ranking that jamd comes with to the dev sessions of every set in DATA; about a quarter of an hour.

    DATA is a folder of folders with sessions.tsv, or train.txt and test.txt. Needs pip install 'jamd[train]'.
    """
    _needs_torch()
    from daemon.train.recommender import fit, run

    run.blend(data, out, fit.Plan(), seed, _say)


@train.command("recommender")
@click.argument("data", type=FILE)
@click.option("--out", type=FILE, help="The folder the models go to; beside the library, where DATA is one.")
@click.option("--seed", type=int, default=1, show_default=True, help="What the weights and the order begin from.")
@click.option("--epochs", type=click.IntRange(1), help="Times through the sessions; fewer for a trial.")
def train_recommender(data: Path, out: Path | None, seed: int, epochs: int | None) -> None:
    """Fit the session network and the ranking to what was played in DATA. Needs pip install 'jamd[train]'.

    DATA is a library (library.db): its sets, those you imported and those that jamd kept, teach what you play after
    what; the daemon takes the new models when it starts. Or a folder with sessions.tsv, or train.txt and test.txt.

    \b
      jamd train recommender ~/.local/share/jamd/library.db

    Some ten seconds for 4,000 sets of 8 tracks, ten minutes for 120,000; `jamd eval recommend` then scores it.
    """
    _needs_torch()
    from daemon.train.recommender import fit, run

    plan = fit.Plan(epochs=epochs, steps=(0, epochs * 10**9)) if epochs else fit.Plan()
    run.command(data, out, plan, seed, _say)


@train.command("imagined")
@click.option("--out", type=FILE, required=True, help="The folder of the network: daemon/recommend/models.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="What the libraries, their sets and weights begin from."
)
def train_imagined(out: Path, seed: int) -> None:
    """Fit the session network that jamd comes with, to sets that it imagines itself; some minutes on one core.

    It serves where there is no history to learn from. Needs pip install 'jamd[train]'.
    """
    _needs_torch()
    from daemon.train.recommender import prior

    prior.command(out, seed, _say)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _needs_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise TrainError("PyTorch is not installed: pip install 'jamd[train]'") from None
