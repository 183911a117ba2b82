"""`jamd eval generator`: how well music is foretold, chords are foreseen, and phrases are made, on pieces not learnt."""

import json
import sys
from collections.abc import Callable, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from daemon import registry
from daemon.errors import UserError
from daemon.scoring import bits, sanity
from daemon.train.generator import corpus
from daemon.train.generator.corpus import CorpusError, Piece

MEASURES = ("bits", "harmony", "sanity")


def run(data: Path, split: str, only: str, as_json: bool, phrases: int = sanity.PHRASES) -> int:
    """Print the tables of `only`, or of all MEASURES where it is empty. Raises CorpusError."""
    if not data.is_dir():
        raise CorpusError(
            f"{data}: there is no such folder; --data takes one with nottingham/, pop909/ and so on in it"
        )
    parts = corpus.split(corpus.pieces(data, _say))
    test = parts[split]
    if not test:
        raise CorpusError(f"{data}: too few pieces for a {split} part; --data takes a folder with more of them")
    _say(f"{len(parts['train'])} pieces learnt; {len(test)} of {split}, none of which repeats one learnt")
    for measure in MEASURES:
        if only in ("", measure):
            title, rows, text = _MEASURES[measure](parts["train"], test, phrases)
            if as_json:
                for row in rows:
                    print(json.dumps({"measure": measure, **_plain(row)}))
            else:
                print(f"{title}, split {split}\n{text}\n", flush=True)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _plain(row: Any) -> dict[str, Any]:
    """A named tuple as JSON takes it: what is in it too, and nothing for NaN."""
    found: dict[str, Any] = {}
    for name, value in row._asdict().items():
        if hasattr(value, "_asdict"):
            found |= _plain(value)
        else:
            found[name] = None if isinstance(value, float) and isnan(value) else value
    return found


def _bits(train: list[Piece], test: list[Piece], _: int) -> tuple[str, Sequence[Any], str]:
    judges = {}
    for precision in ("fp32", "int8"):
        try:
            judges[f"network {precision}"] = judge(precision)
        except UserError as error:
            _say(f"no phrase network in {precision}: {error}")
    rows = bits.table(train, test, judges, _say)
    return "Bits per note", rows, bits.text(rows)


def judge(precision: str) -> bits.Judge:
    """The phrase network, foretelling a piece's melody note by note as it does live. Raises ModelError."""
    from daemon.generate.deep import alphabet, phrase, rows
    from daemon.generate.deep.network import shipped
    from daemon.train.generator.examples import meters_of

    network = shipped(precision)

    def of(piece: Piece) -> np.ndarray:
        notes = corpus.melody(piece)
        meters = meters_of(piece, notes)
        setting = np.zeros(1, rows.SETTING)
        setting["shift"], setting["mode"] = alphabet.tonic_shift(piece.tonic), piece.mode
        setting["style"] = alphabet.STYLES.index(piece.set if piece.set in alphabet.STYLES else "")
        steps = alphabet.steps(notes, int(meters[0, 1]))
        return phrase.bits(network, steps, notes["velocity"].astype(np.int64), setting[0], meters)

    return of


def _harmony(train: list[Piece], test: list[Piece], _: int) -> tuple[str, Sequence[Any], str]:
    from daemon.train.generator import score_harmony

    _say("chords, foreseen by every method")
    rows = score_harmony.table(test)
    return "Accompaniment, online", rows, score_harmony.text(rows)


def _sanity(train: list[Piece], test: list[Piece], phrases: int) -> tuple[str, Sequence[Any], str]:
    makers = {}
    for name in registry.GENERATORS["answer"]:
        try:
            registry.generator("answer", name)
        except UserError as error:
            _say(f"no generator {name}: {error}")
        else:
            makers[name] = lambda name=name: registry.generator("answer", name)
    rows = sanity.table(train, test, makers, _say, phrases)
    return f"Answers of {sanity.BARS} bars beside what people wrote", rows, sanity.text(rows)


_MEASURES: dict[str, Callable[[list[Piece], list[Piece], int], tuple[str, Sequence[Any], str]]] = {
    "bits": _bits,
    "harmony": _harmony,
    "sanity": _sanity,
}
