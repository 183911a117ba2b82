"""What every plugin format offers, once a plugin is open."""

from typing import Protocol

import msgspec

from daemon.errors import UserError


class PluginError(UserError):
    """A plugin that cannot be found, opened or used; the text is one line with the remedy."""


class Param(msgspec.Struct, frozen=True):
    """A parameter. Values are normalised, 0..1, everywhere in jamd; `Plugin.text` says what one means."""

    index: int
    id: str  # stable between versions: LV2's symbol, CLAP's and VST3's id
    name: str
    unit: str = ""
    default: float = 0.0  # normalised
    steps: int = 0  # 0 = continuous, else how many values there are
    automatable: bool = True


class Info(msgspec.Struct, frozen=True):
    """What a plugin is; the same from a probe and from an open one."""

    name: str  # what opens it again: lv2:URI, clap:ID, vst3:PATH#NAME, au:ID, jamd:NAME
    format: str
    title: str
    vendor: str = ""
    version: str = ""
    path: str = ""
    inputs: int = 0  # audio channels of the main input
    outputs: int = 0
    side_inputs: int = 0  # of the side-chain: 0, 1 or 2
    midi_in: bool = False
    midi_out: bool = False
    latency_samples: int = 0
    programs: list[str] = []
    params: list[Param] = []


class Plugin(Protocol):
    """An open plugin. All methods: [main], the same thread always; none of them waits for the audio thread."""

    info: Info
    process: int
    """Address of `void f(uintptr_t own, CALL *call)`. [audio]"""
    own: int
    """Address of the instance's record, which lives until `close`."""

    def value(self, index: int) -> float:
        """The parameter's value now, normalised."""

    def set(self, index: int, value: float) -> None:
        """Set a parameter, normalised, while the plugin does not run; a running one is told through its CALL."""

    def text(self, index: int, value: float) -> str:
        """What a normalised value means: "-6.0 dB"."""

    def from_text(self, index: int, text: str) -> float:
        """The normalised value that a text means: "-6", "-6 dB", a scale point's name. Raises PluginError."""

    def save(self) -> bytes:
        """The whole state as the plugin writes it; may be called while it runs."""

    def load(self, state: bytes) -> None:
        """Take a state that `save` gave, while the plugin does not run. Raises PluginError for one it does not take."""

    def select_program(self, index: int) -> None:
        """Take a factory program, while the plugin does not run. Raises PluginError."""

    def reset(self) -> None:
        """End what sounds in it, tails too, while it does not run; its parameters stay."""

    def latency(self) -> int:
        """Samples by which its output is late, now."""

    def tail_s(self) -> float:
        """Seconds that it sounds on after its input ends; 0 where it does not say."""

    def changed(self) -> list[tuple[int, float]]:
        """(index, value) of parameters that the plugin changed itself since the last call."""

    def poll(self) -> bool:
        """Do what the plugin asked its main thread for; some times a second. True: it must be opened anew."""

    def close(self) -> None:
        """Free it; the audio thread must have let go of it. Safe when closed."""
