"""The wire: one golden line per message, last known state for late joiners, and a stopped reader harms only itself."""

from pathlib import Path

import msgspec
import pytest
import zmq

from daemon import messages as m
from daemon.bind import BindError
from daemon.listen import decode
from daemon.outputs.zmq_pub import REQUESTS, ZmqPublisher

GOLDEN = Path(__file__).parent.parent / "golden" / "wire.txt"

ENVELOPE = {"seq": 7, "epoch": 2, "rate": 48000, "sample_time": 96000, "known_at": 96512, "t_ns": 123456789}
NOTE = m.PhraseNote(96, 24, 60, 80, "melody", 48000, 72000)
SPREAD = {"p50": 1.0, "p99": 2.0, "p9999": 3.0, "max": 4.0}
SAMPLES: list[m.Message] = [
    m.Onset(**ENVELOPE, strength=0.5, band="low"),
    m.NoteOn(**ENVELOPE, midi=69, name="A4", cents=-3.5, velocity=100, f0_hz=439.1),
    m.NoteOff(**ENVELOPE, midi=69, name="A4"),
    m.Beat(**ENVELOPE, tempo_bpm=120.0, confidence=0.75, position=1),
    m.Chord(**ENVELOPE, name="A:min", root=9, bass=9, confidence=0.5),
    m.Key(**ENVELOPE, name="A minor", tonic=9, mode="minor", confidence=0.5),
    m.Section(**ENVELOPE, what="drop", confidence=0.75, energy=0.5),
    m.Level(**ENVELOPE, peak=0.5, rms=0.25, momentary_lufs=-20.0, short_term_lufs=-21.0),
    m.Bands(**ENVELOPE, low=0.5, mid=0.25, high=0.125, centroid_hz=1000.0, flatness=0.5, onset_strength=0.25),
    m.F0(**ENVELOPE, f0_hz=440.0, confidence=0.5, voiced=True),
    m.Chroma(**ENVELOPE, tuning_cents=2.0, chroma=[k / 16 for k in range(12)]),
    m.MidiNote(**ENVELOPE, port="keys", channel=0, midi=60, velocity=64, on=True),
    m.MidiControl(**ENVELOPE, port="keys", channel=0, control=64, value=127),
    m.MidiHarmony(**ENVELOPE, notes=[60, 64, 67], chord="C:maj", key="C major", key_confidence=0.5, bass=0),
    m.MidiPort(**ENVELOPE, port="keys", direction="in", state="missing", error="plug it in"),
    m.RackState(
        **ENVELOPE,
        preset="Guitar",
        path="/presets/guitar.toml",
        chains=[
            m.RackChain(
                name="guitar",
                uid=1,
                input="input:1",
                to="main",
                gain_db=-3.0,
                pan=0.0,
                mix=1.0,
                mute=False,
                isolate=False,
                midi=["keys"],
                plugins=[m.RackPlugin("comp", 2, "lv2:urn:zamaudio:ZamCompX2", "ZamCompX2", False, 1.0, "on", "", 64)],
            )
        ],
        snapshots=["clean", "lead"],
        snapshot="lead",
        mappings=1,
    ),
    m.Rack(**ENVELOPE, kind="bypass", origin="ctl", chain="guitar", plugin="comp", uid=2, values={"on": True}),
    m.PluginParam(**ENVELOPE, plugin="comp", uid=2, param="thr", value=0.5, text="-20.0 dB", origin="midi"),
    m.PluginLoad(
        **ENVELOPE,
        plugin="comp",
        chain="guitar",
        uid=2,
        **dict.fromkeys(("min_us", "mean_us", "p99_us", "max_us"), 7.5),
        latency_samples=64,
        misses=1,
        bad_samples=2,
        denormals=3,
    ),
    m.PluginFault(**ENVELOPE, plugin="comp", chain="guitar", uid=2, state="quarantined", error="revive it"),
    m.Phrase(**ENVELOPE, tick=96, ticks=192, why="rest", tempo_bpm=120.0, key="C major", notes=[NOTE]),
    m.Answer(
        **ENVELOPE,
        mode="trade",
        part="melody",
        generator="motif",
        wanted="neural",
        late=True,
        seed=7,
        tick=288,
        ticks=96,
        tempo_bpm=120.0,
        notes=[NOTE],
        spare_ms=12.5,
    ),
    m.ChordAhead(
        **ENVELOPE,
        name="A:min",
        root=9,
        bass=9,
        tick=120,
        position=2,
        generator="rules",
        wanted="neural",
        late=False,
    ),
    m.Accompaniment(
        **ENVELOPE,
        chord="A:min",
        tick=120,
        ticks=24,
        position=2,
        tempo_bpm=120.0,
        generators={"bass": "walking"},
        late=["bass"],
        notes=[NOTE],
    ),
    m.JamNote(**ENVELOPE, part="bass", port="jack", channel=1, midi=40, velocity=90, on=True),
    m.Jam(
        **ENVELOPE,
        on=True,
        mode="answer",
        phase="listening",
        bars=4,
        style="swing",
        tempo_bpm=120.0,
        meter="4/4",
        key="A minor",
        parts=[m.JamPart("bass", True, "walking", "walking", 2, ["jack"])],
    ),
    m.Generator(**ENVELOPE, name="answer:neural", state="missing", error="train it"),
    m.Deadlines(**ENVELOPE, ready={"answer:neural": 9}, late={"answer:neural": 1}),
    m.Playing(
        **ENVELOPE,
        item_id=7,
        title="Blue",
        artist="Ann",
        position_s=61.5,
        duration_s=300.0,
        speed=1.02,
        confidence=0.75,
        source="heard",
        tempo_bpm=124.0,
        key="8A",
    ),
    m.Suggestions(
        **ENVELOPE,
        session_id=3,
        after_id=7,
        after="Ann - Blue",
        items=[
            m.NextItem(
                id=9,
                title="Green",
                artist="Bob",
                tempo_bpm=126.0,
                key="9A",
                score=0.75,
                family="content",
                parts=[m.NextPart("tempo", 0.5, "124.0 -> 126.0 BPM")],
                transition="from 4:30",
                duration_s=280.0,
                verdict=0.5,
            )
        ],
        why="track",
        families=["content"],
        energy="up",
        stale=True,
        late=1,
        ms=2.5,
        note="",
    ),
    m.Session(
        **ENVELOPE,
        session_id=3,
        dj="ann",
        started=1e9,
        count=1,
        plays=[m.SessionPlay(7, "Blue", "Ann", 1e9, "heard")],
        wishes={"energy": "up"},
    ),
    m.Recommender(**ENVELOPE, state="running", error="", library="/library.db", items=200, prints=190),
    m.Transport(**ENVELOPE, beat=17.0, tempo_bpm=120.5, playing=True, source="link", confidence=0.75, beats_per_bar=3),
    m.Lights(**ENVELOPE, state="safe", master=0.75, error="the watchdog", fixtures=["par"]),
    m.Dmx(**ENVELOPE, universe=1, levels=[0, 128, 255]),
    m.Output(**ENVELOPE, name="link", state="open", error="none", peers=2),
    m.Osc(**ENVELOPE, address="/jamd/clock/tempo", arguments=[126.0], error="too late"),
    m.Panic(**ENVELOPE, why="ctl", over=True, text="enough"),
    m.Service(
        **ENVELOPE,
        state="running",
        waiting=3,
        under_way=1,
        done={"analyse": 7},
        refused={"429": 2},
        clients=2,
        error="busy",
    ),
    m.Model(**ENVELOPE, task="phrase", name="folk", state="used", error="none", version="2"),
    m.Hears(**ENVELOPE, analysis="onset", by="neural", reason="it keeps up", since=480),
    m.Take(**ENVELOPE, state="saved", path="/takes/1", seconds=600.0, lost_s=0.5, lost_messages=1, error="slow disk"),
    m.Engine(**ENVELOPE, state="running", driver="jack", device="jamd", block_size=64),
    m.Heartbeat(
        **ENVELOPE,
        **dict.fromkeys(("blocks", "xruns", "late_blocks", "starved_samples", "lost_events"), 1),
        work_us=SPREAD,
        gap_us=SPREAD,
        budget_us=1333.0,
        work_histogram=[[64.0, 700], [-1.0, 1]],
    ),
]


