"""OLA and QLC+ receive what a running jamd sends: sACN and Art-Net."""

from pathlib import Path

from daemon.ctl.client import ask
from tests.reach.ola import ARTNET, SACN, UNIVERSE, Ola, ola  # noqa: F401
from tests.reach.qlcplus import Qlcplus, qlcplus  # noqa: F401
from tests.reach.running import Running

SHOW = """
[lights]
safe = {{ dimmer = 0.2, colour = "white" }}
[lights.fixtures.front]
universe = {universe}
address = 3
channels = ["red", "green", "blue", "fog"]
colour = "#ff8040"
values = {{ fog = 0.2 }}
"""
FRONT = [0, 0, 255, 128, 64, 51]


def play(folder: Path, lights: str, universe: int = 1) -> Running:
    (folder / "show.toml").write_text(SHOW.format(universe=universe))
    return Running(folder, f'[rack]\npreset = "{folder}/show.toml"\n[lights]\n{lights}\n')


def test_ola_receives_sacn_and_artnet(ola: Ola, tmp_path: Path) -> None:  # noqa: F811
    jamd = play(tmp_path, 'sacn = ["127.0.0.1"]\nartnet = ["127.0.0.1"]', UNIVERSE)
    try:
        for universe in (SACN, ARTNET):
            assert ola.wait(lambda: ola.levels(universe)[:6] == FRONT), ola.levels(universe)  # noqa: B023
            assert not any(ola.levels(universe)[6:])
        assert ask(jamd.control, [{"cmd": "lights", "to": "blackout"}])["ok"]
        for universe in (SACN, ARTNET):
            assert ola.wait(lambda: not any(ola.levels(universe))), ola.levels(universe)  # noqa: B023
        assert ask(jamd.control, [{"cmd": "lights", "to": "go", "master": 0.5}])["ok"]
        for universe in (SACN, ARTNET):
            assert ola.wait(lambda: ola.levels(universe)[2:6] == [128, 64, 32, 51]), ola.levels(universe)  # noqa: B023
    finally:
        jamd.stop()
    assert ola.wait(lambda: ola.levels(ARTNET)[2:6] == [51, 51, 51, 0]), ola.levels(ARTNET)  # the safe look is the last


def test_qlcplus_receives_sacn(qlcplus: Qlcplus, tmp_path: Path) -> None:  # noqa: F811
    jamd = play(tmp_path, 'sacn = ["127.0.0.1"]')
    try:
        for to, levels in (("go", FRONT[2:]), ("blackout", [0, 0, 0, 0])):
            assert qlcplus.wait(lambda: qlcplus.sacn(3) >= 0)
            assert ask(jamd.control, [{"cmd": "lights", "to": to}])["ok"]
            assert qlcplus.wait(lambda: [qlcplus.sacn(channel) for channel in range(3, 7)] == levels), levels  # noqa: B023
    finally:
        jamd.stop()
