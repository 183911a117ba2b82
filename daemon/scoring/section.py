"""`jamd eval section`: build-ups, drops, breaks and boundaries on generated pieces, whose sections are known exactly.

No annotated set of these is free to use, so the pieces are made from seeds; figures on them say what is found in music that
is made as theirs is, not how well it does on recordings.
"""

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from daemon import messages as m
from daemon import registry
from daemon.errors import UserError

CHAIN = ("chroma", "beat", "section")
WINDOW_S = {"build-up": 4.0, "drop": 2.0, "break": 2.0, "boundary": 2.0}  # what rises begins at no one moment
BOUNDARY_S = (3.0, 0.5)  # about any boundary, as in MIREX's structural segmentation


class Found(NamedTuple):
    """What was true of a piece, and what was said."""

    name: str
    seed: int
    seconds: float
    true: list[tuple[float, str]]
    said: list[tuple[float, float, str, float, float]]  # at s, known s, what, confidence, energy


def run(pieces: int, seed: int, as_json: bool) -> int:
    """Print the table (or JSON lines) of so many generated pieces. Raises UserError."""
    try:
        import mir_eval  # noqa: F401
    except ImportError:
        raise UserError("mir_eval is not installed: pip install 'jamd[eval]'") from None
    makers = _makers()
    jobs = [(seed + k, makers[k // 2 % len(makers)]) for k in range(pieces)]
    found: list[Found] = []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for n, one in enumerate(pool.map(_piece, jobs), 1):
            found.append(one)
            if as_json:
                print(json.dumps(one._asdict()))
            elif sys.stderr.isatty():
                print(f"\r{n} of {len(jobs)}", end="", file=sys.stderr)
    if not as_json:
        without = "" if len(makers) > 1 else "; FluidSynth and its sound font are not there, so jamd's own voices alone"
        print(f"section, on {pieces} pieces generated from seeds {seed} to {seed + pieces - 1}{without}")
        print(table(found))
    return 0


def hear(samples: np.ndarray, rate: int) -> list[tuple[float, float, str, float, float]]:
    """The sections that jamd finds in float32 (channels, n): at s, known s, what, confidence, energy."""
    from daemon.engine import offline
    from dsp.hop import SECTION

    analysers = [registry.analyser(kind, next(iter(registry.ANALYSERS[kind]))) for kind in CHAIN]
    blocks = (samples[:, at : at + 8192] for at in range(0, samples.shape[1], 8192))
    events = np.concatenate([part.events for part in offline.analyse(blocks, rate, len(samples), analysers)])
    return [
        (
            float(e["sample_time"]) / rate,
            float(e["known_at"]) / rate,
            m.SECTIONS[int(e["value"][0])],
            *e["value"][1:3].tolist(),
        )
        for e in events[events["kind"] == SECTION]
    ]


def table(found: Sequence[Found]) -> str:
    """Rows: each kind, and all sections as boundaries; columns: precision, recall, F, and when it was known."""
    kinds = [(f"{what} +-{WINDOW_S[what]:g} s", partial(_of, what=what), WINDOW_S[what]) for what in m.SECTIONS]
    kinds += [(f"any +-{window_s:g} s", partial(_of, what=""), window_s) for window_s in BOUNDARY_S]
    lines = [f"{'':18}{'pieces':18}{'true':>6}{'said':>6}{'P':>7}{'R':>7}{'F':>7}  known after, median and p95"]
    names = sorted({one.name for one in found})
    for title, chosen, window_s in kinds:
        for name in (*names, "all") if len(names) > 1 else ("all",):
            rows = [one for one in found if name in (one.name, "all")]
            lines.append(f"{title:18}{name:18}{_row(rows, chosen, window_s)}")
    minutes = sum(one.seconds for one in found) / 60
    return "\n".join([*lines, f"{minutes:.0f} minutes of music, all generated"])


def _of(one: Found, what: str) -> tuple[list[float], list[tuple[float, float]]]:
    """When a kind truly began, and (at, known) of what was said; all kinds where none is named."""
    return (
        [at for at, kind in one.true if what in ("", kind)],
        [(at, known) for at, known, kind, *_ in one.said if what in ("", kind)],
    )


def _row(rows: Sequence[Found], chosen: Any, window_s: float) -> str:
    import mir_eval

    true = said = hits = 0
    late: list[float] = []
    for one in rows:
        reference, estimate = chosen(one)
        estimate = sorted(estimate)
        true, said = true + len(reference), said + len(estimate)
        if reference and estimate:
            matched = mir_eval.util.match_events(np.array(reference), np.array([at for at, _ in estimate]), window_s)
            hits += len(matched)
            late += [estimate[e][1] - reference[r] for r, e in matched]
    precision, recall = hits / said if said else float("nan"), hits / true if true else float("nan")
    f = 2 * hits / (true + said) if true + said else float("nan")
    known = f"{np.median(late):6.1f} s {np.percentile(late, 95):6.1f} s" if late else ""
    return f"{true:6}{said:6}{precision:7.2f}{recall:7.2f}{f:7.2f}  {known}"


def _makers() -> tuple[str, ...]:
    """Who can play the pieces here."""
    from daemon.train.render import RenderError, font

    try:
        font()
    except RenderError:
        return ("jamd",)
    return ("jamd", "fluid")


def _piece(job: tuple[int, str]) -> Found:
    from daemon.scoring import section_sound

    seed, maker = job
    piece = section_sound.piece(seed, maker=maker)
    heard = hear(piece.samples, piece.rate)
    return Found(piece.name, seed, piece.samples.shape[1] / piece.rate, piece.sections, heard)