def subscriber(address: str, prefix: bytes = b"") -> zmq.Socket:
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.setsockopt(zmq.RCVTIMEO, 3000)
    socket.setsockopt(zmq.LINGER, 0)
    socket.subscribe(prefix)
    socket.connect(address)
    return socket


@pytest.fixture
def publisher(tmp_path):
    made = ZmqPublisher(f"ipc://{tmp_path}/wire")
    yield made
    made.close()


def test_every_message_has_its_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(m.MESSAGES.values())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__struct_config__.tag)
def test_a_message_is_what_it_was(sample: m.Message) -> None:
    kind = sample.__struct_config__.tag
    lines = dict(line.split(" ", 1) for line in GOLDEN.read_text().splitlines())
    encoded = msgspec.msgpack.encode(sample)
    assert encoded.hex() == lines[kind], "the wire changed: fields are only ever added, and then the golden line too"
    assert msgspec.msgpack.decode(bytes.fromhex(lines[kind]), type=type(sample)) == sample


@pytest.mark.parametrize("frames", [[b"jamd/1/key/"], [b"key", b"{}"], [b"jamd/1/key/", b"\xff"], [b"", b""]])
def test_what_is_no_message_is_an_error_of_one_kind(frames: list[bytes]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec words it
        decode(frames)


@pytest.mark.parametrize("address", ["tcp://*:99999", "inproc://x", "5550", "udp://127.0.0.1:1"])
def test_a_place_nobody_could_connect_to_is_refused(address: str) -> None:
    with pytest.raises(BindError, match=r"zmq.address: .* is no place; give tcp://"):
        ZmqPublisher(address)


@pytest.mark.parametrize("encoding", ["msgpack", "json"])
def test_what_is_published_is_read(tmp_path, encoding: str) -> None:
    publisher = ZmqPublisher(f"ipc://{tmp_path}/{encoding}", encoding)
    reader = subscriber(publisher.address)
    assert publisher.socket.poll(3000)
    publisher.serve_joiners()
    for sample in SAMPLES:
        publisher.publish(sample)
    for sample in SAMPLES:
        frames = reader.recv_multipart()
        assert frames[0] == b"jamd/1/%s/" % sample.__struct_config__.tag.encode()
        assert decode(frames) == sample
    reader.close()
    publisher.close()


def test_a_late_joiner_is_sent_the_last_state_under_its_prefix(publisher: ZmqPublisher) -> None:
    for sample in SAMPLES:
        publisher.publish(sample)
    reader = subscriber(publisher.address, b"jamd/1/key")
    assert publisher.socket.poll(3000)
    publisher.serve_joiners()
    assert decode(reader.recv_multipart()) == msgspec.structs.replace(SAMPLES[5], replay=True)
    everything = subscriber(publisher.address)
    assert publisher.socket.poll(3000)
    publisher.serve_joiners()
    kept = {kind for kind, struct in m.MESSAGES.items() if struct.keep_last}
    got = {decode(everything.recv_multipart()).__struct_config__.tag for _ in kept}
    assert got == kept
    reader.close()
    everything.close()


def test_one_who_floods_with_subscriptions_is_answered_little_at_a_time(publisher: ZmqPublisher) -> None:
    for sample in SAMPLES:
        publisher.publish(sample)
    flood = zmq.Context.instance().socket(zmq.XSUB)
    flood.setsockopt(zmq.LINGER, 0)
    flood.connect(publisher.address)
    for _ in range(500):
        flood.send(b"\x01jamd/1/")
    assert publisher.socket.poll(3000)
    assert 0 < publisher.serve_joiners() <= REQUESTS
    kept = sum(struct.keep_last for struct in m.MESSAGES.values())
    assert len(received(flood)) <= kept
    flood.close()


def received(socket: zmq.Socket) -> list[list[bytes]]:
    got = []
    while socket.poll(300):
        got.append(socket.recv_multipart())
    return got


def test_a_stopped_reader_loses_its_own_messages_only(publisher: ZmqPublisher) -> None:
    stopped, reading = subscriber(publisher.address, b"jamd/1/onset"), subscriber(publisher.address, b"jamd/1/onset")
    joined = 0
    while joined < 2:
        assert publisher.socket.poll(3000)
        joined += publisher.serve_joiners()
    n, got = 30_000, []
    for seq in range(n):
        publisher.publish(m.Onset(seq=seq, strength=0.5, band="low"))
        if seq % 100 == 99:
            got += [decode(reading.recv_multipart()).seq for _ in range(100)]
    assert got == list(range(n))
    late = []
    stopped.setsockopt(zmq.RCVTIMEO, 500)
    try:
        while True:
            late.append(decode(stopped.recv_multipart()).seq)
    except zmq.Again:
        pass
    assert 0 < len(late) < n, "its queue is bounded"
    assert late == sorted(late)
    stopped.close()
    reading.close()


def test_a_busy_port_is_one_clear_line(publisher: ZmqPublisher) -> None:
    first = ZmqPublisher("tcp://127.0.0.1:*")
    with pytest.raises(BindError, match="another jamd"):
        ZmqPublisher(first.address)
    first.close()
    with pytest.raises(BindError, match=r"zmq\.address"):
        ZmqPublisher("nonsense")
