"""`jamd eval recommend`: each way of recommending, alone and together, at what came next in sessions not learnt from."""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from daemon.recommend.blend.opening import SHIPPED
from daemon.recommend.blend.ranking import Ranking
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.neighbours import SKNN
from daemon.recommend.family import Family
from daemon.recommend.session import Session
from daemon.scoring.next_item import FIRST, Recommend, Score, score
from daemon.train.recommender import moments, sets

BASELINES = ("popularity", "item_item", "rules", "sknn", "vsknn", "stan")
REFERENCE = {
    "gdshows": "GRU4Rec .638 / .762 / .378",
    "nowplaying": "GRU4Rec .115 / .160 / .054",
}
"""HR@10 / HR@20 / MRR@20 of another implementation, on these sets split by time in another way."""


def run(data: Path, only: str, models: Path | None, seed: int, as_json: bool) -> int:
    """Print a table for each set in `data`. Trains what is not in `models` yet, which needs PyTorch. Raises SetsError."""
    found = {folder.name: folder for folder in sets.folders(data)}
    if only and only not in found:
        raise sets.SetsError(f"{data}: no set {only!r} here; there is {', '.join(found)}")
    for folder in [found[only]] if only else found.values():
        one = sets.read(folder)
        trained = (models or _cache()) / f"{one.name}-{_mark(folder)}-{seed}"
        if not (trained / "card.json").exists():
            _train(one, trained, seed)
        learnt = ("train", "dev")
        seen = one.seen(*learnt)
        if not as_json:
            told = f"{one.name}: {len(one.catalogue)} items; learnt from {', '.join(learnt)}; judged on test"
            print(f"{told}\n{'':22s}    HR@10  HR@20 MRR@20  cover | never played: HR@20 MRR@20", flush=True)
        for name, recommend in methods(one, learnt, trained):
            scored = score(recommend, one.parts["test"], len(one.catalogue), seen)
            _print(one.name, name, scored, as_json)
        if not as_json:
            print(f"{REFERENCE.get(one.name, '')}\n", flush=True)
    return 0


def methods(one: sets.Sets, learnt: tuple[str, ...], trained: Path) -> Iterator[tuple[str, Recommend]]:
    """Baselines, each family alone, the blend with the weights fitted to this set's dev, and with those jamd comes with."""
    families = moments.families(one, learnt, trained)
    collaborative = next(family for family in families if isinstance(family, Collaborative))
    for name in BASELINES:
        method = SKNN(collaborative.history) if name == "sknn" else collaborative.methods[name]
        yield name, lambda session, allowed, method=method: method.candidates(session, allowed, FIRST)  # type: ignore[misc]
    for name in dict.fromkeys(family.name for family in families):
        some = [family for family in families if family.name == name]
        yield f"{name} alone", lambda session, allowed, some=some: some[0].candidates(session, allowed, FIRST)  # type: ignore[misc]
    yield "the blend", blended(families, Ranking(trained / "blend.npz"))
    yield "the blend, as shipped", blended(families, Ranking(SHIPPED / "blend.npz"))


def blended(families: list[Family], ranking: Ranking) -> Recommend:
    """The ranking alone: nothing wished, no variety asked for."""

    columns = [ranking.columns(family.name, family.fields) for family in families]

    def recommend(session: Session, allowed: np.ndarray) -> np.ndarray:
        found = [family.candidates(session, allowed, moments.CANDIDATES) for family in families]
        rows = np.unique(np.concatenate(found))
        fields = np.zeros((len(rows), len(ranking.fields)), np.float32)
        for family, places in zip(families, columns, strict=True):
            fields[:, places] = family.scores(session, rows)
        return rows[np.lexsort((rows, -ranking.score(fields)))[:FIRST]]

    return recommend


def _train(one: sets.Sets, trained: Path, seed: int) -> None:
    try:
        from daemon.train.recommender import fit
        from daemon.train.recommender import run as training
    except ImportError as error:
        raise sets.SetsError(
            f"{one.name}: no models of it in {trained.parent} yet, and {error.name} is not installed to train them: "
            "pip install 'jamd[train]'"
        ) from None

    training.train(one, trained, fit.Plan(), seed, lambda line: print(line, file=sys.stderr, flush=True))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jamd" / "recommender"


def _mark(folder: Path) -> str:
    """Of the data, so that what was trained on other data is not taken."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.glob("*.t*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _print(name: str, method: str, found: Score, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"set": name, "method": method, **found._asdict()}), flush=True)
        return
    of = f"{found.cold_hr20:.4f} {found.cold_mrr20:.4f} of {found.n_cold}" if found.n_cold else "-"
    values = f"{found.hr10:.4f} {found.hr20:.4f} {found.mrr20:.4f}  {found.coverage:.3f}"
    print(f"{method:22s} {found.n:6d} {values} | {of}", flush=True)
