"""A message as one line for a person."""

from typing import Any

from daemon import messages as m


def line(message: m.Message) -> str:
    """`   12.345 s  onset      kick-like 0.83`: the time in seconds since the stream opened, the type, what it says."""
    seconds = message.sample_time / message.rate if message.rate else 0.0
    kind = str(message.__struct_config__.tag)
    return f"{seconds:10.3f} s  {kind:12} {says(message)}"


def says(message: m.Message) -> str:
    """What it says, without when and of which type."""
    match message:
        case m.Onset():
            return f"{message.band:5} strength {message.strength:.2f}"
        case m.NoteOn():
            return f"{message.name:4} {message.cents:+.0f} cents, velocity {message.velocity}, {message.f0_hz:.1f} Hz"
        case m.NoteOff():
            return message.name
        case m.Beat():
            where = f"beat {message.position} of the bar, " if message.position else ""
            return f"{where}{message.tempo_bpm:.1f} BPM, confidence {message.confidence:.2f}"
        case m.Chord() | m.Key():
            return f"{message.name:8} confidence {message.confidence:.2f}"
        case m.Section():
            return f"{message.what:8} confidence {message.confidence:.2f}, energy {message.energy:.2f}"
        case m.Engine():
            where = f" {message.driver}: {message.device}" if message.driver else ""
            return f"{message.state}{where}{': ' if message.error else ''}{message.error}"
        case m.MidiPort():
            return " ".join(filter(None, (message.direction, message.port, message.state, message.error)))
        case m.RackState():
            plugins = sum(len(chain.plugins) for chain in message.chains)
            where = f", snapshot {message.snapshot}" if message.snapshot else ""
            return f"{message.preset or 'no preset'}: {len(message.chains)} chains, {plugins} plugins{where}"
        case m.Rack():
            about = message.text or ", ".join(f"{name} {_short(value)}" for name, value in message.values.items())
            who = " ".join(filter(None, (message.kind, message.chain, message.plugin)))
            return f"{who}{': ' if about else ''}{about} ({message.origin})"
        case m.PluginParam():
            means = f" ({message.text})" if message.text else ""
            return f"{message.plugin} {message.param} {message.value:.3f}{means} ({message.origin})"
        case m.PluginLoad():
            return (
                f"{message.plugin or message.chain}: mean {message.mean_us:.1f} p99 {message.p99_us:.1f} "
                f"max {message.max_us:.1f} us, latency {message.latency_samples}, misses {message.misses}"
            )
        case m.PluginFault():
            who = " ".join(filter(None, (message.chain, message.plugin, message.state)))
            return f"{who}{': ' if message.error else ''}{message.error}"
        case m.Phrase():
            return f"{len(message.notes)} notes, {message.ticks / 24:g} quarters, closed by {message.why}"
        case m.Answer():
            late = f", {message.wanted} was late" if message.late else ""
            return f"{message.mode}: {len(message.notes)} notes by {message.generator}{late}"
        case m.ChordAhead():
            return f"{message.name:8} on beat {message.position} by {message.generator}"
        case m.Accompaniment():
            who = ", ".join(f"{part} {name}" for part, name in message.generators.items())
            return f"{message.chord:8} beat {message.position}: {len(message.notes)} notes ({who})"
        case m.JamNote():
            return f"{'on ' if message.on else 'off'} {message.part} {message.midi} on {message.port}:{message.channel + 1}"
        case m.Jam():
            parts = ", ".join(f"{part.name} {part.plays or part.generator}" for part in message.parts if part.on)
            return f"{message.mode}, {message.phase}, {message.tempo_bpm:g} BPM, {message.meter} {message.key}: {parts}"
        case m.Generator():
            return " ".join(filter(None, (message.name or "process", message.state, message.error)))
        case m.Panic():
            return " ".join(filter(None, ("over" if message.over else "all off", f"({message.why})", message.text)))
        case m.Playing():
            what = " - ".join(filter(None, (message.artist, message.title))) or "nothing known"
            where = f" at {_clock(message.position_s)}, speed {message.speed:.3f}" if message.item_id else ""
            return f"{what}{where}{f' ({message.source})' if message.source else ''}"
        case m.Suggestions():
            names = ", ".join(f"{item.artist} - {item.title} {item.score:.2f}" for item in message.items[:3])
            return f"{'still ' if message.stale else ''}{len(message.items)} ({message.why}): {names}"
        case m.Session():
            last = message.plays[-1] if message.plays else None
            return f"{message.count} played{f', the last {last.artist} - {last.title}' if last else ''}"
        case m.Recommender():
            items = f", {message.items} items, {message.prints} of them can be recognised" if message.items else ""
            return f"suggestions {message.state}{items}{': ' if message.error else ''}{message.error}"
        case m.Transport():
            bar, beat = divmod(message.beat, message.beats_per_bar)
            where = f"bar {int(bar) + 1}, beat {beat + 1:.2f}"
            who = f"{message.source or 'nobody'} leads"
            return f"{where}, {message.tempo_bpm:.2f} BPM, {'playing' if message.playing else 'stopped'}, {who}"
        case m.Output():
            peers = f", {message.peers} peers" if message.peers else ""
            return f"{message.name} {message.state}{peers}{': ' if message.error else ''}{message.error}"
        case m.Osc():
            given = " ".join(_short(one) for one in message.arguments)
            refused = f", refused: {message.error}" if message.error else ""
            return f"{message.address or 'no message'}{f' {given}' if given else ''}{refused}"
        case m.Service():
            done = ", ".join(f"{name} {count}" for name, count in message.done.items())
            refused = ", ".join(f"{count} with {number}" for number, count in message.refused.items())
            facts = [f"{message.waiting} wait, {message.under_way} under way"]
            facts += [f"done: {done}"] if done else []
            facts += [f"refused: {refused}"] if refused else []
            return f"services {message.state}{': ' if message.error else ''}{message.error}; {'; '.join(facts)}"
        case m.Model():
            which = f" {message.name}" if message.name else ""
            version = f" {message.version}" if message.version else ""
            why = f": {message.error}" if message.error else ""
            return f"{message.task} {message.state}{which}{version}{why}"
        case m.Hears():
            return f"{message.analysis} by {message.by}{': ' if message.reason else ''}{message.reason}"
        case m.Take():
            where = f" {message.path}" if message.path else ""
            held = f", {_clock(message.seconds)} of sound" if message.seconds else ""
            lost = f", {message.lost_s:.1f} s and {message.lost_messages} messages lost"
            lost = lost if message.lost_s or message.lost_messages else ""
            return f"{message.state}{where}{held}{lost}{': ' if message.error else ''}{message.error}"
        case m.Heartbeat():
            work = message.work_us
            return (
                f"{message.blocks} blocks, {message.xruns} xruns, work p50 {work['p50']:.0f} p99 {work['p99']:.0f} "
                f"max {work['max']:.0f} us of {message.budget_us:.0f}"
            )
    return ", ".join(f"{name} {_short(value)}" for name, value in _own_fields(message).items())


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _own_fields(message: m.Message) -> dict[str, Any]:
    envelope = m.Message.__struct_fields__
    return {name: getattr(message, name) for name in message.__struct_fields__ if name not in envelope}


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return "[" + " ".join(_short(item) for item in value) + "]"
    return str(value)
