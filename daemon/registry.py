"""Names to implementations: literal tables, imported late, so that what is not used is not loaded."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

_AUBIO_ONSET = ("hfc", "energy", "complex", "phase", "wphase", "specdiff", "kl", "mkl", "specflux")
_AUBIO_F0 = ("yinfft", "yinfast", "yin", "mcomb", "fcomb", "schmitt", "specacf")

ANALYSERS: dict[str, dict[str, str]] = {
    "level": {"bs1770": "dsp.analysers.level"},
    "bands": {"bands": "dsp.analysers.bands"},
    "onset": {
        "superflux": "dsp.analysers.onset",
        **{f"aubio:{method}": "dsp.analysers.aubio_onset" for method in _AUBIO_ONSET},
    },
    "f0": {
        "yin": "dsp.analysers.f0",
        **{f"aubio:{method}": "dsp.analysers.aubio_f0" for method in _AUBIO_F0},
    },
    "notes": {"f0": "dsp.analysers.notes"},
    "chroma": {"chroma": "dsp.analysers.chroma"},
    "chord": {"templates": "dsp.analysers.chord"},
    "key": {"profiles": "dsp.analysers.key"},
    "beat": {"predictive": "dsp.analysers.beat", "aubio:default": "dsp.analysers.aubio_beat"},
    "section": {"energy": "dsp.analysers.section"},
}
"""analysis -> name -> module, in the order they run; the first name is the default. What follows a colon is a method."""

NEURAL = "neural"
"""The name of a network beside the engine (daemon.hearing), whose place the first name of the table takes in it."""

HEARS = {"onset": "rhythm", "beat": "rhythm", "notes": "pitch", "f0": "pitch", "chord": "pitch", "key": "pitch"}
"""analysis -> which of the two networks does it, where its name is NEURAL."""

BY_NETWORK = ("onset", "beat", "notes", "chord", "key")
"""Analyses that a network does by default, where this machine keeps up with it: those in which it was ahead on dev, clean
and spoilt by a stage. A single voice's pitch stays with the engine, which tells it in half the time."""


GENERATORS: dict[str, dict[str, str]] = {
    "answer": {
        "motif": "daemon.generate.rules.motif:Motif",
        "markov": "daemon.generate.rules.markov:Markov",
        "neural": "daemon.generate.deep.phrase:Neural",
    },
    "harmony": {
        "rules": "daemon.generate.rules.harmony:Rules",
        "hmm": "daemon.generate.rules.hmm:Hmm",
        "neural": "daemon.generate.deep.harmony:Neural",
    },
    "chords": {"comping": "daemon.generate.rules.comping:Comping", "neural": "daemon.generate.deep.phrase:Chords"},
    "bass": {
        "walking": "daemon.generate.rules.bass:Walking",
        "root": "daemon.generate.rules.bass:Root",
        "neural": "daemon.generate.deep.phrase:Bass",
    },
    "drums": {"pattern": "daemon.generate.rules.drums:Pattern"},
    "counter": {"species": "daemon.generate.rules.counter:Species"},
}
"""role -> name -> class (daemon.generate.generator). The first is by rule: it plays where another cannot, or is late."""


VECTORS = {
    "exact": "daemon.recommend.vectors.exact:Exact",
    "qdrant": "daemon.recommend.vectors.qdrant:Qdrant",
}
"""name -> class (daemon.recommend.vectors.store). The first is on this machine and answers while another cannot."""


class Analyser(NamedTuple):
    """What an analyser's module offers (dsp.analysers), its method chosen."""

    prepare: Callable[[float], "np.ndarray"]
    process: Any  # a kernel: `address`


def check(analysis: str, name: str) -> None:
    """Raise KeyError, saying which names there are, unless `name` is one of them."""
    names = [*ANALYSERS[analysis], *([NEURAL] if analysis in HEARS else [])]
    if name not in names:
        raise KeyError(f"there is no {name!r}; choose one of {', '.join(names)}, off")


def analyser(analysis: str, name: str) -> Analyser:
    """What does `analysis` under `name`. Raises KeyError with the names there are."""
    check(analysis, name)
    if name == NEURAL:
        raise KeyError(f"{NEURAL} is no analyser of the engine's; it is run by daemon.hearing")
    module = import_module(ANALYSERS[analysis][name])
    method = name.partition(":")[2]
    return Analyser(partial(module.prepare, method=method) if method else module.prepare, module.process)


def target(role: str, name: str) -> str:
    """`module:Class` of a generator. Raises KeyError with the names there are."""
    if role not in GENERATORS:
        raise KeyError(f"there is no part {role!r}; choose one of {', '.join(GENERATORS)}")
    names = GENERATORS[role]
    if name not in names:
        raise KeyError(f"{role}: there is no generator {name!r}; choose one of {', '.join(names)}")
    return names[name]


def generator(role: str, name: str, *arguments: str) -> Any:
    """A new generator of a part; accompanists may be given a style. Raises KeyError with the names there are."""
    return made(target(role, name), *arguments)


def made(target: str, *arguments: Any) -> Any:
    """A new object of `module:Class`, imported now."""
    return kind(target)(*arguments)


def kind(target: str) -> Any:
    """The class that `module:Class` names, imported now."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def is_slow(role: str, name: str) -> bool:
    """Whether a generator must not run on the daemon's main thread: a network."""
    return ".deep." in target(role, name)
