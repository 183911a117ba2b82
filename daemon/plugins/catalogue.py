"""From a plugin's name to the plugin. (What is here opens by full name only, until it is written.)"""

from daemon.plugins.plugin import Plugin, PluginError


def open_plugin(name: str, rate: float, max_block: int, side: int = 0) -> Plugin:
    """Open `FORMAT:WHERE`. Raises PluginError."""
    from daemon.plugins.clap import open_clap
    from daemon.plugins.clap_file import clap_file
    from daemon.plugins.minihost import open_minihost

    kind, _, where = name.partition(":")
    if kind == "clap":
        from pathlib import Path

        for path in sorted(Path("/usr/lib/clap").glob("*.clap")):
            if where in clap_file(str(path)).ids:
                return open_clap(str(path), where, rate, max_block)
    if kind not in ("lv2", "vst3", "au"):
        raise PluginError(f"there is no plugin {name!r}")
    return open_minihost(kind, where, rate, max_block, side)
