"""`jamd train recommender`: a data set, or a library's own history, to a folder that the recommender opens.

Twice: on `train`, stopped by dev, for the ranking to be fitted to dev as it will meet sessions that the network has not
seen; then for as many epochs on `train` and dev together, which is what is used.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from daemon.models import writing
from daemon.recommend.blend.opening import own
from daemon.recommend.catalogue import NOBODY
from daemon.recommend.family import Family
from daemon.train.recommender import fit, ranking
from daemon.train.recommender.export import export
from daemon.train.recommender.moments import Moment, families, fields, moment, prefixes
from daemon.train.recommender.network import Network
from daemon.train.recommender.sets import FEWEST, Sets, SetsError, folders, joined, of_library, read

JUDGED = 1500  # sessions of dev, at most, that an epoch is judged by
MOMENTS = 6000  # of dev, at most, that the ranking is fitted to
ENOUGH = 500  # of a library's own dev, for a ranking of its own
CARD = "card.json"


def command(data: Path, out: Path | None, plan: fit.Plan, seed: int, say: Callable[[str], None]) -> None:
    """Train for a library, or for the only data set in a folder. Raises SetsError, LibraryError."""
    if data.is_dir():
        found = folders(data)
        if len(found) > 1:
            raise SetsError(f"{data}: holds {len(found)} data sets; give one of them, such as {found[0]}")
        if out is None:
            raise SetsError(f"{data}: say where the models go: --out FOLDER")
        train(read(found[0]), out, plan, seed, say)
    else:
        folder = out or own(data)
        made = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(made, ignore_errors=True)
        if train(of_library(data), made, plan, seed, say) < ENOUGH:
            (made / "blend.npz").unlink()
            say(f"fewer than {ENOUGH} moments of dev: the ranking that jamd comes with is kept")
        shutil.rmtree(folder, ignore_errors=True)  # what is used is always of one fit
        made.rename(folder)


def train(sets: Sets, folder: Path, plan: fit.Plan, seed: int, say: Callable[[str], None]) -> int:
    """Fit network and ranking to `sets`, into `folder`; how many moments the ranking was fitted to.

    Raises SetsError where there is too little.
    """
    n = {part: sum(len(one.rows) > 1 for one in sets.parts[part]) for part in ("train", "dev")}
    if sum(n.values()) < FEWEST or not min(n.values()):
        raise SetsError(
            f"{sets.name}: {n['train']} sessions of two plays or more to learn from and {n['dev']} to choose by: "
            f"at least {FEWEST} are needed, some of them for each"
        )
    torch.set_num_threads(1)
    say(f"{sets.name}: {len(sets.catalogue)} items, {sum(map(len, sets.parts.values()))} sessions")
    network, epochs, newer = chosen(sets, plan, seed, say)
    with tempfile.TemporaryDirectory() as tried:
        export(network, sets, ("train",), Path(tried))
        some = families(sets, ("train",), Path(tried))
    seen = moments(sets, some, seed, say)
    ranking.fit([seen], fields(some), folder / "blend.npz", seed)
    say(f"once more, on dev too, for {epochs} epochs")
    network, _ = fit.fit(sets, ("train", "dev"), None, plan._replace(epochs=epochs), newer, seed, say)
    export(network, sets, ("train", "dev"), folder)
    card = {"task": "next item of a session", "data": sets.name, "items": len(sets.catalogue), "seed": seed}
    card |= {"epochs": epochs, "newer": newer, "plan": plan._asdict(), "moments": len(seen)}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return len(seen)


def chosen(sets: Sets, plan: fit.Plan, seed: int, say: Callable[[str], None]) -> tuple[Network, int, float]:
    """The network of `train` that is best on dev, after how many epochs, and how much newer sessions weighed."""
    tried = plan.newer if len(fit.stretches(sets.parts["train"])) < plan.long else plan.newer[:1]
    found = []
    for newer in tried:
        network, epochs = fit.fit(sets, ("train",), lambda one: judge(one, sets), plan, newer, seed, say)
        found.append((judge(network, sets), network, epochs, newer))
    _, network, epochs, newer = max(found, key=lambda one: one[0])
    return network, epochs, newer


def blend(data: Path, out: Path, plan: fit.Plan, seed: int, say: Callable[[str], None]) -> None:
    """The ranking that jamd comes with: fitted to all sets of a folder, each with as much say. Raises SetsError.

    What has artists is one library, so that a track which nobody played is mostly one that nobody will: in a single set
    every track is played sometime, and a ranking would learn that strangers are due.
    """
    torch.set_num_threads(1)
    found = [read(folder) for folder in folders(data)]
    named = [one for one in found if (one.catalogue.artists != NOBODY).any()]
    groups = []
    names: list[str] = []
    for sets in [joined(named), *(one for one in found if all(one is not other for other in named))]:
        say(f"{sets.name}: {len(sets.catalogue)} items")
        network, _, _ = chosen(sets, plan, seed, say)
        with tempfile.TemporaryDirectory() as folder:
            export(network, sets, ("train",), Path(folder))
            some = families(sets, ("train",), Path(folder))
        names = fields(some)
        groups.append(moments(sets, some, seed, say))
    ranking.fit(groups, names, out, seed)
    writing.refresh(out.parent)
    say(f"{out}: fitted to {sum(map(len, groups))} moments of dev")


def moments(
    sets: Sets, some: Sequence[Family], seed: int, say: Callable[[str], None], part: str = "dev"
) -> list[Moment]:
    """At most MOMENTS of a part, drawn by session."""
    sittings = sets.parts[part]
    found: list[Moment] = []
    for index in np.random.default_rng(seed).permutation(len(sittings)):
        if len(found) >= MOMENTS:
            break
        found += [moment(session, target, some, len(sets.catalogue)) for session, target in prefixes(sittings[index])]
    met = sum(one.target in one.rows for one in found) / max(len(found), 1)
    if not met:
        raise SetsError(f"{sets.name}: no next item of its {part} is among the candidates; give it more sessions")
    say(f"{len(found)} moments of {part}; the next item is among the candidates in {100 * met:.0f} %")
    return found


def judge(network: Network, sets: Sets, part: str = "dev") -> float:
    """MRR@20 of the network alone over the part's next items that are new in their session."""
    items = fit.vectors(network, sets)
    total = n = 0.0
    sittings = sets.parts[part]
    chosen = np.random.default_rng(0).permutation(len(sittings))[:JUDGED]
    for sitting in (sittings[i] for i in np.sort(chosen)):
        if len(sitting.rows) < 2:
            continue
        with torch.no_grad():
            told = items[torch.from_numpy(sitting.rows[:-1])][None]
            queries, _ = network.step(told, torch.arange(told.shape[1]), torch.zeros(1, 1, network.hidden))
            scores = (queries[0] @ items.T).numpy()
        for k, target in enumerate(sitting.rows[1:]):
            scores[k:, sitting.rows[k]] = -np.inf
            if target in sitting.rows[: k + 1]:
                continue
            rank = int((scores[k] > scores[k, target]).sum()) + 1
            total += 1 / rank if rank <= 20 else 0.0
            n += 1
    return total / max(n, 1)
