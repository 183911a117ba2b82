"""The look: a show and a scene become levels of DMX. Pure but for what must glide; it reads no clock.

What follows the beat is looked at ahead of time, by the rig's latency, on the line that is foreseen; what follows the
sound is looked at as it is. Pitch classes lie around the circle of hues by fifths (as Scriabin laid them), so that what is
near in harmony is near in colour.
"""

import cmath
import math

import numpy as np

from daemon.lights.flashes import Flashes
from daemon.lights.sacn import CHANNELS
from daemon.lights.scene import Scene
from daemon.lights.show import HITS, LEVELS, RGB, Colour, Driver, Fixture, Show, hue, rgb

FULL = 255
MOVES = ("pan", "tilt")
FIFTHS = np.exp(2j * np.pi * ((np.arange(12) * 7) % 12) / 12)
"""Where each pitch class lies on the circle of hues."""
Rgb = tuple[float, float, float]


class Look:
    """One show's. [any, one thread]"""

    def __init__(self, show: Show) -> None:
        self.show = show
        self.master = show.master
        self.universes = sorted({fixture.universe for fixture in show.fixtures.values()})
        self._glides: dict[tuple[str, int, str], tuple[float, ...]] = {}
        self._flashes: dict[tuple[str, int, str], Flashes] = {}
        self._then_s = 0.0
        self._palettes = {
            name: [rgb(colour) for colour in fixture.colour.colours]
            for name, fixture in show.fixtures.items()
            if isinstance(fixture.colour, Colour)
        }

    def levels(self, scene: Scene, now_s: float, ahead_s: float, state: str = "on") -> dict[int, bytearray]:
        """universe -> 512 levels, at a time that never goes back. `state`: on, blackout or safe."""
        passed_s, self._then_s = max(0.0, now_s - self._then_s), max(now_s, self._then_s)
        found = {universe: bytearray(CHANNELS) for universe in self.universes}
        for name, fixture in self.show.fixtures.items():
            group = self.master * self.show.masters.get(fixture.group, 1.0)
            for k in range(fixture.count):
                at = fixture.address - 1 + k * len(fixture.channels)
                if state == "on":
                    dimmer = self._value((name, k, "dimmer"), fixture.dimmer, scene, now_s, ahead_s, passed_s)
                    colour = self._colour(name, k, fixture, scene, now_s + ahead_s, passed_s)
                else:
                    safe = self.show.safe
                    dimmer, colour = (safe.dimmer, rgb(safe.colour)) if state == "safe" else (0.0, (0.0, 0.0, 0.0))
                dimmer *= group if state == "on" else 1.0
                dimmer = self._held(name, k, dimmer, colour, now_s)
                for c, channel in enumerate(fixture.channels):
                    of = (name, k, channel)
                    value = self._channel(fixture, channel, dimmer, colour)
                    if channel in fixture.values and (channel != "strobe" or name in self.show.strobe_allowed):
                        driven = self._value(of, fixture.values[channel], scene, now_s, ahead_s, passed_s)
                        value = driven if state == "on" else 0.0
                    value = self._limited(of, value, now_s)
                    found[fixture.universe][at + c] = round(FULL * min(max(value, 0.0), 1.0))
        return found

    def _held(self, name: str, k: int, dimmer: float, colour: Rgb, now_s: float) -> float:
        """The dimmer, turned down where the fixture would flash too often; so may none of its colours by itself."""
        brightness = dimmer * max(colour)
        shown = self._limited((name, k, ""), brightness, now_s)
        return dimmer * shown / brightness if brightness > 0 else dimmer

    def _limited(self, key: tuple[str, int, str], value: float, now_s: float) -> float:
        """A value that may be light, and so may not flash; what only moves may."""
        if key[0] in self.show.strobe_allowed or key[2] in MOVES:
            return value
        flashes = self._flashes.get(key)
        if flashes is None:
            flashes = self._flashes[key] = Flashes()
        return flashes.limit(value, now_s)

    @staticmethod
    def _channel(fixture: Fixture, channel: str, dimmer: float, colour: Rgb) -> float:
        """A channel that has a meaning of its own; 0 for any other."""
        if channel == "dimmer":
            return dimmer
        scale = 1.0 if "dimmer" in fixture.channels else dimmer
        if channel == "white":
            return scale * min(colour)
        if channel in RGB:
            under = min(colour) if "white" in fixture.channels else 0.0
            return scale * (colour[RGB.index(channel)] - under)
        return 0.0

    def _value(
        self,
        key: tuple[str, int, str],
        driver: Driver | float | str,
        scene: Scene,
        now_s: float,
        ahead_s: float,
        passed_s: float,
    ) -> float:
        if not isinstance(driver, Driver):
            return float(driver)
        raw = min(1.0, driver.gain * _raw(driver, key[1], scene, now_s, ahead_s))
        if driver.of in LEVELS or driver.of in ("energy", "control"):
            (before,) = self._glides.get(key, (0.0,))
            slow_s = (driver.attack_ms if raw > before else driver.release_ms) / 1000
            raw = before + (raw - before) * (1.0 - math.exp(-passed_s / slow_s) if slow_s > 0 else 1.0)
            self._glides[key] = (raw,)
        raw = 1.0 - raw if driver.invert else raw
        return driver.floor + (driver.ceiling - driver.floor) * raw

    def _colour(self, name: str, k: int, fixture: Fixture, scene: Scene, then_s: float, passed_s: float) -> Rgb:
        colour = fixture.colour
        assert isinstance(colour, Colour)
        palette = self._palettes[name]
        if colour.of == "fixed":
            return palette[0]
        wanted: tuple[float, ...] | None = _wanted(colour, palette, k, scene, then_s)
        key = (name, k, "colour")
        before = self._glides.get(key)
        if wanted is None:
            wanted = before if before is not None else (1.0, 1.0, 1.0)
        slow_s = colour.glide_ms / 1000
        part = 1.0 - math.exp(-passed_s / slow_s) if slow_s > 0 and before is not None else 1.0
        assert wanted is not None
        start = before or wanted
        now = tuple(a + (b - a) * part for a, b in zip(start, wanted, strict=True))
        self._glides[key] = now
        return now  # type: ignore[return-value]


