"""What comes and goes by MIDI and by Open Sound Control, the newest at the bottom."""

from itertools import zip_longest

from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import DIM, GREEN, ORANGE, RED, SKY, row
from daemon.outputs.top.facts import Facts, Midi
from dsp.harmony import note_name


def rows(facts: Facts, width: int, height: int) -> list[Text]:
    """Ports, then MIDI at the left and OSC at the right."""
    lines = [_port(port) for port in facts.each(m.MidiPort)]
    lines += [_place(one) for one in facts.each(m.Output) if one.name.startswith("osc")]
    lines = [*lines[: max(0, height // 3)], row()]
    left = max(20, min(42, width * 45 // 100))
    lines.append(row((" MIDI".ljust(left), "bold"), ("OSC", "bold")))
    room = max(1, height - len(lines))
    midi = [midi_row(one, facts.rate) for one in list(facts.midi)[-room:]] or [row((" none yet", DIM))]
    osc = [osc_row(one, facts.rate) for one in list(facts.osc)[-room:]] or [row(("none yet", DIM))]
    for one, two in zip_longest(midi, osc):
        text = one or Text()
        text.truncate(left - 1, pad=True)
        lines.append(text.append(" ").append_text(two or Text()))
    return lines


def midi_row(message: Midi, rate: int) -> Text:
    """One message, when, and which way it went."""
    at = f" {message.sample_time / rate:8.2f} "
    match message:
        case m.MidiNote():
            what = (
                f"{note_name(message.midi):4} {message.velocity:3}"
                if message.on
                else f"{note_name(message.midi):4} off"
            )
            return row(at, ("in  ", SKY), f"{what} {message.port}:{message.channel + 1}")
        case m.MidiControl():
            return row(
                at, ("in  ", SKY), f"cc{message.control:<3} {message.value:3} {message.port}:{message.channel + 1}"
            )
    what = f"{note_name(message.midi):4} {message.velocity:3}" if message.on else f"{note_name(message.midi):4} off"
    return row(at, ("out ", ORANGE), f"{what} {message.part}:{message.channel + 1}")


def osc_row(message: m.Osc, rate: int) -> Text:
    """One message, when, and whether it was taken."""
    given = " ".join(f"{one:.3f}" if isinstance(one, float) else str(one) for one in message.arguments)
    text = row(f"{message.sample_time / rate:8.2f} ", message.address or "?", f" {given}" if given else "")
    return text.append(f" refused: {message.error}", RED) if message.error else text


def _port(port: m.MidiPort) -> Text:
    look = GREEN if port.state == "open" else RED
    name = port.port or "MIDI"
    return row(f" {port.direction or 'all':3} {name} ", (port.state, look), f" {port.error}" if port.error else "")


def _place(one: m.Output) -> Text:
    return row(
        f" {one.name} ", (one.state, GREEN if one.state == "open" else RED), f" {one.error}" if one.error else ""
    )
