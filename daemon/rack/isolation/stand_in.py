"""A whole chain in the place of one plugin: no parameters, no state of its own; what it lacks of a `Plugin`."""

from daemon.plugins.plugin import PluginError


class StandIn:
    """[main]"""

    def value(self, index: int) -> float:
        """It has none."""
        raise PluginError("a chain has no parameters")

    def set(self, index: int, value: float) -> None:
        """It has none."""
        raise PluginError("a chain has no parameters")

    def text(self, index: int, value: float) -> str:
        """It has none."""
        raise PluginError("a chain has no parameters")

    def from_text(self, index: int, text: str) -> float:
        """It has none."""
        raise PluginError("a chain has no parameters")

    def save(self) -> bytes:
        """It has none."""
        raise PluginError("a chain has no state")

    def load(self, state: bytes) -> None:
        """It has none."""
        raise PluginError("a chain has no state")

    def select_program(self, index: int) -> None:
        """It has none."""
        raise PluginError("a chain has no programs")

    def reset(self) -> None:
        """Its own process hears a panic as the rack does, and resets what plays in it."""

    def tail_s(self) -> float:
        """Not known."""
        return 0.0

    def changed(self) -> list[tuple[int, float]]:
        """Nothing ever is."""
        return []

    def poll(self) -> bool:
        """It needs nothing."""
        return False
