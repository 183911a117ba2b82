"""What goes out by Open Sound Control, read by python-osc from real sockets; the time is the tests' own."""

import json
import re
import socket
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from daemon import messages as m
from daemon.beats import LATE_NS, Beats
from daemon.cli import main
from daemon.osc import addresses, packing
from daemon.osc.output import QUIET_NS, OscError, Output
from daemon.osc.sender import AHEAD_NS, LEVELS_NS, PULSE_NS, Sender
from daemon.osc.tree import Tree

S = 1_000_000_000
T0 = 50 * S  # CLOCK_MONOTONIC when the tests begin
WALL = 1_700_000_000 * S  # what a time of day is more


class Receiver:
    """A UDP port, and what came there."""

    def __init__(self, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def packets(self) -> list[bytes]:
        out = []
        try:
            while True:
                out.append(self.socket.recv(65536))
        except BlockingIOError:
            return out

    def said(self) -> list[tuple[str, float | str]]:
        """(address, value) of all, whether in a bundle or not."""
        out = []
        for packet in self.packets():
            parts = list(OscBundle(packet)) if OscBundle.dgram_is_bundle(packet) else [OscMessage(packet)]
            out += [(part.address, part.params[0]) for part in parts]
        return out


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.socket.close()


@pytest.fixture
def sender(receiver: Receiver) -> Iterator[Sender]:
    yield from _sender(f"127.0.0.1:{receiver.port}")


@pytest.fixture
def ahead(receiver: Receiver) -> Iterator[Sender]:
    yield from _sender(f"127.0.0.1:{receiver.port}/ahead", 20.0)


def _sender(where: str, latency_ms: float = 0.0) -> Iterator[Sender]:
    output = Output(where)
    yield Sender([output], latency_ms, lambda ns: ns + WALL)
    output.close()


def transport(beat: float, tempo_bpm: float = 120.0, playing: bool = True) -> m.Transport:
    return m.Transport(beat=beat, tempo_bpm=tempo_bpm, playing=playing, source="fixed", confidence=1.0)


def run(sender: Sender, from_s: float, to_s: float) -> Iterator[float]:
    """Turns as often as a poller that is asked to wake in time would give them."""
    now = T0 + round(from_s * S)
    while now < T0 + to_s * S:
        sender.turn(now)
        yield (now - T0) / S
        due = sender.next_ns(now)
        now = max(now + 1_000_000, min(now + 10_000_000, due or 1 << 62))


@pytest.mark.parametrize("value", [0.0, -1.5, 3e38, "", "abc", "abcd", "caf\u00e9 \u266b", "x" * 300])
@pytest.mark.parametrize("address", ["/a", "/abc", "/jamd/beat", "/jamd/level/rms"])
def test_a_message_is_byte_for_byte_what_python_osc_builds(address: str, value: float | str) -> None:
    builder = OscMessageBuilder(address)
    builder.add_arg(value, "f" if isinstance(value, float) else "s")
    assert packing.message(address, value) == builder.build().dgram


def test_a_bundle_carries_its_time_and_its_messages() -> None:
    at = 1_764_000_000_250_000_000
    packed = packing.bundle(packing.ntp(at), [packing.message("/a", 1.0), packing.message("/b", "x")])
    read = OscBundle(packed)
    assert read.timestamp == pytest.approx(at / S, abs=1e-6)
    assert [(one.address, one.params) for one in read] == [("/a", [1.0]), ("/b", ["x"])]
    assert OscBundle(packing.bundle(packing.IMMEDIATELY, [])).timestamp == 0  # python-osc's word for at once


EVERYTHING = (
    m.Panic(why="ctl"),
    m.Level(peak=0.5, rms=0.2, momentary_lufs=-20.0, short_term_lufs=-20.0),
    m.Bands(low=0.1, mid=0.2, high=0.3, centroid_hz=1.0, flatness=0.5, onset_strength=0.0),
    m.F0(f0_hz=440.0, confidence=1.0, voiced=True),
    m.Chroma(tuning_cents=0.0, chroma=[i / 11 for i in range(12)]),
    *(m.Onset(strength=0.7, band=band) for band in m.BANDS),
    *(m.Section(what=what, confidence=0.7, energy=0.4) for what in m.SECTIONS),
    m.NoteOn(midi=69, name="A4", cents=0.0, velocity=90, f0_hz=440.0),
    m.NoteOff(midi=69, name="A4"),
    m.MidiNote(port="x", channel=0, midi=60, velocity=127, on=True),
    m.JamNote(part="bass", port="x", channel=0, midi=40, velocity=64, on=True, sample_time=0),
    m.Chord(name="A:min", root=9, bass=9, confidence=1.0),
    m.Key(name="A minor", tonic=9, mode="minor", confidence=1.0),
    m.Playing(item_id=1, title="One", artist="Two"),
    m.Suggestions(
        session_id=1, after_id=0, after="", why="track", items=[m.NextItem(1, "Three", "Four", 0, "", 1, "", [])]
    ),
    transport(3.0),
)


def test_the_table_has_all_that_is_sent_and_nothing_else(sender: Sender, receiver: Receiver) -> None:
    for message in EVERYTHING:
        sender.feed(message, T0, T0)
    for _ in run(sender, 0.0, 2.5):
        pass
    sent = {address for address, _ in receiver.said()}
    table = {one.address for one in addresses.SENT} | {
        one.address.replace("/jamd/", "/jamd/unit/", 1) for one in addresses.SENT if one.unit
    }
    patterns = {address: re.compile(re.sub(r"[A-Z]+", "[a-z0-9]+", address) + "$") for address in table}
    assert {one for one in sent if not any(pattern.match(one) for pattern in patterns.values())} == set()
    assert {one for one, pattern in patterns.items() if not any(map(pattern.match, sent))} == set()


def test_the_table_is_printed() -> None:
    printed = CliRunner().invoke(main, ["osc"])
    assert printed.exit_code == 0
    assert all(one.address in printed.output for one in (*addresses.SENT, *addresses.TAKEN))
    tables = json.loads(CliRunner().invoke(main, ["osc", "--json"]).output)
    assert [len(tables["sent"]), len(tables["taken"])] == [len(addresses.SENT), len(addresses.TAKEN)]


def test_a_twin_is_always_within_0_and_1(sender: Sender, receiver: Receiver) -> None:
    for message in (
        *EVERYTHING,
        transport(0.0, 400.0),
        m.Level(peak=3.0, rms=2.0, momentary_lufs=9.0, short_term_lufs=0.0),
        m.Level(peak=0.0, rms=0.0, momentary_lufs=float("-inf"), short_term_lufs=0.0),
        m.F0(f0_hz=20000.0, confidence=1.0, voiced=True),
        m.F0(f0_hz=5.0, confidence=1.0, voiced=True),
        m.Chord(name="N", root=-1, bass=-1, confidence=1.0),
    ):
        sender.feed(message, T0, T0)
        sender.turn(T0 + len(receiver.said()))
    for _ in run(sender, 0.0, 1.0):
        pass
    assert all(0.0 <= value <= 1.0 for address, value in receiver.said() if "/unit/" in address)


def test_beats_come_when_they_fall_and_a_bar_begins(sender: Sender, receiver: Receiver) -> None:
    sender.feed(transport(3.0), T0 + S // 4, T0)
    got = [(at, *one) for at in run(sender, 0.0, 2.0) for one in receiver.said()]
    beats = [(at, value) for at, address, value in got if address == "/jamd/beat"]
    assert [value for _, value in beats] == [1.0, 0.0] * 4
    assert [at for at, value in beats if value] == pytest.approx([0.25, 0.75, 1.25, 1.75], abs=0.001)
    assert [at for at, value in beats if not value] == pytest.approx([0.3, 0.8, 1.3, 1.8], abs=0.001)
    assert [value for _, address, value in got if address == "/jamd/beat/position"] == [4.0, 1.0, 2.0, 3.0]
    assert [at for at, address, value in got if address == "/jamd/bar" and value] == pytest.approx([0.75], abs=0.001)
    assert [address for _, address, value in got if address.startswith("/jamd/beat/1") and value] == ["/jamd/beat/1"]


def test_who_heeds_time_tags_is_sent_a_beat_ahead_with_its_time(ahead: Sender, receiver: Receiver) -> None:
    ahead.feed(transport(0.0), T0 + S // 2, T0)
    receiver.packets()
    got = [(at, OscBundle(packet)) for at in run(ahead, 0.0, 1.2) for packet in receiver.packets()]
    beats = [(at, one) for at, one in got if next(iter(one)).address == "/jamd/beat" and one.timestamp]
    tags = [one.timestamp - (T0 + WALL) / S for _, one in beats]
    assert tags == pytest.approx([0.48, 0.53, 0.98, 1.03], abs=1e-5)  # 20 ms early, and each falls 50 ms later
    assert [at for at, _ in beats[::2]] == pytest.approx([0.48 - AHEAD_NS / S, 0.98 - AHEAD_NS / S], abs=0.001)
    assert all(at < tag for (at, _), tag in zip(beats, tags, strict=True))


def test_what_jamd_plays_comes_when_it_sounds(sender: Sender, receiver: Receiver) -> None:
    note = m.JamNote(part="bass", port="x", channel=0, midi=40, velocity=127, on=True)
    sender.feed(note, T0 + S // 10, T0)
    got = [(at, *one) for at in run(sender, 0.0, 0.2) for one in receiver.said()]
    assert [one[1:] for one in got] == [("/jamd/jam/note/40", 1.0)]
    assert got[0][0] == pytest.approx(0.1, abs=0.001)


def test_in_a_panic_every_note_is_off_and_none_comes(sender: Sender, receiver: Receiver) -> None:
    for midi, at in ((40, T0), (41, T0 + S // 10)):
        sender.feed(m.JamNote(part="bass", port="x", channel=0, midi=midi, velocity=127, on=True), at, T0)
    sender.feed(m.MidiNote(port="x", channel=0, midi=60, velocity=100, on=True), T0, T0)
    sender.turn(T0)
    receiver.packets()
    sender.feed(m.Panic(why="ctl"), T0 + 1, T0 + 1)
    said = [one for _ in run(sender, 0.001, 0.3) for one in receiver.said()]
    assert sorted(said) == [("/jamd/jam/note/40", 0.0), ("/jamd/midi/note/60", 0.0), ("/jamd/panicked", 1.0)]


def test_a_corrected_line_tells_no_beat_twice_and_leaves_none_out() -> None:
    beats, told = Beats(), []
    for step in range(2000):  # 10 ms each; a correction by up to 60 ms each 7th
        now = T0 + step * S // 100
        if step % 7 == 0:
            beats.take(step / 50.0 + 0.12 * ((step * 7919 % 13) / 13.0 - 0.5), now, 120.0, 4, True)
        beat = beats.due(now)
        told += [beat.number] if beat is not None else []
    assert told == list(range(told[0], told[0] + len(told)))
    assert len(told) >= 39


def test_a_start_tells_the_first_beat_though_another_has_just_been() -> None:
    beats = Beats()
    beats.take(7.0, T0, 120.0, 4, True)
    assert beats.due(T0).number == 7
    beats.take(0.0, T0 + S // 10, 120.0, 4, True)
    assert beats.due(T0 + S // 10)[:2] == (0, 1)
    assert beats.due(T0 + S // 5) is None


def test_a_song_that_is_counted_anew_tells_no_beat_twice() -> None:
    beats = Beats()
    beats.take(7.0, T0, 120.0, 4, True)
    assert beats.due(T0).number == 7
    beats.take(-0.9, T0 + S // 20, 120.0, 4, True)  # which is beat 7.1
    assert beats.due(T0 + S // 20) is None
    assert beats.next_ns(T0 + S // 20) == T0 + S // 2
    assert beats.due(T0 + S // 2)[:2] == (0, 1)


def test_a_beat_that_is_too_late_is_left_out() -> None:
    beats = Beats()
    beats.take(0.0, T0, 120.0, 4, True)
    assert beats.due(T0 + LATE_NS + 1) is None
    assert beats.next_ns(T0 + LATE_NS + 1) == T0 + S // 2


def test_no_beats_where_nothing_plays(sender: Sender, receiver: Receiver) -> None:
    sender.feed(transport(0.0, playing=False), T0, T0)
    assert [one for _ in run(sender, 0.0, 2.0) for one in receiver.said() if "beat" in one[0]] == []


def test_a_pulse_that_is_struck_again_falls_once(sender: Sender, receiver: Receiver) -> None:
    got = []
    for at in (0, 30_000_000):
        sender.turn(T0 + at)
        sender.feed(m.Onset(strength=0.5, band="low"), T0 + at, T0 + at)
    for at in run(sender, 0.031, 0.2):
        got += [(at, *one) for one in receiver.said()]
    assert [value for _, _, value in got] == [0.5, 0.5, 0.0]
    assert got[-1][0] == pytest.approx(0.03 + PULSE_NS / S, abs=0.001)


def test_levels_come_at_most_60_times_a_second_and_only_changed(sender: Sender, receiver: Receiver) -> None:
    rms = []
    for hop in range(400):  # a second of hops
        now = T0 + hop * S // 400
        sender.feed(
            m.Level(peak=0.5, rms=hop // 200 + hop % 2 / 4, momentary_lufs=-20.0, short_term_lufs=0.0), now, now
        )
        sender.turn(now)
        rms.append(dict(receiver.said()))
    assert 40 <= sum("/jamd/level/rms" in one for one in rms) <= S // LEVELS_NS + 1
    assert sum("/jamd/level/peak" in one for one in rms) == 1


def test_a_state_is_said_once_until_it_changes() -> None:
    tree = Tree()
    first = tree.feed(transport(0.0))
    assert ("/jamd/tempo", 120.0) in [one[:2] for one in first]
    assert tree.feed(transport(1.0)) == []
    assert [one.address for one in tree.feed(transport(2.0, 121.0))] == ["/jamd/tempo", "/jamd/unit/tempo"]


def test_at_the_end_nothing_stays_on(sender: Sender, receiver: Receiver) -> None:
    for message in (
        transport(0.0),
        m.Onset(strength=0.5, band="low"),
        m.MidiNote(port="x", channel=0, midi=60, velocity=100, on=True),
    ):
        sender.feed(message, T0, T0)
    sender.turn(T0)
    last = dict(receiver.said())
    sender.end(T0 + 1)
    last |= dict(receiver.said())
    for address in ("/jamd/beat", "/jamd/bar", "/jamd/onset/low", "/jamd/midi/note/60", "/jamd/playing"):
        assert last[address] == 0.0, address
    sender.turn(T0 + S)
    assert receiver.packets() == []


def test_a_receiver_that_is_not_there_costs_nothing_but_its_packets() -> None:
    receiver = Receiver()
    receiver.socket.close()
    output = Output(f"127.0.0.1:{receiver.port}")
    for count in range(50):
        output.send(b"/x\0\0,\0\0\0", T0 + count)
        time.sleep(0.001)  # for the refusal to come back
    assert output.drops >= 25
    assert output.state(T0 + 50) == output.state(T0 + 3600 * S) == "lost"
    again = Receiver(receiver.port)
    dropped = output.drops
    for count in range(20):
        output.send(b"/x\0\0,\0\0\0", T0 + 100 + count)
    assert output.drops <= dropped + 1
    assert len(again.packets()) == 20
    assert output.state(T0 + 100 + 2 * QUIET_NS) == "open"
    again.socket.close()
    output.close()


def test_a_receiver_that_does_not_read_blocks_nobody(receiver: Receiver) -> None:
    output = Output(f"127.0.0.1:{receiver.port}")
    for _ in range(5000):
        output.send(b"/x\0\0,b\0\0" + b"\0" * 1000, T0)
    assert output.state(T0) == "open"
    output.close()


@pytest.mark.parametrize(
    "given", ["", "7700", ":7700", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "127.0.0.1:7700/soon"]
)
def test_a_place_that_is_none_is_named_with_the_remedy(given: str) -> None:
    with pytest.raises(OscError, match=r"osc\.outputs: .*give HOST:PORT"):
        Output(given)


def test_a_host_that_nobody_knows_is_named() -> None:
    with pytest.raises(OscError, match=r"osc\.outputs: no-such-host\.invalid"):
        Output("no-such-host.invalid:7700")
