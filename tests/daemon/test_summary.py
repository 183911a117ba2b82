from daemon import messages as m
from daemon.outputs.summary import BAR, Tally, exchange, summary

STATS = {
    **{"blocks": 1100, "xruns": 2, "late_blocks": 1, "starved_samples": 64, "lost_events": 0, "budget_us": 1333.3},
    "work_us": {"p50": 4.0, "p99": 64.0, "p9999": 102.0, "max": 111.0},
    "gap_us": {"p50": 1350.0, "p99": 1400.0, "p9999": 1700.0, "max": 1800.0},
}
ROWS = [(2.0, 4.0, 1000), (4.0, 8.0, 99), (512.0, float("inf"), 1)]


def test_it_tells_what_was_heard_and_how_the_callback_fared():
    tally = Tally()
    when = {"rate": 48000, "known_at": 960}
    for k in range(10):
        tally.take(m.Onset(**when, strength=1.0, band="low" if k < 7 else "high"))
        tally.take(m.Beat(**when, tempo_bpm=111.0 + k % 3, confidence=0.9))
    for name in ("C:maj", "A:min", "N", "C:maj"):
        tally.take(m.Chord(**when, name=name, root=0, bass=0, confidence=0.8))
    for name in ("C major", "Eb major", "C major"):
        tally.take(m.Key(**when, name=name, tonic=0, mode="major", confidence=0.8))
    tally.take(m.Level(**when, peak=0.1, rms=0.1, momentary_lufs=-20.0, short_term_lufs=-20.0))
    lines = summary(tally, STATS, ROWS).splitlines()
    assert lines[:8] == [
        "events  10 onsets, 0 notes, 10 beats, 4 chords, 3 keys",
        "onsets  high 3, low 7; known 20.0 ms after (median)",
        "tempo   112.0 BPM",
        "key     C major, Eb major",
        "chords  C 2, Am 1",
        "engine  1,100 blocks, 2 xruns, 1 late, 64 samples starved, 0 events lost",
        "work    p50 4, p99 64, p99.99 102, max 111 us of 1333 us a block",
        "gap     p50 1350, p99 1400, p99.99 1700, max 1800 us between blocks",
    ]
    assert [line.split()[-1] for line in lines[8:]] == ["1,000", "99", "1"]
    assert [line.count("#") for line in lines[8:]] == [BAR, 4, 1]  # one block still shows
    assert "512 us and more" in lines[10]
    assert max(len(line) for line in lines) <= 80


def test_nothing_heard_is_said_without_inventing_a_key_or_a_tempo():
    text = summary(Tally(), {**STATS, "blocks": 0}, [])
    assert text.startswith("events  0 onsets")
    assert not any(word in text for word in ("tempo", "key ", "chords ", "#"))


def test_the_last_answer_that_was_heard_is_drawn_beside_its_phrase():
    tally = Tally()

    def notes(tick: int, pitch: int) -> list[m.PhraseNote]:
        return [m.PhraseNote(tick + 24 * k, 24, pitch + k, 90, "melody", 0, 0) for k in range(4)]

    def answer(tick: int, generator: str) -> m.Answer:
        same = {"mode": "answer", "part": "melody", "wanted": "neural", "late": False, "seed": 0, "tempo_bpm": 120.0}
        return m.Answer(
            sample_time=1000 * tick, generator=generator, tick=tick, ticks=192, notes=notes(tick, 72), **same
        )

    def phrase(tick: int) -> m.Phrase:
        return m.Phrase(tick=tick, ticks=96, why="rest", tempo_bpm=120.0, key="", notes=notes(tick, 60))

    assert exchange(tally, 80) == []
    for message in (answer(192, "motif"), phrase(0), answer(576, "neural"), phrase(384), answer(960, "markov")):
        message.known_at = message.sample_time
        tally.take(message)
    tally.take(m.Beat(known_at=0, tempo_bpm=120.0, confidence=1.0))
    assert "jam     phrases heard 2, answered 2: motif 1, neural 1" in summary(
        tally, STATS, ROWS
    )  # one is still to come
    lines = [line.plain for line in exchange(tally, 80, plain=True)]
    assert lines[0].split() == ["5", "6", "7", "8"]
    drawn = "".join(lines[1:-1])
    assert drawn.count("o") >= 4 <= drawn.count("#")
    tally.take(m.Beat(known_at=961000, tempo_bpm=120.0, confidence=1.0))
    assert "markov" in summary(tally, STATS, ROWS)
    assert exchange(tally, 80, plain=True)[0].plain.split()[0] == "5"  # the newest answer's phrase has not ended yet
