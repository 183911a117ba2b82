"""`jamd top`: a running daemon as it is now, panel by panel, with the facts of the page."""

import re
import signal
import sys
import time
from collections.abc import Iterator
from types import TracebackType

import msgspec
import zmq
from zmq.utils.monitor import recv_monitor_message

from daemon import messages as m
from daemon.ctl.asker import Asker
from daemon.ctl.client import CtlError
from daemon.keyring import Key
from daemon.keys import Keys
from daemon.listen import decode, subscribe
from daemon.outputs.top_view import PANELS, TopView

HELP = f"1-{len(PANELS)} tab panel  p p panic  g go on  t save a take  q end"
TURN_S = 0.05
PATIENCE_S = 5.0  # for the first word, where one screen is asked for,
GATHER_S = 1.2  # and for all that is said once a second
TWICE_S = 2.0  # between the two presses that are a panic
DENSE = tuple(
    m.topic(kind) for kind in m.DENSE if kind != "level"
)  # only the newest counts; of levels, the highest too
BACK = {"\x1b[Z": "<", "\x1b[D": "<", "\x1b[C": ">", "\t": ">"}


def run(address: str, control: str, once: bool, as_json: bool, key: Key | None = None) -> int:
    """Show it until q or Ctrl-C, or `once`. Raises CtlError for an address that is none, or once, where nothing is heard."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the terminal would stay as it is
    with (
        Follower(address, key) as follower,
        Keys() as keys,
        Asker(control, key) as asker,
        TopView(address, HELP if keys.are_read and not once else "") as view,
    ):
        try:
            if once:
                _gather(follower, view, Steering(view, asker))
                _print(view, as_json)
                return 0
            return _watch(follower, view, Steering(view, asker), keys, as_json)
        except KeyboardInterrupt:
            return 0


def _gather(follower: "Follower", view: TopView, steering: "Steering") -> None:
    ends_at = time.monotonic() + PATIENCE_S
    settled_at: float | None = None
    while settled_at is None or time.monotonic() < settled_at:
        time.sleep(TURN_S)
        follower.turn(view)
        steering.turn(time.monotonic())
        if settled_at is None and view.facts.newest(m.Heartbeat) is not None:
            settled_at = time.monotonic() + GATHER_S
        if settled_at is None and time.monotonic() > ends_at:
            raise CtlError(
                f"nothing is heard on {follower.address}; is `jamd run` running? give its address by --address"
            )


def _watch(follower: "Follower", view: TopView, steering: "Steering", keys: Keys, as_json: bool) -> int:
    print_at = time.monotonic() + 1.0
    while True:
        follower.turn(view)
        for pressed in named(keys.pressed()):
            if pressed == "q":
                return 0
            steering.press(pressed, time.monotonic())
        steering.turn(time.monotonic())
        now = time.monotonic()
        if not as_json and view.is_live:
            view.render(now)
        elif now >= print_at:
            print_at = now + 1.0
            _print(view, as_json)
        time.sleep(TURN_S)


def _print(view: TopView, as_json: bool) -> None:
    """One object, or one screen."""
    now = time.monotonic()
    if as_json:
        sys.stdout.write(msgspec.json.encode(view.plain(now)).decode() + "\n")
        sys.stdout.flush()
    else:
        console = view.console
        console.print(view.frame(console.width, max(24, console.height - 1), now), soft_wrap=True, highlight=False)


def named(pressed: str) -> Iterator[str]:
    """Keys one by one: tab and arrows as > and <, other sequences not at all."""
    for sequence, key in BACK.items():
        pressed = pressed.replace(sequence, key)
    yield from re.sub(r"\x1b(\[[0-9;]*.|O.)?", "", pressed)


class Steering:
    """What keys do. [main]"""

    def __init__(self, view: TopView, asker: Asker) -> None:
        self._view, self._asker = view, asker
        self._armed_until = 0.0
        self._listed: m.RackState | None = None  # whose values were asked for

    def turn(self, at: float) -> None:
        """Tell what was wrong with what was asked, and ask for the values of a rack that is new."""
        rack = self._view.facts.newest(m.RackState)
        if rack is not None and rack is not self._listed:
            self._asker.ask({"cmd": "list"}, self._view.facts.rack)
        self._listed = rack
        said = self._asker.answered()
        if said:
            self._view.tell(said, at, is_wrong=True)

    def press(self, key: str, at: float) -> None:
        """A key, and when it was pressed."""
        view = self._view
        if key in "<>":
            view.show(view.panel + (1 if key == ">" else -1))
        elif key.isdecimal() and 0 < int(key) <= len(PANELS):
            view.show(int(key) - 1)
        elif key == "p" and at >= self._armed_until:
            self._armed_until = at + TWICE_S
            view.tell("p once more: every note off, sound faded, lights safe", at)
        elif key == "p":
            self._armed_until = 0.0
            view.tell("panic: every note off, sound faded, lights safe; g: go on", at)
            self._asker.ask({"cmd": "panic"})
        elif key == "g":
            view.tell("it is over: the lights go on", at)
            self._asker.ask({"cmd": "panic", "over": True})
        elif key == "t":
            view.tell("what just happened is being saved", at)
            self._asker.ask({"cmd": "take"})


class Follower:
    """What a daemon publishes, followed again when it has been away; a context manager. [main]"""

    def __init__(self, address: str, key: Key | None = None) -> None:
        """Raises ListenError for an address that is none."""
        self.address, self._key = address, key
        self._open()

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def turn(self, view: TopView) -> None:
        """Take all that has come."""
        newest: dict[bytes, list[bytes]] = {}
        while self._socket.poll(0):
            frames = self._socket.recv_multipart()
            if frames[0] in DENSE:
                newest[frames[0]] = frames
            else:
                _take(frames, view)
        for frames in newest.values():
            _take(frames, view)
        if self._monitor.poll(0):
            recv_monitor_message(self._monitor)
            view.lost()
            self._close()
            self._open()  # whoever comes now tells this one all that is so

    def _open(self) -> None:
        self._socket = subscribe(self.address, [m.topic(kind) for kind in m.MESSAGES], self._key)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def _close(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close(0)
        self._socket.close(0)


def _take(frames: list[bytes], view: TopView) -> None:
    try:
        message = decode(frames)
    except (ValueError, LookupError):  # none of jamd's, or of a later one's
        return
    if message is not None:
        view.take(message, time.monotonic())
