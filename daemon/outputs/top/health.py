"""How the daemon fares: the callback's work against its budget, what was lost, services, models, the recorder, outputs."""

from rich.text import Text

from daemon import messages as m
from daemon.lines import says
from daemon.outputs import engine_panel
from daemon.outputs.cells import DIM, GREEN, RED, row
from daemon.outputs.top.facts import Facts

BARS = 10  # rows of the histogram at most
WRONG = ("died", "hung", "lost", "failed", "missing", "refused", "late", "local")


def rows(facts: Facts, width: int, height: int, plain: bool) -> list[Text]:
    """The engine first, then who works beside it."""
    beat = facts.newest(m.Heartbeat)
    beside = [services(facts), *models(facts), *_hearing(facts), recorder(facts), *_band(facts), *_outputs(facts)]
    head = [*(row(" ", one) for one in engine_panel.rows(beat)), *_lost(beat)]
    room = max(3, min(BARS, height - len(head) - len(beside) - 2))
    bars = [row(" ", one) for one in engine_panel.histogram(beat, width - 2, room, plain)]
    return [*head, row(), *bars, row(), *beside][:height]


def services(facts: Facts) -> Text:
    """One row."""
    return _said("services", facts.newest(m.Service), "nobody says so")


def models(facts: Facts) -> list[Text]:
    """One row each."""
    found = sorted(facts.each(m.Model), key=lambda one: one.task)
    return [_said("model", one, "") for one in found] or [_said("models", None, "nothing said")]


def _hearing(facts: Facts) -> list[Text]:
    """Who hears what, one row for each that does and each reason; nothing where no network is to hear."""
    who: dict[tuple[str, str], list[str]] = {}
    for one in facts.each(m.Hears):
        who.setdefault((one.by, one.reason), []).append(one.analysis)
    return [
        row(f" {'hears':9} ", (by, "bold"), f": {', '.join(sorted(what))}", (f"  {reason}", DIM))
        for (by, reason), what in sorted(who.items())
    ]


def recorder(facts: Facts) -> Text:
    """One row."""
    return _said("recorder", facts.newest(m.Take), "off; `jamd run --record DIR` keeps the last minutes")


def _said(name: str, message: m.Message | None, otherwise: str) -> Text:
    if message is None:
        return row(f" {name:9} ", (otherwise, DIM))
    is_wrong = getattr(message, "state", "") in WRONG
    return row(f" {name:9} ", (says(message).removeprefix(f"{name} "), f"bold {RED}" if is_wrong else ""))


def _lost(beat: m.Heartbeat | None) -> list[Text]:
    if beat is None:
        return []
    drops = {"hops": beat.lost_hops, "MIDI": beat.lost_midi, "late MIDI": beat.late_midi, **beat.drops}
    marks = [(f"  {name} {count:,}", f"bold {RED}" if count else GREEN) for name, count in drops.items()]
    ahead = "  ".join(f"{name} {ms:g} ms" for name, ms in beat.latencies_ms.items())
    lines = [row(" dropped", *marks)]
    return [*lines, row(f" sent ahead  {ahead}")] if ahead else lines


def _band(facts: Facts) -> list[Text]:
    return [_said("generator", one, "") for one in facts.each(m.Generator) if one.state != "running"]


def _outputs(facts: Facts) -> list[Text]:
    return [_said("output", one, "") for one in facts.each(m.Output)]
