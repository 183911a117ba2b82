"""What is known of a daemon from what it publishes: the newest of what is kept, and the last of what happens."""

from collections import deque
from typing import Any, TypeVar

import msgspec

from daemon import messages as m

LINES = 100  # of what came and went by MIDI and OSC
PARAMS = 400  # whose newest value is known
PARAMS_EACH = 24  # of a plugin, while none has moved
EVENTS = 200  # between two objects of JSON
UNMOVED = "list"
"""The origin of a parameter's value that was asked for."""

Kept = TypeVar("Kept", bound=m.Message)
Midi = m.MidiNote | m.MidiControl | m.JamNote


class Facts:
    """Fed with messages; times passed in are of any one clock, in seconds. [main]"""

    def __init__(self) -> None:
        self.rate, self.epoch = 48000, 0
        self.loads: dict[int, m.PluginLoad] = {}  # plugin -> its newest
        self.params: dict[tuple[int, str], m.PluginParam] = {}  # the newest last
        self.midi: deque[Midi] = deque(maxlen=LINES)
        self.osc: deque[m.Osc] = deque(maxlen=LINES)
        self.chord_ahead: m.ChordAhead | None = None
        self.panic: m.Panic | None = None  # the last one, until it is over
        self.dense: dict[type[m.Message], m.Message] = {}
        self.peak = 0.0  # the highest since it was last asked for
        self.events: deque[m.Message] = deque(maxlen=EVENTS)
        self.lost = 0  # events that there was no room for
        self._kept: dict[type[m.Message], dict[tuple, m.Message]] = {}
        self._sample, self._at = 0, 0.0

    def take(self, message: m.Message, at: float) -> None:
        """A message, and when it came."""
        self.rate = message.rate or self.rate
        if message.epoch != self.epoch and not message.replay:  # samples begin anew
            self.epoch, self._sample = message.epoch, 0
        if not message.replay and message.known_at >= self._sample:
            self._sample, self._at = message.known_at, at
        kind = type(message)
        if kind.keep_last:
            self._kept.setdefault(kind, {})[message.kept_as] = message
        match message:
            case m.Level():
                self.peak = max(self.peak, message.peak)
            case m.PluginLoad():
                self.loads[message.uid] = message
            case m.PluginParam():
                where = message.uid, message.param
                self.params.pop(where, None)
                self.params[where] = message
                self._bound()
            case m.MidiNote() | m.MidiControl() | m.JamNote():
                self.midi.append(message)
            case m.Osc():
                self.osc.append(message)
            case m.ChordAhead():
                self.chord_ahead = message
            case m.Panic():
                self.panic = None if message.over else message
            case m.RackState():
                self._forget(message)
        if _tag(kind) in m.DENSE:
            self.dense[kind] = message
        elif not kind.keep_last:
            self.lost += len(self.events) == EVENTS
            self.events.append(message)

    def rack(self, listed: dict[str, Any]) -> None:
        """The answer to the command `list`, which has the values of parameters that have not moved."""
        params: dict[tuple[int, str], m.PluginParam] = {}
        for chain in listed["chains"]:
            for one in chain["plugins"]:
                for name, value in list(one["params"].items())[:PARAMS_EACH]:
                    params[one["uid"], name] = m.PluginParam(
                        plugin=one["name"], uid=one["uid"], param=name, value=float(value), text="", origin=UNMOVED
                    )
        self.params = params | self.params
        self._bound()

    def newest(self, kind: type[Kept]) -> Kept | None:
        """The newest of a kind that is kept."""
        found = self.each(kind)
        return found[-1] if found else None

    def each(self, kind: type[Kept]) -> list[Kept]:
        """The newest of a kind for each of what it is kept by."""
        return list(self._kept.get(kind, {}).values())  # type: ignore[arg-type]

    def sample(self, at: float) -> int:
        """The stream's sample at a time: no more than a second after the last word."""
        return self._sample + int(self.rate * min(1.0, max(0.0, at - self._at)))

    def beat(self, at: float) -> float | None:
        """Which beat the music is on."""
        where = self.newest(m.Transport)
        if where is None:
            return None
        moved = where.playing or where.sample_time > self.sample(at)
        return where.beat + moved * (self.sample(at) - where.sample_time) / self.rate * where.tempo_bpm / 60.0

    def hop(self, at: float) -> dict[str, Any] | None:
        """The newest hop's features as dsp.hop.FEATURES names them; None before the first."""
        if not self.dense:
            return None
        level, bands, f0, chroma = (self.dense.get(kind) for kind in (m.Level, m.Bands, m.F0, m.Chroma))
        hop: dict[str, Any] = dict.fromkeys(
            ("peak", "rms", "low", "mid", "high", "centroid_hz", "flatness", "f0_hz", "voiced", "f0_confidence"), 0.0
        )
        hop |= {"momentary_lufs": -70.0, "short_term_lufs": -70.0, "tuning_cents": 0.0, "chroma": [0.0] * 12}
        hop |= {"tempo_bpm": 0.0, "beat_phase": 0.0, "beat_confidence": 0.0}
        for message in (level, bands, f0, chroma):
            hop |= msgspec.structs.asdict(message) if message is not None else {}
        if isinstance(f0, m.F0):
            hop["f0_confidence"] = f0.confidence
        hop["sample_time"], hop["peak"], self.peak = self.sample(at), max(hop["peak"], self.peak), 0.0
        beat = self.newest(m.Beat)
        if beat is not None and beat.tempo_bpm > 0:
            since = (self.sample(at) - beat.sample_time) / self.rate * beat.tempo_bpm / 60.0
            hop |= {"tempo_bpm": beat.tempo_bpm, "beat_phase": since % 1.0, "beat_confidence": beat.confidence}
        return hop

    def plain(self) -> dict[str, Any]:
        """All of it as one JSON-ready object; what happened is what did since the last one."""
        out: dict[str, Any] = {"rate": self.rate}
        for kind, found in self._kept.items():
            each = [_plain(message) for message in found.values()]
            out[_tag(kind)] = each if kind.keep_by else each[-1]
        out |= {_tag(kind): _plain(message) for kind, message in self.dense.items()}
        out["plugin_load"] = [_plain(load) for load in self.loads.values()]
        out["events"] = [{"type": _tag(type(one)), **_plain(one)} for one in self.events]
        out["lost"], self.lost = self.lost, 0
        self.events.clear()
        return out

    def _bound(self) -> None:
        while len(self.params) > PARAMS:
            del self.params[next(iter(self.params))]

    def _forget(self, rack: m.RackState) -> None:
        """What is no longer in the rack."""
        there = {chain.uid for chain in rack.chains} | {one.uid for chain in rack.chains for one in chain.plugins}
        self.loads = {uid: load for uid, load in self.loads.items() if uid in there}
        self.params = {where: param for where, param in self.params.items() if where[0] in there}


def _tag(kind: type[m.Message]) -> str:
    return str(kind.__struct_config__.tag)


def _plain(message: m.Message) -> dict[str, Any]:
    fields = msgspec.to_builtins(message)
    for name in ("type", "seq", "epoch", "rate", "replay"):
        del fields[name]
    return fields
