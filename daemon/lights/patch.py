"""The patch: which universes leave for whom, how often, and what became of it."""

from collections.abc import Iterable, Iterator, Mapping

from daemon import messages as m
from daemon.lights.artnet import Artnet
from daemon.lights.pace import Pace
from daemon.lights.sacn import CHANNELS, Sacn

SAY_S = 0.1  # between two tellings of what a universe is sent
TERMINATIONS = 3  # E1.31 6.2.6
DARK = bytes(CHANNELS)


class Patch:
    """All outputs of DMX. [any, one thread]"""

    def __init__(self, sacn: tuple[str, ...], artnet: tuple[str, ...], priority: int) -> None:
        """Raises LightError."""
        self._outputs: dict[str, Sacn | Artnet] = {}
        if sacn:
            self._outputs["sacn"] = Sacn(sacn, priority)
        if artnet:
            self._outputs["artnet"] = Artnet(artnet)
        self._sent: dict[int, bytes] = {}
        self._paces: dict[int, Pace] = {}
        self._unsaid: set[int] = set()
        self._said_at: dict[int, float] = {}
        self._news: tuple = ()
        self._told: dict[str, tuple[str, str]] = {}

    @property
    def drops(self) -> int:
        """Packets that found no room on the network."""
        return sum(output.drops for output in self._outputs.values())

    def use(self, universes: Iterable[int]) -> None:
        """From now on these; the streams of others end, dark."""
        wanted = set(universes)
        for universe in set(self._sent) - wanted:
            self._end(universe, DARK)
            del self._sent[universe], self._paces[universe]
            self._unsaid.discard(universe)
        for universe in wanted - set(self._sent):
            self._sent[universe], self._paces[universe] = DARK, Pace()

    def send(self, universe: int, levels: bytes, now_s: float, is_urgent: bool) -> None:
        """Send 512 levels if it is time; `is_urgent`: if it can be at all."""
        is_change = levels != self._sent[universe]
        if not self._paces[universe].may(now_s, is_change, is_urgent):
            return
        for output in self._outputs.values():
            output.send(universe, levels)
        self._sent[universe] = levels
        if is_change:
            self._unsaid.add(universe)

    def news(self, now_s: float) -> Iterator[m.Dmx | m.Output]:
        """What has been sent, at most ten times a second for each universe; and whether it could be."""
        for universe in [one for one in self._unsaid if now_s >= self._said_at.get(one, 0.0)]:
            self._unsaid.remove(universe)
            self._said_at[universe] = now_s + SAY_S
            levels = self._sent[universe].rstrip(b"\0")
            yield m.Dmx(universe=universe, levels=list(levels))
        news = (tuple(self._sent), *(output.error for output in self._outputs.values()))
        if news != self._news:
            self._news = news
            yield from self._fare()

    def _fare(self) -> Iterator[m.Output]:
        now = {
            f"{kind}:{universe - (kind == 'artnet')}": ("failed" if output.error else "open", output.error)
            for kind, output in self._outputs.items()
            for universe in self._sent
        }
        gone = {name: ("lost", "the show has no such universe now") for name in self._told if name not in now}
        for name, (state, error) in (now | gone).items():
            if self._told.get(name) != (state, error):
                yield m.Output(name=name, state=state, error=error)
        self._told = now

    def close(self, last: Mapping[int, bytes | bytearray] | None = None) -> None:
        """End the streams with these levels, whatever their pace; without, with what they were sent."""
        for universe, levels in self._sent.items():
            self._end(universe, (last or {}).get(universe, levels))
        for output in self._outputs.values():
            output.close()

    def _end(self, universe: int, levels: bytes | bytearray) -> None:
        for output in self._outputs.values():
            for _ in range(TERMINATIONS):
                output.send(universe, levels, last=True)
