"""For tests of everything else: the engine alone hears, as it does where a machine is too slow for networks."""

from daemon.registry import ANALYSERS, HEARS

ENGINE_ALONE = {analysis: next(iter(ANALYSERS[analysis])) for analysis in HEARS}
"""The config's [analysis]."""

TEXT = "\n[analysis]\n" + "".join(f'{analysis} = "{name}"\n' for analysis, name in ENGINE_ALONE.items())
"""The same in TOML, to stand after all that belongs to another table."""
