"""Saying on the local network where jamd is, and finding those that do: multicast DNS (RFC 6762) and DNS-SD (RFC 6763).

Service `_jamd._tcp`, whose port is the stream's; its text has `wire` (the version), `latest` and `control` (their ports,
where they are on), and `curve` (1: a key is needed). Addresses of this machine alone are said on loopback only.
"""

import importlib.util
import ipaddress
import socket
import threading
import time
from collections import deque
from typing import Any, NamedTuple

import zmq

from daemon import messages as m
from daemon.errors import UserError
from daemon.room import PATIENT_MS

SERVICE = "_jamd._tcp.local."
INSTALL = "zeroconf is not installed: pip install 'jamd[discover]'"
CLOSE_S = 2.0  # for saying that we go


class AnnounceError(UserError):
    """Nothing can be announced or found; the text is one line with the remedy."""


class Found(NamedTuple):
    """A jamd on the network; an address is empty where it takes none."""

    name: str
    wire: int
    stream: str
    latest: str
    control: str
    needs_key: bool


def check(stream: str) -> None:
    """Raises AnnounceError where a stream's address, as it was bound, cannot be announced."""
    if not stream.startswith("tcp://"):
        raise AnnounceError(f"zmq.announce: {stream} is reached by no network; give zmq.address a tcp://")
    if importlib.util.find_spec("zeroconf") is None:
        raise AnnounceError(f"zmq.announce: {INSTALL}")


class Announcer:
    """A room (daemon.room), beside a thread of its own that does what takes seconds."""

    def __init__(self, stream: str, latest: str, control: str, curve: bool) -> None:
        """Addresses as they were bound, empty where there is none; `stream` is one that `check` has passed."""
        self._host, self._port = _parts(stream)
        others = {"latest": latest, "control": control}
        ports = {name: str(_parts(where)[1]) for name, where in others.items() if where.startswith("tcp://")}
        self._text = {"wire": str(m.VERSION), "curve": str(int(curve)), **ports}
        self._news: deque[m.Message] = deque()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="announce")

    def attend(self, poller: zmq.Poller) -> int:
        return PATIENT_MS

    def feed(self, message: m.Message) -> None: ...

    def begin(self, rate: int) -> None:
        """The sound runs: now there is time for it."""
        if not self._thread.is_alive() and not self._over.is_set():
            self._thread.start()

    def end(self, now: int) -> list[m.Message]:
        return []

    def turn(self, now: int) -> list[m.Message]:
        """What became of it."""
        found: list[m.Message] = []
        while self._news:
            found.append(self._news.popleft())
            found[-1].sample_time = found[-1].known_at = now
        return found

    def close(self) -> None:
        """Say that we go; waits for it CLOSE_S at most."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _work(self) -> None:
        """[worker]"""
        import zeroconf

        try:
            here = _is_loopback(self._host)
            spoken = ["127.0.0.1"] if here else zeroconf.InterfaceChoice.Default
            with zeroconf.Zeroconf(interfaces=spoken, ip_version=zeroconf.IPVersion.V4Only) as service:
                name = f"jamd on {socket.gethostname().partition('.')[0]}"[:50]
                info = zeroconf.ServiceInfo(
                    SERVICE,
                    f"{name}.{SERVICE}",
                    port=self._port,
                    properties=self._text,
                    server=f"{name.replace(' ', '-')}-{self._port}.local.",
                    parsed_addresses=_reached(self._host),
                )
                service.register_service(info, allow_name_change=True)
                self._news.append(m.Output(name="mdns", state="open"))
                self._over.wait()
        except (OSError, zeroconf.Error, RuntimeError) as error:
            self._news.append(
                m.Output(name="mdns", state="failed", error=f"not announced: {error or type(error).__name__}")
            )


def find(seconds: float, here: bool = False) -> list[Found]:
    """Who announces within a time; `here`: on loopback only. Raises AnnounceError. [main]"""
    try:
        import zeroconf
    except ImportError:
        raise AnnounceError(INSTALL) from None
    names: set[str] = set()

    def seen(zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        names.add(name)

    spoken = ["127.0.0.1"] if here else zeroconf.InterfaceChoice.All
    try:
        with zeroconf.Zeroconf(interfaces=spoken, ip_version=zeroconf.IPVersion.V4Only) as service:
            browser = zeroconf.ServiceBrowser(service, SERVICE, handlers=[seen])
            time.sleep(seconds)
            browser.cancel()
            infos = [service.get_service_info(SERVICE, name, timeout=1000) for name in sorted(names)]
    except OSError as error:
        raise AnnounceError(f"the network cannot be asked: {error.strerror}; is there one?") from None
    return [_found(info) for info in infos if info is not None and info.parsed_addresses()]


def _found(info: Any) -> Found:
    text = {
        key.decode("utf-8", "replace"): (value or b"").decode("utf-8", "replace")
        for key, value in info.properties.items()
    }
    host = info.parsed_addresses()[0]
    ports = {"stream": str(info.port)} | {name: text[name] for name in ("latest", "control") if name in text}
    places = {name: f"tcp://{host}:{port}" for name, port in ports.items() if port.isdecimal()}
    wire = int(text["wire"]) if text.get("wire", "").isdecimal() else 0
    name = info.name.removesuffix(f".{SERVICE}")
    stream, latest, control = (places.get(kind, "") for kind in ("stream", "latest", "control"))
    return Found(name, wire, stream, latest, control, text.get("curve") == "1")


def _parts(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def _reached(host: str) -> list[str]:
    """The addresses that a bound one is reached at, of IPv4."""
    import ifaddr

    if not ipaddress.ip_address(host).is_unspecified:
        return [host]
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [ip for ip in found if not _is_loopback(ip)]
