"""Where plugins lie: the standard folders of each format, and the files in them."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

_LINUX = {
    "clap": ("~/.clap", "/usr/local/lib/clap", "/usr/lib/clap"),
    "vst3": ("~/.vst3", "/usr/local/lib/vst3", "/usr/lib/vst3"),
}
_MAC = {
    "clap": ("~/Library/Audio/Plug-Ins/CLAP", "/Library/Audio/Plug-Ins/CLAP"),
    "vst3": ("~/Library/Audio/Plug-Ins/VST3", "/Library/Audio/Plug-Ins/VST3"),
}
_WINDOWS = {
    "clap": ("%LOCALAPPDATA%/Programs/Common/CLAP", "%COMMONPROGRAMFILES%/CLAP"),
    "vst3": ("%LOCALAPPDATA%/Programs/Common/VST3", "%COMMONPROGRAMFILES%/VST3"),
}


def folders(format: str) -> list[Path]:
    """Of "clap" or "vst3": those of CLAP_PATH or VST3_PATH first, then the platform's own. LV2's are liblilv's."""
    standard = {"darwin": _MAC, "win32": _WINDOWS}.get(sys.platform, _LINUX)[format]
    named = os.environ.get(f"{format.upper()}_PATH", "").split(os.pathsep)
    return [Path(os.path.expandvars(os.path.expanduser(folder))) for folder in (*named, *standard) if folder]


def files(format: str, places: Iterable[Path]) -> list[Path]:
    """The plugin files (or bundles) of "clap" or "vst3" in or below some folders; a place may be such a file itself."""
    found: dict[Path, Path] = {}
    for place in places:
        for path in _walk(place, f".{format}"):
            found.setdefault(path.resolve(), path)
    return sorted(found.values())


def _walk(place: Path, suffix: str) -> list[Path]:
    if place.suffix.lower() == suffix and place.exists():
        return [place]
    found = []
    for folder, names, others in os.walk(place, followlinks=True):
        found += [Path(folder, name) for name in (*names, *others) if name.lower().endswith(suffix)]
        names[:] = [name for name in names if "." not in name]  # a bundle is one plugin, whatever lies in it
    return found
