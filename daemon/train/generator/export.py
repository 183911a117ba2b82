"""The trained phrase network as ONNX: one graph for each choice, its past an explicit input, in fp32 and int8."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from daemon.generate.deep.alphabet import CANDIDATES, DURATION, PAST, PITCH, TOKEN
from daemon.train.generator.network import PARTS, Phrase


class Step(nn.Module):
    """One note for the trunk, and the logits of the next one's time."""

    def __init__(self, network: Phrase) -> None:
        super().__init__()
        self.network = network

    def forward(self, token: Tensor, at: Tensor, candidates: Tensor, mask: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """token (1, fields), at (1, 2), candidates (1, CANDIDATES), mask (PAST,): 0 where there is a past, else very low.

        `past`: for each layer the keys (heads, width of a head, PAST) and the values (heads, PAST, width of a head). The
        graph takes any number in PAST's place.
        Gives the word (1, width), the time's logits (1, symbols), and the keys and values of this note,
        (layers, 2, heads, width of a head).
        """
        net = self.network
        x = net.lookup(token)[None]
        cos, sin = net.angles(at[None])
        added = []
        for layer, keys, values in zip(net.stack, past[::2], past[1::2], strict=True):
            q, k, v = (one[0] for one in layer.keys(x, cos, sin))
            scale = q.shape[-1] ** -0.5
            now = (q * k).sum(-1, keepdim=True) * scale
            weight = torch.cat(((q @ keys) * scale + mask, now), -1).softmax(-1)
            seen = weight[..., :-1] @ values + weight[..., -1:] * v
            x = layer.rest(x, seen[None], net.drop)
            added.append(torch.stack((k[:, 0], v[:, 0])))
        word = net.norm(x)[0]
        return word, net.times(word, candidates), torch.stack(added)


class PitchStep(nn.Module):
    """The part's logits, and the pitch's for each part."""

    def __init__(self, network: Phrase) -> None:
        super().__init__()
        self.network = network

    def forward(self, word: Tensor, known: Tensor, candidates: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """word (1, width), known (1, fields; the part is left open), candidates (1, CANDIDATES), last (1,)."""
        net = self.network
        parts = net.parts(word, known[:, 0])
        each = torch.cat(
            (known[:, :2].repeat(PARTS, 1), torch.arange(PARTS)[:, None], known[:, 3:].repeat(PARTS, 1)), 1
        )
        return parts, net.pitches(word.repeat(PARTS, 1), each, candidates.repeat(PARTS, 1), last.repeat(PARTS))


class DurationStep(nn.Module):
    """The duration's and the loudness's logits."""

    def __init__(self, network: Phrase) -> None:
        super().__init__()
        self.network = network

    def forward(self, word: Tensor, known: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """word (1, width), known (1, fields), candidates (1, CANDIDATES)."""
        return self.network.durations(word, known, candidates)


def export(checkpoint: Path, folder: Path) -> None:
    """Write trunk, pitch and duration (.onnx, and .int8.onnx) of a checkpoint of `phrase.train`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    saved = torch.load(checkpoint, weights_only=False)
    network = Phrase(saved["size"])
    network.load_state_dict(saved["state"])
    network.eval()
    size = network.size
    word, candidates = torch.zeros(1, size.width), torch.zeros(1, CANDIDATES, dtype=torch.int64)
    wide = size.width // size.heads
    past = {
        name: value
        for layer in range(size.layers)
        for name, value in (
            (f"keys_{layer}", torch.zeros(size.heads, wide, PAST)),
            (f"values_{layer}", torch.zeros(size.heads, PAST, wide)),
        )
    }

    def ints(fields: dict[str, int]) -> Tensor:
        return torch.zeros(1, len(fields), dtype=torch.int64)

    graphs: dict[str, tuple[nn.Module, dict[str, Tensor], list[str]]] = {
        "trunk": (
            Step(network),
            {
                "token": ints(TOKEN.sizes),
                "at": torch.zeros(1, 2),
                "candidates": candidates,
                "mask": torch.zeros(PAST),
                **past,
            },
            ["word", "time", "added"],
        ),
        "pitch": (
            PitchStep(network),
            {
                "word": word,
                "known": ints(PITCH.sizes),
                "candidates": candidates,
                "last": torch.zeros(1, dtype=torch.int64),
            },
            ["part", "pitch"],
        ),
        "duration": (
            DurationStep(network),
            {"word": word, "known": ints(DURATION.sizes), "candidates": candidates},
            ["duration", "loudness"],
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (graph, inputs, outputs) in graphs.items():
        path = folder / f"{name}.onnx"
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that another exporter will follow it
            torch.onnx.export(
                graph,
                tuple(inputs.values()),
                str(path),
                input_names=list(inputs),
                output_names=outputs,
                opset_version=17,
                dynamic_axes={
                    one: {k: "past"} for one, value in inputs.items() for k, n in enumerate(value.shape) if n == PAST
                },
                dynamo=False,
            )
        quantize_dynamic(path, folder / f"{name}.int8.onnx", weight_type=QuantType.QInt8, per_channel=True)
