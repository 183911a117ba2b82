"""The shelf: what plugins there are, by what a scan found out about them."""

from daemon.desk.book import bare_title
from daemon.plugins import catalogue
from daemon.plugins.plugin import Info, PluginError


class Catalogue:
    """The plugins of this machine. [main]"""

    def find(self, name: str) -> Info:
        """The one plugin that a name, or a unique part of it, means; a full name needs no scan. Raises PluginError."""
        try:
            return catalogue.resolve(name)
        except PluginError:
            kind, where = catalogue.split(name)
            if not kind or not where:
                raise
            return Info(name, kind, bare_title(name))  # whether there is one is seen when it is opened

    def search(self, words: str) -> list[Info]:
        """Those with all these words somewhere in their names."""
        wanted = words.casefold().split()
        found = []
        for info in catalogue.plugins():
            said = " ".join((info.name, info.title, info.vendor)).casefold()
            if all(word in said for word in wanted):
                found.append(info)
        return found