def _raw(driver: Driver, k: int, scene: Scene, now_s: float, ahead_s: float) -> float:
    """What a driver follows, 0..1."""
    if driver.of in LEVELS:
        return scene.levels[driver.of]
    if driver.of == "energy":
        return scene.energy
    if driver.of in HITS:
        hit = scene.hits.get(driver.of)
        return hit.strength * _pulse(driver, now_s - hit.at_s) if hit else 0.0
    if driver.of == "control":
        return scene.controls.get((driver.channel - 1, driver.number), 0.0)
    if driver.of == "note":
        return _note(driver, scene, now_s + ahead_s)
    song = scene.song
    if song is None or not song.playing or song.rate <= 0:
        return 0.0
    every = driver.every * (song.beats_per_bar if driver.of == "bar" else 1.0)
    beats = (song.beat_at(now_s + ahead_s) - driver.offset - k * driver.spread) % every
    if driver.shape == "pulse":
        return _pulse(driver, beats / song.rate)
    phase = beats / every
    if driver.shape == "saw":
        return 1.0 - phase
    return 0.5 + 0.5 * math.cos(2 * math.pi * phase) if driver.shape == "sine" else float(phase < 0.5)


def _pulse(driver: Driver, age_s: float) -> float:
    """Up in `attack_ms`, and down again."""
    attack_s, release_s = driver.attack_ms / 1000, driver.release_ms / 1000
    if age_s < 0:
        return 0.0
    if age_s < attack_s:
        return age_s / attack_s
    return math.exp(-(age_s - attack_s) / (release_s / 3)) if release_s > 0 else 0.0


def _note(driver: Driver, scene: Scene, then_s: float) -> float:
    """The velocity of the loudest note that is meant, while it is held and as it rings out."""
    loudest = 0.0
    attack_s, release_s = driver.attack_ms / 1000, driver.release_ms / 1000
    for (channel, note), last_two in scene.notes.items():
        if driver.note not in (-1, note) or driver.channel not in (0, channel + 1):
            continue
        for one in last_two:
            age_s, rung_s = then_s - one.at_s, then_s - one.until_s
            if age_s >= 0:
                up = min(1.0, age_s / attack_s) if attack_s > 0 else 1.0
                left = 1.0 if rung_s < 0 else math.exp(-3 * rung_s / release_s) if release_s > 0 else 0.0
                loudest = max(loudest, one.strength * up * left)
    return loudest


def _wanted(colour: Colour, palette: list[Rgb], k: int, scene: Scene, then_s: float) -> Rgb | None:
    """The colour to glide to; None: nothing is known."""
    if colour.of == "palette":
        return palette[(_step(colour, scene, then_s) + k * colour.spread) % len(palette)]
    if colour.of == "chroma":
        strength = scene.chroma**2
        total = float(strength.sum())
        if total <= 0:
            return None
        centre = complex(strength @ FIFTHS)
        return hue(cmath.phase(centre) / (2 * math.pi), colour.saturation * min(1.0, 1.5 * abs(centre) / total))
    root = scene.chord_root if colour.of == "chord" else scene.key_tonic
    if colour.of == "note":
        began = [(one.at_s, note) for (_, note), two in scene.notes.items() for one in two if -1 < one.at_s <= then_s]
        root = max(began)[1] % 12 if began else -1
    if root < 0:
        return None
    place = (root * 7) % 12
    if palette:
        return palette[place % len(palette)]
    return hue(place / 12, colour.saturation)


def _step(colour: Colour, scene: Scene, then_s: float) -> int:
    if colour.step == "section":
        return scene.sections
    if colour.step == "kick":
        return scene.kicks
    if scene.song is None:
        return 0
    beat = math.floor(scene.song.beat_at(then_s))
    return beat if colour.step == "beat" else beat // scene.song.beats_per_bar
