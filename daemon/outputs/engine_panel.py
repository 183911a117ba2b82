"""How the engine fares as rows of text: its counts, and the callback's work against what a block has."""

from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import DIM, GREEN, RED, bar, row


def rows(h: m.Heartbeat | None) -> list[Text]:
    """Two rows: what was missed, and the work's percentiles."""
    if h is None:
        return [row(("not heard of yet", DIM)), row()]
    counts = {"xruns": h.xruns, "late": h.late_blocks, "starved": h.starved_samples, "lost": h.lost_events}
    marks = [(f"  {name} {n:,}", f"bold {RED}" if n else GREEN) for name, n in counts.items()]
    work = {name: f"{us:.0f}" for name, us in h.work_us.items()}
    part = f" ({100 * h.work_us['p9999'] / h.budget_us:.0f} %)" if h.budget_us else ""
    tail = f"p99.99 {work['p9999']}{part}  max {work['max']} of {h.budget_us:.0f} us"
    gap = f"gap max {h.gap_us['max'] / 1000:.1f} ms"
    return [
        row(f"blocks {h.blocks:,}", *marks),
        row(f"work p50 {work['p50']}  p99 {work['p99']}  {tail}  {gap}"),
    ]


def histogram(h: m.Heartbeat | None, width: int, height: int, plain: bool) -> list[Text]:
    """At most `height` rows, one for each range of the callback's work; the one in which the budget ends is marked.

    The longest matter most, so where there is no room for all the first are added up. A row that has any block at all shows
    at least a sliver.
    """
    if h is None or not h.work_histogram:
        return [row(("no block yet", DIM))]
    found = [(below, int(count)) for below, count in h.work_histogram]
    over = len(found) - height
    if over > 0:
        found = [(found[over][0], sum(count for _, count in found[: over + 1])), *found[over + 1 :]]
    total = sum(count for _, count in found) or 1
    cells = max(4, width - 38)
    lines, start = [], 0.0
    for below, count in found:
        is_late = h.budget_us > 0 and start >= h.budget_us
        ends = f"{below:6.0f}" if below >= 0 else " more "
        name = f"below {ends} us" if below >= 0 else f"from  {start:6.0f} us"
        filled = bar(max(count / total, 1 / (8 * cells) if count else 0.0), cells, RED if is_late else GREEN, plain)
        late = " late" if is_late else " <- budget" if 0 < h.budget_us <= below or below < 0 else ""
        lines.append(row(f"{name:15} ", filled, f" {count:>10,}", (late, f"bold {RED}" if is_late else DIM)))
        start = below
    return lines
