"""Real plugins of Debian's, or the line that installs them."""

from pathlib import Path

import pytest

from daemon.plugins.clap import open_clap
from daemon.plugins.lilv import world
from daemon.plugins.minihost import open_minihost
from daemon.plugins.plugin import Plugin, PluginError

PACKAGES = {
    "urn:zamaudio:": "zam-plugins",
    "http://drobilla.net/plugins/mda/": "mda-lv2",
    "http://gareus.org/oss/lv2/": "x42-plugins",
    "http://lv2plug.in/plugins/eg-": "lv2-examples",
    "urn:dragonfly:": "dragonfly-reverb-lv2",
}
ZAM, MDA, X42 = list(PACKAGES)[:3]


def lv2(uri: str, block: int = 64, rate: float = 48000.0) -> Plugin:
    """An LV2 plugin, or a skip."""
    try:
        there = world().plugins()
    except PluginError as error:
        pytest.skip(str(error))
    if uri not in there:
        package = next(package for start, package in PACKAGES.items() if uri.startswith(start))
        pytest.skip(f"{package} is not installed: sudo apt install {package}")
    return open_minihost("lv2", uri, rate, block)


def zam(format: str, name: str, block: int = 64) -> Plugin:
    """One of the zam-plugins in a format, or a skip."""
    if format == "lv2":
        return lv2(ZAM + name, block)
    path = Path(f"/usr/lib/{format}/{name}.{format}")
    if not path.exists():
        pytest.skip("zam-plugins is not installed: sudo apt install zam-plugins")
    if format == "clap":
        return open_clap(str(path), f"com.zamaudio.{name}", 48000.0, block)
    return open_minihost("vst3", str(path), 48000.0, block)
