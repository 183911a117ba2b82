"""The rack: chains, their plugins with what each costs of a block, and the parameters that moved last."""

from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import DIM, GREEN, ORANGE, RED, SKY, bar, row
from daemon.outputs.top.facts import UNMOVED, Facts

HEAD = f"   {'plugin':16} {'share':>11} {'mean':>7} {'p99':>6} {'max':>6} us {'late by':>8} {'missed':>6} {'bad':>5}"
IN_A_ROW = 3  # parameters


def rows(facts: Facts, width: int, height: int, plain: bool) -> list[Text]:
    """One row a chain, one a plugin, and as there is room more for its parameters, those that moved last first."""
    rack, beat = facts.newest(m.RackState), facts.newest(m.Heartbeat)
    if rack is None or not rack.chains:
        return [row((" no plugins play; `jamd run --preset guitar`, or `jamd ctl load guitar`", DIM))]
    budget = beat.budget_us if beat is not None and beat.budget_us else 0.0
    plugins = sum(len(chain.plugins) for chain in rack.chains)
    named = f", snapshot {rack.snapshot}" if rack.snapshot else ""
    of = f" of {len(rack.snapshots)}" if rack.snapshot and rack.snapshots else ""
    lines = [
        row((f" {rack.preset or 'no preset'}", "bold"), named, of, f", {rack.mappings} mapped"),
        row((HEAD, DIM)),
    ]
    each = max(0, height - len(lines) - len(rack.chains) - plugins) // max(1, plugins)
    for chain in rack.chains:
        lines.append(_chain(chain, facts.loads.get(chain.uid), budget))
        for one in chain.plugins:
            lines.append(_plugin(one, facts.loads.get(one.uid), budget, plain))
            params = _in_order([param for param in facts.params.values() if param.uid == one.uid])
            for first in range(0, min(len(params), each * IN_A_ROW), IN_A_ROW):
                some = params[first : first + IN_A_ROW]
                lines.append(row("     ", *(part for param in some for part in _param(param, plain))))
    if len(lines) > height:
        lines = [
            *lines[: height - 1],
            row((f"   and {len(lines) - height + 1} more rows; a taller terminal shows them", DIM)),
        ]
    return lines


def total_us(facts: Facts) -> float:
    """The mean work of all plugins in a block."""
    rack = facts.newest(m.RackState)
    uids = {one.uid for chain in rack.chains for one in chain.plugins} if rack is not None else set()
    return sum(load.mean_us for uid, load in facts.loads.items() if uid in uids)


def _chain(chain: m.RackChain, load: m.PluginLoad | None, budget: float) -> Text:
    text = (
        Text(" ").append(chain.name, f"bold {ORANGE}").append(f"  {chain.input or 'input'} to {chain.to or 'output'}")
    )
    text.append(f"  {chain.gain_db:+.1f} dB  pan {chain.pan:+.2f}  mix {chain.mix:.0%}")
    if chain.midi:
        text.append(f"  MIDI {' '.join(chain.midi)}")
    if chain.mute:
        text.append("  muted", f"bold {RED}")
    if chain.isolate:
        text.append("  in a process of its own", SKY)
        if load is not None and budget:
            text.append(f", {load.mean_us / budget:.1%}, {load.misses} missed")
    return text


def _plugin(one: m.RackPlugin, load: m.PluginLoad | None, budget: float, plain: bool) -> Text:
    name = f"   {one.name[:16]:16} "
    if one.state != "on":
        return row(name, (one.state, f"bold {RED}"), f" {one.error}")
    if load is None:
        return row(name, (one.title, DIM))
    share = load.mean_us / budget if budget else 0.0
    figures = f" {load.mean_us:7.1f} {load.p99_us:6.1f} {load.max_us:6.1f}    {load.latency_samples:8}"
    text = row(name, bar(share, 5, GREEN if share < 0.5 else RED, plain), f" {share:5.1%}", figures)
    text.append(f" {load.misses:6}", f"bold {RED}" if load.misses else "")
    text.append(f" {load.bad_samples:5}", f"bold {RED}" if load.bad_samples else "")
    if one.bypass:
        text.append(" bypassed", ORANGE)
    elif one.mix < 1.0:
        text.append(f" mix {one.mix:.0%}")
    return text


def _in_order(params: list[m.PluginParam]) -> list[m.PluginParam]:
    """Those that moved, the newest first, before those that have not."""
    moved = [param for param in reversed(params) if param.origin != UNMOVED]
    return [*moved, *(param for param in params if param.origin == UNMOVED)]


def _param(param: m.PluginParam, plain: bool) -> list[Text | str]:
    means = param.text or f"{param.value:.3f}"
    return [f"{param.param[:9]:9} ", bar(param.value, 5, SKY, plain), f" {means[:8]:8} "]
