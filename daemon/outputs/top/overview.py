"""A row or two of everything, for a terminal of 80 by 24."""

from rich.text import Text

from daemon import messages as m
from daemon.outputs import engine_panel
from daemon.outputs.cells import BLUE, DIM, GREEN, ORANGE, RED, SKY, column, row
from daemon.outputs.sound_panel import SoundPanel
from daemon.outputs.top import health, lights, rack, wires
from daemon.outputs.top.facts import Facts
from dsp.harmony import chord_symbol


def rows(facts: Facts, sound: SoundPanel, at: float, width: int, plain: bool) -> list[Text]:
    """What is heard, then what is done with it; `at`: now, by the clock that the facts came with."""
    half = (width - 3) // 2
    level, bands, beat = sound.level(half), sound.bands(half), sound.beat(half)
    lines = [*(row(" ", one) for one in engine_panel.rows(facts.newest(m.Heartbeat))), _work(facts, width, plain)]
    lines += [row(" ", level[0], " ", level[2])]
    lines += [
        row(" ", *_pair(one, two, half)) for one, two in zip(bands, (sound.pitch(half)[0], *beat[:2]), strict=False)
    ]
    lines += [row(bins, "  ", words) for bins, words in zip(sound.chroma(1), sound.harmony(), strict=False)]
    lines += [_transport(facts, at, plain).append_text(row(*sound.section())), _band(facts), _rack(facts), _next(facts)]
    show = lights.state(facts, plain).append_text(lights.strip(facts, 32, plain))
    lines += [_named("lights", show)]
    midi = wires.midi_row(facts.midi[-1], facts.rate) if facts.midi else row((" nothing came or went", DIM))
    osc = wires.osc_row(facts.osc[-1], facts.rate) if facts.osc else row(("nothing came", DIM))
    lines += [_named("MIDI", midi), _named("OSC", row(" ", osc))]
    return [*lines, health.services(facts), _models(facts), health.recorder(facts)]


def _named(name: str, said: Text) -> Text:
    return row(f" {name:9}", said)


def _pair(one: Text, two: Text, width: int) -> tuple[Text, str, Text]:
    one.truncate(width, pad=True)
    return one, " ", two


def _work(facts: Facts, width: int, plain: bool) -> Text:
    """The histogram of the callback's work in one row; a bar stands where the budget ends."""
    beat = facts.newest(m.Heartbeat)
    if beat is None or not beat.work_histogram:
        return row()
    most = max(count for _, count in beat.work_histogram) or 1
    text, start = Text(" below us"), 0.0
    for below, count in beat.work_histogram:
        is_late = 0 < beat.budget_us <= start
        text.append(" | late" if is_late and start < 2 * beat.budget_us else "", f"bold {RED}")
        mark = column(max(count / most, 0.125), 0, 1, plain) * 2 if count else "  "
        text.append(f"  {'' if below < 0 else f'{below:.0f}'} ", DIM).append(mark, RED if is_late else GREEN)
        start = below if below >= 0 else start
    return text.append("" if beat.budget_us <= start else f"   | budget {beat.budget_us:.0f}", DIM)


def _transport(facts: Facts, at: float, plain: bool) -> Text:
    where, beat = facts.newest(m.Transport), facts.beat(at)
    if where is None or beat is None:
        return _named("beat", row((" no clock is followed", DIM)))
    bar, place = divmod(max(0.0, beat), where.beats_per_bar)
    on, off = "#." if plain else "■□"
    lamps = " ".join(on if k == int(place) else off for k in range(where.beats_per_bar))
    text = row(" ", (lamps, f"bold {ORANGE}"), f"  bar {int(bar) + 1} beat {int(place) + 1}  {where.tempo_bpm:.1f} BPM")
    text.append("  playing" if where.playing else "  stopped", GREEN if where.playing else DIM)
    return _named("beat", text.append(f"  {where.source or 'nobody'} leads"))


def _band(facts: Facts) -> Text:
    jam = facts.newest(m.Jam)
    if jam is None or not jam.on:
        return _named("band", row((" nobody plays along; `jamd jam`, or a preset with a [jam] table", DIM)))
    parts = ", ".join(f"{part.name} {part.plays or part.generator}" for part in jam.parts if part.on)
    ahead = facts.chord_ahead
    text = row(" ", (jam.mode, f"bold {ORANGE}"), f" {jam.phase}  {jam.tempo_bpm:.0f} BPM {jam.key}  {parts}")
    return _named("band", text.append(f"  then {chord_symbol(ahead.name)}" if ahead is not None else "", "bold"))


def _rack(facts: Facts) -> Text:
    state, beat = facts.newest(m.RackState), facts.newest(m.Heartbeat)
    if state is None or not state.chains:
        return _named("rack", row((" no plugins play", DIM)))
    plugins = [one for chain in state.chains for one in chain.plugins]
    us = rack.total_us(facts)
    share = f" ({us / beat.budget_us:.1%})" if beat is not None and beat.budget_us else ""
    text = row(
        " ", (state.preset or "no preset", f"bold {SKY}"), f" {len(state.chains)} chains, {len(plugins)} plugins"
    )
    text.append(f", {us:.0f} us of a block{share}")
    wrong = [one.name for one in plugins if one.state in ("failed", "quarantined")]
    return _named("rack", text.append(f"  {', '.join(wrong)}: not there" if wrong else "", RED))


def _next(facts: Facts) -> Text:
    found = facts.newest(m.Suggestions)
    if found is None or not found.items:
        fares = facts.newest(m.Recommender)
        why = (found.note if found is not None else "") or (fares.error if fares is not None else "") or "no list yet"
        return _named("next", row((f" {why}", DIM)))
    best = found.items[0]
    name = " - ".join(filter(None, (best.artist, best.title)))
    why = " | ".join(part.text for part in best.parts if part.text)
    return _named("next", row(" ", (name, "bold"), f" {best.score:.2f}  ", (why, SKY)))


def _models(facts: Facts) -> Text:
    found = sorted(facts.each(m.Model), key=lambda one: one.task)
    text = Text(" models   ")
    for one in found:
        look = f"bold {RED}" if one.state in health.WRONG else BLUE
        text.append(f" {one.task}: ").append(" ".join(filter(None, (one.name, one.version))) or "none", look)
        text.append("" if one.state == "used" else f" {one.state}").append(" ")
    return text if found else text.append(" nothing said", DIM)
