"""Names to implementations: literal tables, imported late, so that what is not used is not loaded."""

from importlib import import_module
from types import ModuleType

ANALYSERS: dict[str, dict[str, str]] = {
    "level": {"bs1770": "dsp.analysers.level"},
    "bands": {"bands": "dsp.analysers.bands"},
    "onset": {"superflux": "dsp.analysers.onset"},
    "f0": {"yin": "dsp.analysers.f0"},
    "notes": {"f0": "dsp.analysers.notes"},
    "chroma": {"chroma": "dsp.analysers.chroma"},
    "chord": {"templates": "dsp.analysers.chord"},
    "key": {"profiles": "dsp.analysers.key"},
    "beat": {"predictive": "dsp.analysers.beat"},
}
"""analysis -> name -> module, in the order they run; the first name is the default."""


def analyser(analysis: str, name: str) -> ModuleType:
    """The module that does `analysis` under `name`. Raises KeyError with the names there are."""
    names = ANALYSERS[analysis]
    if name not in names:
        raise KeyError(f"{analysis} = {name!r}: there is no such analyser; choose one of {', '.join(names)}")
    return import_module(names[name])
