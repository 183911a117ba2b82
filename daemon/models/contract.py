"""What a task's graphs take and give: whatever model does the task, here or elsewhere, is of these shapes and types.

The families that use the graphs (daemon.generate.deep, daemon.recommend.deep) are built on the same numbers; a test holds
the two together. A size that has a name is open.
"""

from collections.abc import Mapping
from typing import NamedTuple

FORMAT = 1
"""Of everything below and of what the numbers mean; a model made for another is not understood."""

OPEN_SIZES = {"past": 256, "time": 1}
"""Sizes that a file leaves open by these names, so that a server can be sent less of them, or a trainer may ask for more;
run here they are these."""

FLOAT, INT = "float32", "int64"


class Tensor(NamedTuple):
    """One input or output."""

    shape: tuple[int | str, ...]
    type: str = FLOAT


class Graph(NamedTuple):
    """By name, in the graph's order.

    One that `streams` has as many more inputs as it likes, state_0, state_1 ..., float32 of any fixed size, which begin as
    zeros; and after its outputs what each is to be next: state_0_next, state_1_next ...
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    streams: bool = False


def completed(graph: Graph, inputs: Mapping[str, Tensor]) -> Graph:
    """What a task wants of a graph with these inputs: the same, with the state that they say where it streams."""
    if not graph.streams:
        return graph
    state: dict[str, Tensor] = {}
    while (name := f"state_{len(state)}") in inputs and all(isinstance(size, int) for size in inputs[name].shape):
        state[name] = Tensor(inputs[name].shape)
    after = {f"{name}_next": one for name, one in state.items()}
    return Graph(graph.inputs | state, graph.outputs | after)


_PAST = {
    f"{kind}_{layer}": Tensor(shape)
    for layer in range(4)
    for kind, shape in (("keys", (5, 32, 256)), ("values", (5, 256, 32)))
}
_BANDS = {"bands": Tensor((1, 1, 2, 64))}
_PITCHES = {name: Tensor((1, 1, 88)) for name in ("attack", "sounding", "velocity")}
_WORD, _CANDIDATES = {"word": Tensor((1, 160))}, {"candidates": Tensor((1, 6), INT)}

TASKS: dict[str, dict[str, Graph]] = {
    "phrase": {
        "trunk": Graph(
            {"token": Tensor((1, 21), INT), "at": Tensor((1, 2)), **_CANDIDATES, "mask": Tensor((256,)), **_PAST},
            {**_WORD, "time": Tensor((1, 73)), "added": Tensor((4, 2, 5, 32))},
        ),
        "pitch": Graph(
            {**_WORD, "known": Tensor((1, 11), INT), **_CANDIDATES, "last": Tensor((1,), INT)},
            {"part": Tensor((1, 5)), "pitch": Tensor((5, 128))},
        ),
        "duration": Graph(
            {**_WORD, "known": Tensor((1, 13), INT), **_CANDIDATES},
            {"duration": Tensor((1, 73)), "loudness": Tensor((1, 9))},
        ),
    },
    "harmony": {
        "harmony": Graph(
            {"row": Tensor((1, 136)), "past": Tensor((1,), INT), "state": Tensor((1, 256))},
            {
                "chords": Tensor((1, 5, 97)),
                "bass": Tensor((1, 12)),
                "melody": Tensor((1, 12)),
                "state_next": Tensor((1, 256)),
            },
        )
    },
    "next": {
        "items": Graph(
            {"numbers": Tensor(("n", 56)), "tokens": Tensor(("n", 12), INT), "own": Tensor(("n", 97))},
            {"vectors": Tensor(("n", 97))},
        ),
        "step": Graph(
            {"item": Tensor((1, 1, 97)), "position": Tensor((1,), INT), "state": Tensor((1, 1, 128))},
            {"query": Tensor((1, 1, 97)), "state_next": Tensor((1, 1, 128))},
        ),
    },
    "hearing": {
        "rhythm": Graph(_BANDS, {"onset": Tensor((1, 1, 4)), "beat": Tensor((1, 1, 2))}, streams=True),
        "pitch": Graph(
            {**_BANDS, "tones": Tensor((1, 1, 300))},
            {
                **_PITCHES,
                "f0": Tensor((1, 1, 264)),
                "voiced": Tensor((1, 1, 1)),
                "chord": Tensor((1, 1, 25)),
                "bass": Tensor((1, 1, 12)),
                "key": Tensor((1, 1, 24)),
            },
            streams=True,
        ),
    },
}
"""task -> graph -> what it takes and gives."""

BUILT_IN = ("onset", "drums")
"""Tasks of the engine's two small perceptrons: listed with the others, but part of the engine."""
