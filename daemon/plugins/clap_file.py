"""A .clap file: found in a library, asked which plugins it holds, and to make one. [main]"""

import ctypes
import sys
from ctypes import POINTER, cast
from pathlib import Path

from daemon.plugins import clap_abi as abi
from daemon.plugins import float_mode
from daemon.plugins.plugin import PluginError

FACTORY = b"clap.plugin-factory"
_files: dict[str, "ClapFile"] = {}


class ClapFile:
    """A .clap file, loaded for as long as the process lives: unloading one whose threads still run would crash. [main]"""

    def __init__(self, path: str) -> None:
        """Raises PluginError for a file that holds no plugins."""
        self.path = path
        try:
            self._library = ctypes.CDLL(_binary(path))
        except OSError as error:
            raise PluginError(f"{path} does not load: {str(error).removeprefix(_binary(path) + ': ')}") from None
        try:
            entry = abi.Entry.in_dll(self._library, "clap_entry")
        except ValueError:
            raise PluginError(f"{path} is no CLAP plugin: it has no clap_entry") from None
        if entry.version[0] != 1:
            raise PluginError(f"{path} is of CLAP {entry.version[0]}, and jamd speaks CLAP 1")
        if not entry.init(path.encode()):
            raise PluginError(f"{path} does not start")
        factory = entry.get_factory(FACTORY)
        if not factory:
            raise PluginError(f"{path} holds no plugins")
        self._at, self._factory = factory, cast(factory, POINTER(abi.Factory)).contents
        self.ids = [
            descriptor.contents.id.decode()
            for index in range(self._factory.count(factory))
            if (descriptor := self._factory.descriptor(factory, index))
        ]

    def create(self, plugin_id: str, host: int) -> int:
        """A new plugin's address. Raises PluginError."""
        if plugin_id not in self.ids:
            raise PluginError(f"{self.path} has no plugin {plugin_id!r}; it has {', '.join(self.ids) or 'none'}")
        made = self._factory.create(self._at, host, plugin_id.encode())
        if not made:
            raise PluginError(f"{self.path} does not make its plugin {plugin_id!r}")
        return int(made)


@float_mode.kept()
def clap_file(path: str) -> ClapFile:
    """The file, loaded once. Raises PluginError. [main]"""
    if path not in _files:
        _files[path] = ClapFile(path)
    return _files[path]


def _binary(path: str) -> str:
    """The library itself; on macOS a plugin is a bundle."""
    inside = Path(path) / "Contents" / "MacOS"
    if sys.platform == "darwin" and inside.is_dir():
        return str(next(iter(sorted(inside.iterdir())), inside))
    return path
