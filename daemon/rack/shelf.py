"""The shelf: what plugins there are, by what was found out about them."""

from daemon.plugins import catalogue
from daemon.plugins.plugin import Info, PluginError
from daemon.rack.book import bare_title

FORMATS = ("lv2", "clap", "vst3", "au")


class Catalogue:
    """The plugins of this machine. [main]"""

    def find(self, name: str) -> Info:
        """The one plugin that a name, or a unique part of it, means. Raises PluginError."""
        kind, _, where = name.partition(":")
        if kind in FORMATS and where:
            return Info(name, kind, bare_title(name))
        raise PluginError(f"there is no plugin {name!r}")

    def search(self, words: str) -> list[Info]:
        """Those with all these words somewhere in their names."""
        return []


assert catalogue
