"""What the band publishes, made of what it knows."""

from collections.abc import Callable, Iterable

from daemon import messages as m
from daemon.generate.context import Context
from daemon.generate.listening.phrases import Phrase
from daemon.generate.live.accompany import Beat, Chosen
from daemon.generate.live.humanise import Timed
from daemon.generate.live.jam import BAND, SOLO, Jam
from daemon.generate.live.moment import Moment
from daemon.generate.live.player import Player
from daemon.generate.live.schedule import Sent
from daemon.generate.live.solo import Decided
from daemon.generate.note import PARTS
from dsp.harmony import key_name


def phrase(found: Phrase, context: Context, moment: Moment) -> m.Phrase:
    """A phrase of the player's."""
    at = moment.pulse.sample_at
    notes = [
        m.PhraseNote(
            note.tick,
            note.duration,
            note.pitch,
            note.velocity,
            PARTS[note.part],
            at(note.tick + note.late),
            at(note.end + note.late + note.longer),
        )
        for note in found.notes
    ]
    return m.Phrase(
        sample_time=at(found.tick),
        known_at=moment.now,
        tick=found.tick,
        ticks=found.end - found.tick,
        why=found.why,
        tempo_bpm=moment.pulse.tempo_bpm,
        key=key_name(context.tonic, context.mode) if context.key_confidence > 0 else "",
        notes=notes,
    )


def answer(decided: Decided, notes: Iterable[Timed], mode: str, moment: Moment) -> m.Answer:
    """What the soloist will play."""
    plan, taken, seed = decided
    return m.Answer(
        sample_time=moment.pulse.sample_at(plan.tick),
        known_at=moment.now,
        mode=mode,
        part=PARTS[0],
        generator=taken.generator,
        wanted=taken.wanted,
        late=taken.late,
        seed=seed,
        tick=plan.tick,
        ticks=plan.ticks,
        tempo_bpm=moment.pulse.tempo_bpm,
        notes=_notes(notes, moment),
        spare_ms=1000.0 * taken.spare_s,
    )


def chord(chosen: Chosen, moment: Moment) -> m.ChordAhead:
    """A chord before it sounds."""
    span, tick, taken = chosen
    return m.ChordAhead(
        sample_time=moment.pulse.sample_at(tick),
        known_at=moment.now,
        name=span.name,
        root=span.root if span.quality else -1,
        bass=(span.root if span.bass < 0 else span.bass) if span.quality else -1,
        tick=tick,
        position=position(tick, moment),
        generator=taken.generator if taken else "",
        wanted=taken.wanted if taken else "",
        late=taken.late if taken else False,
    )


def beat(done: Beat, notes: Iterable[Timed], moment: Moment) -> m.Accompaniment:
    """A beat of the accompaniment."""
    return m.Accompaniment(
        sample_time=moment.pulse.sample_at(done.tick),
        known_at=moment.now,
        chord=done.chord.name,
        tick=done.tick,
        ticks=done.ticks,
        position=position(done.tick, moment),
        tempo_bpm=moment.pulse.tempo_bpm,
        generators={role: taken.generator for role, taken in done.taken.items()},
        late=[role for role, taken in done.taken.items() if taken.late],
        notes=_notes(notes, moment),
    )


def sent(one: Sent, now: int) -> m.JamNote:
    """A note-on or note-off that jamd sends."""
    return m.JamNote(
        sample_time=one.at,
        known_at=now,
        part=PARTS[one.part],
        port=one.port,
        channel=one.channel,
        midi=one.pitch,
        velocity=one.velocity,
        on=one.on,
    )


def state(jam: Jam, phase: str, tempo_bpm: float, key: str, player: Callable[[str], Player | None]) -> m.Jam:
    """The band's state; `player` of a part, where it is made."""
    parts = []
    for role in (SOLO, *BAND):
        part, made = jam.part(role), player(role)
        name = jam.generator(role) if made is None else made.wanted
        plays = made.plays if made is not None else ""
        parts.append(m.JamPart(role, part.on, name, plays, jam.channel(role) + 1, list(part.ports)))
    return m.Jam(
        on=jam.on,
        mode=jam.mode,
        phase=phase,
        bars=jam.bars,
        style=jam.style,
        tempo_bpm=float(round(tempo_bpm)),
        meter=jam.meter,
        key=key,
        parts=parts,
    )


def position(tick: int, moment: Moment) -> int:
    """Which beat of the bar, from 1."""
    meter = moment.pulse.meter
    return tick % meter.bar_ticks // meter.beat_ticks + 1


def _notes(notes: Iterable[Timed], moment: Moment) -> list[m.PhraseNote]:
    at = moment.pulse.sample_at
    return [
        m.PhraseNote(
            round(note.tick),
            max(1, round(note.end - note.tick)),
            note.pitch,
            note.velocity,
            PARTS[note.part],
            at(note.tick) + round(note.late_s * moment.rate),
            at(note.end) + round(note.late_s * moment.rate),
        )
        for note in notes
    ]
