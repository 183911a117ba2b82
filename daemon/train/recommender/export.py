"""The trained session network as files that `daemon.recommend.deep.model` runs."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from daemon.models import writing
from daemon.recommend.deep.features import N_NUMBERS, N_TOKENS
from daemon.recommend.deep.model import keys_of
from daemon.train.recommender.network import Network
from daemon.train.recommender.sets import Sets


class _Step(nn.Module):
    """The step as ONNX names it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.step = network.step

    def forward(self, item: Tensor, position: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.step(item, position, state)


def export(network: Network, sets: Sets | None, learn: tuple[str, ...], folder: Path) -> None:
    """Write `items.onnx` and `step.onnx`, and `own.npz` for what was played in `learn`; without `sets`, none. And a card."""
    folder.mkdir(parents=True, exist_ok=True)
    network.eval()
    size = network.size + 1
    item = {
        "numbers": torch.zeros(2, N_NUMBERS),
        "tokens": torch.zeros(2, N_TOKENS, dtype=torch.int64),
        "own": torch.zeros(2, size),
    }
    step = {
        "item": torch.zeros(1, 1, size),
        "position": torch.zeros(1, dtype=torch.int64),
        "state": torch.zeros(1, 1, network.hidden),
    }
    _graph(network.encoder, item, ["vectors"], {name: {0: "n"} for name in (*item, "vectors")}, folder / "items.onnx")
    _graph(_Step(network).eval(), step, ["query", "state_next"], None, folder / "step.onnx")
    if sets is not None:
        seen = np.flatnonzero(sets.seen(*learn))
        keys, first = np.unique(keys_of(sets.catalogue)[seen], return_index=True)
        own = network.own.weight.detach().numpy()[seen[first]].astype(np.float16)
        np.savez_compressed(folder / "own.npz", keys=keys, vectors=own)
    writing.refresh(folder, writing.library(folder, "imagined sets" if sets is None else sets.name))


def _graph(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], axes: dict | None, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=axes,
            dynamo=False,
            opset_version=17,
        )
