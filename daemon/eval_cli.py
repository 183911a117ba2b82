"""The group of commands that is `jamd eval`."""

import sys
from pathlib import Path

import click

from daemon.options import FILE


@click.group("eval")
def evaluate() -> None:
    """Score what jamd hears and what it plays, on data that it has not learnt from.

    \b
      jamd eval onset --data analysis       an analysis on annotated audio, beside others on the same files
      jamd eval section                     build-ups, drops, breaks and boundaries, on pieces made for it
      jamd eval generator --data symbolic   the phrase generators, beside PPM models, HMM chords and people
      jamd eval recommend --data sessions   what to play next, beside popularity, item-item, rules and neighbours
    """


def _evaluate(analysis: str) -> None:
    """Add the command that scores an analysis."""

    @evaluate.command(analysis, short_help=f"Score {analysis} on annotated audio.")
    @click.option("--data", type=FILE, required=True, help="A folder of NAME.ogg + NAME.json, or of such folders.")
    @click.option("--split", default="dev", show_default=True, help="Which pieces: dev, test, train, all.")
    @click.option("--programs", default="", help="Which programs, with commas between (default: all).")
    @click.option("--only", default="", help="One of the folders, by its name.")
    @click.option("--peers", type=FILE, help="A folder of environments in which other programs are installed.")
    @click.option("--model", default="", help="Which model hears: its name on the shelf, or its folder.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON object for each piece and program.")
    def command(
        data: Path, split: str, programs: str, only: str, peers: Path | None, model: str, as_json: bool
    ) -> None:
        """Score this analysis on annotated audio by mir_eval, beside other programs on the same files.

        aubio is always there. The others are asked in environments of their own: DIR/madmom, DIR/librosa and so on of
        --peers DIR; what is missing is named, with how to install it.
        """
        from daemon import evaluation

        chosen = tuple(name for name in programs.split(",") if name)
        sys.exit(evaluation.run(analysis, data, split, as_json, chosen, only, peers, _model(model)))


def _model(given: str) -> str | Path:
    """A folder, where it is one by its looks."""
    return Path(given) if "/" in given or Path(given, "card.toml").is_file() else given


for _analysis in ("onset", "drums", "f0", "notes", "beat", "chord", "key"):
    _evaluate(_analysis)


@evaluate.command("section", short_help="Score build-ups, drops, breaks and boundaries on generated pieces.")
@click.option("--pieces", type=click.IntRange(1, 10000), default=40, show_default=True, help="How many.")
@click.option("--seed", type=int, default=1000, show_default=True, help="The first piece's; each next has the next.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each piece: what was true, what was said.")
def eval_section(pieces: int, seed: int, as_json: bool) -> None:
    """Score sections on club-like and song-like pieces that are generated from seeds, so that the truth is exact.

    jamd's own voices play half of them; FluidSynth and its sound font the other half, where they are there. jamd was tuned
    on seeds 0 to 39. Figures on generated music say what is found in music made so, not how well it does on recordings.
    """
    from daemon.scoring import section

    sys.exit(section.run(pieces, seed, as_json))


@evaluate.command("generator", short_help="Score what foretells, accompanies and answers.")
@click.option("--data", type=FILE, required=True, help="A folder with nottingham/, openewld/, pop909/ ... in it.")
@click.option("--split", type=click.Choice(["dev", "test"]), default="test", show_default=True, help="Which pieces.")
@click.option("--only", type=click.Choice(["bits", "harmony", "sanity"]), help="One of the three tables.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each row.")
def eval_generator(data: Path, split: str, only: str | None, as_json: bool) -> None:
    """Score the phrase generators on pieces of which nothing, in any key, is among those that were learnt.

    \b
    bits     how surprised the network is by a note (time + pitch + duration), beside unigram, bigram, and PPM models
             that have learnt the training pieces (long-term), the piece so far (short-term), or both: fewer is better
    harmony  chords foreseen while only the past is known, beside rules, an HMM, and the chords that people wrote
    sanity   500 answers to the first four bars of a piece, by each generator, beside what people wrote there

    The first run reads the collections, which takes some time; a later one has them from the cache.
    """
    from daemon.scoring import generator

    sys.exit(generator.run(data, split, only or "", as_json))


@evaluate.command("recommend", short_help="Score what is recommended next.")
@click.option("--data", type=FILE, required=True, help="A folder of sessions, or of such folders.")
@click.option("--only", default="", help="One of the folders, by its name.")
@click.option("--models", type=FILE, help="Where the trained models are kept (default: in the cache).")
@click.option("--seed", type=int, default=1, show_default=True, help="What training begins from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each row.")
def eval_recommend(data: Path, only: str, models: Path | None, seed: int, as_json: bool) -> None:
    """Score what is recommended after every beginning of a session of `test`: HR@10, HR@20, MRR@20, coverage@20.

    \b
    baselines   popularity, item-item, sequential rules, SKNN, VSKNN, STAN
    alone       each family by itself: content, collaborative, deep
    the blend   with a ranking fitted to the set's dev sessions; and with the one that jamd comes with

    A folder holds sessions.tsv, or train.txt and test.txt. What is not trained yet is trained first, on train and dev,
    and kept: that takes from a minute to an hour a set, and needs pip install 'jamd[train]'.
    """
    from daemon.scoring import recommend

    sys.exit(recommend.run(data, only, models, seed, as_json))
