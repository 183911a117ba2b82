"""Names: full ones open without a scan, parts by what a scan found, and errors say what is near."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.plugins import catalogue, scan, verdicts
from daemon.plugins.plugin import Info, PluginError
from daemon.plugins.verdicts import Verdict, Verdicts
from tests.plugins.build import SYNTH, build
from tests.plugins.installed import zam


def known(*infos: tuple[str, str]) -> None:
    """A cache of plugins by (name, title)."""
    files: dict[str, Verdict] = {}
    for name, title in infos:
        format, _, where = name.partition(":")
        path = where.rpartition("#")[0] if format == "vst3" else f"/p/{where}"
        files[path] = Verdict((1, 1), [Info(name=name, format=format, title=title, path=path)])
    verdicts.save(Verdicts(files=files))


@pytest.fixture
def shelf(cache: Path) -> None:
    known(
        *(
            ("lv2:urn:zam:Comp", "ZamComp"),
            ("vst3:/v/ZamComp.vst3#ZamComp", "ZamComp"),
            ("clap:com.zam.Comp", "ZamComp"),
        ),
        *(("lv2:urn:zam:CompX2", "ZamCompX2"), ("vst3:/v/ZamCompX2.vst3#ZamCompX2", "ZamCompX2")),
        *(("lv2:urn:x:delay", "Delay"), ("lv2:urn:y:delay", "Delay"), ("lv2:urn:y:bit", "Bit Delay")),
    )


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("ZamComp", "clap:com.zam.Comp"),  # a whole title goes before a part, CLAP before VST3 before LV2
        ("zamcompx2", "vst3:/v/ZamCompX2.vst3#ZamCompX2"),
        ("CompX2", "vst3:/v/ZamCompX2.vst3#ZamCompX2"),
        ("lv2:ZamComp", "lv2:urn:zam:Comp"),
        ("vst3:zamcomp", "vst3:/v/ZamComp.vst3#ZamComp"),
        ("vst3:/v/ZamComp.vst3", "vst3:/v/ZamComp.vst3#ZamComp"),
        ("clap:com.zam.Comp", "clap:com.zam.Comp"),
        ("lv2:urn:y:delay", "lv2:urn:y:delay"),
        ("lv2:x:del", "lv2:urn:x:delay"),
        ("bit", "lv2:urn:y:bit"),
    ],
)
def test_resolve(name: str, full: str) -> None:
    assert catalogue.resolve(name).name == full


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Delay", "'Delay' could be 'lv2:urn:x:delay', 'lv2:urn:y:delay'; give more of its name"),
        ("Zam", "'Zam' could be 'ZamComp', 'ZamCompX2'; give more of its name"),
        ("ZamCop", "there is no plugin 'ZamCop'; did you mean 'ZamComp', 'ZamCompX2'?"),
        ("clap:delay", "there is no plugin 'clap:delay'; did you mean 'Delay', 'Bit Delay'?"),
        ("xyzzy", "there is no plugin 'xyzzy'; see `jamd plugins list`"),
        ("", "there is no plugin ''"),
    ],
)
def test_what_is_not_clear(name: str, says: str) -> None:
    with pytest.raises(PluginError, match=re.escape(says)):
        catalogue.resolve(name)


def test_before_any_scan(cache: Path) -> None:
    with pytest.raises(PluginError, match="no plugin 'ZamComp' is known yet: jamd plugins scan"):
        catalogue.open_plugin("ZamComp", 48000.0, 64)


@pytest.mark.parametrize("format", ["lv2", "vst3", "clap"])
def test_full_names_need_no_scan(format: str, cache: Path) -> None:
    name = zam(format, "ZamComp").info.name
    for one in {name, name.partition("#")[0]}:
        plugin = catalogue.open_plugin(one, 48000.0, 64)
        assert plugin.info.name == name
        plugin.close()


def test_a_clap_id_in_a_folder_named(faulty: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PluginError, match=re.escape(f"no plugin 'clap:{SYNTH}' is known yet")):
        catalogue.open_plugin(f"clap:{SYNTH}", 48000.0, 64)
    monkeypatch.setenv("CLAP_PATH", str(faulty.parent))
    plugin = catalogue.open_plugin(f"clap:{SYNTH}", 48000.0, 64)
    assert plugin.info.path == str(faulty)
    plugin.close()


def test_what_crashed_is_blocked_until_it_changes(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take this process along."""
    path = build(tmp_path / "plugins", "bad", "CRASH")
    scan.scan([tmp_path / "plugins"])
    monkeypatch.setenv("CLAP_PATH", str(tmp_path / "plugins"))
    for name in (f"clap:{SYNTH}", SYNTH):
        with pytest.raises(PluginError, match=re.escape(f"clap:{SYNTH} is blocked, for it crashes (SIGSEGV)")):
            catalogue.open_plugin(name, 48000.0, 64)
    build(tmp_path / "plugins", "bad")
    plugin = catalogue.open_plugin(f"clap:{SYNTH}", 48000.0, 64)
    assert plugin.info.path == str(path)
    plugin.close()


def test_a_broken_cache_is_no_cache(cache: Path) -> None:
    known(("lv2:urn:x:delay", "Delay"))
    verdicts.where().write_text("{")
    assert verdicts.load().files == {}


@pytest.mark.parametrize(
    "opening",
    [
        "from daemon.plugins.catalogue import open_named; open_named(f'clap:{name}', clap, 48000.0, 64)",
        "from daemon.plugins.clap import open_clap; open_clap(clap, name, 48000.0, 64)",
        "from daemon.plugins.clap_file import clap_file; clap_file(clap)",
    ],
    ids=["by name", "a plugin", "a file"],
)
def test_a_plugin_leaves_the_float_mode_of_who_opens_it(opening: str) -> None:
    """ZamVerb's library flushes denormals to zero on the thread that loads it; later sums there must not be wrong."""
    clap = Path("/usr/lib/clap/ZamVerb.clap")
    if not clap.exists():
        pytest.skip("zam-plugins is not installed: sudo apt install zam-plugins")
    script = (
        f"clap, name = {str(clap)!r}, 'com.zamaudio.ZamVerb'\n"
        f"{opening}\n"
        "print(5e-324 * 1.0 != 0.0 and 1e-310 * 0.5 != 0.0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr
