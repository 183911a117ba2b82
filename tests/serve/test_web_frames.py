"""Frames against what they are to be: the newest of what is dense, the highest peaks, all else in order, and bounded."""

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon import messages as m
from daemon.web.frames import EVENTS, Frame, Frames, bounded, merge


def _message(kind: int, number: int) -> m.Message:
    when = {"sample_time": number, "known_at": number, "rate": 48000, "seq": number}
    made: list[m.Message] = [
        m.Level(peak=number % 7 / 7, rms=0.1, momentary_lufs=-20.0, short_term_lufs=-21.0, **when),
        m.Bands(low=0.1, mid=0.2, high=0.3, centroid_hz=1.0, flatness=0.5, onset_strength=number % 5, **when),
        m.Onset(strength=0.5, band="low", **when),
        m.Dmx(universe=number % 3, levels=[number % 256], **when),
        m.Chord(name="C:maj", root=0, bass=0, confidence=1.0, **when),
    ]
    return made[kind]


FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine, too
KINDS = st.lists(st.integers(0, 4), max_size=60)


def _said(frame: Frame) -> dict:
    return msgspec.json.decode(msgspec.json.encode(frame))


def _frame(messages: list[m.Message]) -> Frame | None:
    frames = Frames()
    for message in messages:
        frames.take(message)
    return frames.frame()


@FEW
@given(KINDS)
def test_a_frame_is_what_is_new(kinds: list[int]) -> None:
    messages = [_message(kind, number) for number, kind in enumerate(kinds)]
    frame = _frame(messages)
    if frame is None:
        assert not messages
        return
    said = _said(frame)
    levels = [one for one in messages if isinstance(one, m.Level)]
    assert said.get("level", {}).get("peak") == (max(one.peak for one in levels) if levels else None)
    bands = [one for one in messages if isinstance(one, m.Bands)]
    assert said.get("bands", {}).get("onset_strength") == (max(one.onset_strength for one in bands) if bands else None)
    others = [one for one in messages if not isinstance(one, m.Level | m.Bands)]
    assert [event["seq"] for event in said["events"]] == [one.seq for one in others]
    assert said["kind"] == "frame" and said["now"] == len(messages) - 1 and said["lost"] == 0


@FEW
@given(KINDS, KINDS)
def test_two_merged_are_one_that_was_never_cut(first: list[int], second: list[int]) -> None:
    messages = [_message(kind, number) for number, kind in enumerate(first + second)]
    whole = _frame(messages)
    frames = Frames()
    parts = []
    for half in (messages[: len(first)], messages[len(first) :]):
        for message in half:
            frames.take(message)
        parts.append(frames.frame())
    merged = merge(parts[0], parts[1]) if parts[0] and parts[1] else parts[0] or parts[1]
    assert (merged and _said(merged)) == (whole and _said(whole))


@FEW
@given(st.lists(st.sampled_from([2, 2, 2, 2, 3, 4]), min_size=EVENTS, max_size=900))
def test_events_are_bounded_and_the_newest_state_is_always_among_them(kinds: list[int]) -> None:
    messages = [_message(kind, number) for number, kind in enumerate(kinds)]
    frame = _frame(messages)
    assert frame is not None
    assert len(frame.events) <= EVENTS and len(frame.events) + frame.lost == len(messages)
    newest = {one.kept_as: one.seq for one in messages if one.keep_last}
    assert {one.kept_as: one.seq for one in frame.events if one.keep_last} == newest
    assert [one.seq for one in frame.events] == sorted(one.seq for one in frame.events)


def test_more_states_than_a_frame_has_room_for_all_go() -> None:
    events: list[m.Message] = [m.Dmx(universe=number, levels=[]) for number in range(2 * EVENTS)]
    kept, lost = bounded([*events, m.Onset(strength=1.0, band="low")])
    assert kept == events and lost == 1


def test_a_joiner_is_told_the_newest_of_each() -> None:
    frames = Frames()
    for number in range(10):
        frames.take(_message(3, number))
        frames.take(_message(4, number))
        frames.take(_message(2, number))
    assert sorted((type(one).__name__, one.seq) for one in frames.state()) == [
        *(("Chord", 9), ("Dmx", 7), ("Dmx", 8), ("Dmx", 9))
    ]


def test_what_is_said_again_for_others_is_no_news() -> None:
    frames = Frames()
    frames.take(_message(4, 1))
    assert frames.frame() is not None
    frames.take(msgspec.structs.replace(_message(4, 1), replay=True))
    assert frames.frame() is None


def test_an_engine_that_begins_anew_begins_time_anew() -> None:
    frames = Frames()
    frames.take(msgspec.structs.replace(_message(0, 900_000), epoch=1))
    frames.take(msgspec.structs.replace(_message(2, 5), epoch=2))
    frames.take(msgspec.structs.replace(_message(2, 900_001), epoch=1))  # late, of the one that has ended
    frame = frames.frame()
    assert frame is not None and (frame.epoch, frame.now) == (2, 5)
    assert frame.level is msgspec.UNSET and len(frame.events) == 2


def test_what_is_not_a_number_is_null_for_a_browser() -> None:
    frame = _frame([m.Level(peak=float("nan"), rms=0.0, momentary_lufs=float("-inf"), short_term_lufs=0.0)])
    assert frame is not None and _said(frame)["level"] == {
        "peak": None,
        "rms": 0.0,
        "momentary_lufs": None,
        "short_term_lufs": 0.0,
    }
