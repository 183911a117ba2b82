"""A process of readers of the stream, for `jamd bench wire`.

Run as `python -m daemon.bench.wire_reader ADDRESS READERS PAUSE_MS FILE [KEY]`, it reads levels until SIGTERM ends it, then
writes to FILE the delay of each message of the measured time (epoch 1), int64 ns, and prints how many each reader got. With
a pause it sleeps after every message.
"""

import signal
import sys
import time
from array import array
from pathlib import Path

import msgspec
import zmq

from daemon.curve import identify
from daemon.keyring import read

AT_ONCE = 16  # messages of one reader before the next has its turn


class Stamp(msgspec.Struct):
    """What is looked at of a message; `t_ns`: CLOCK_MONOTONIC when it was published."""

    t_ns: int
    epoch: int


def main(address: str, readers: int, pause_ms: float, file: Path, key: str = "") -> None:
    """Read."""
    context: zmq.Context = zmq.Context()
    sockets, poller = [], zmq.Poller()
    for _ in range(readers):
        socket: zmq.Socket = context.socket(zmq.SUB)
        socket.setsockopt(zmq.LINGER, 0)
        if key:
            identify(socket, read(Path(key)))
        socket.subscribe(b"jamd/1/level/")
        socket.connect(address)
        poller.register(socket, zmq.POLLIN)
        sockets.append(socket)
    running = [True]
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    decode = msgspec.msgpack.Decoder(Stamp).decode
    delays, counts = array("q"), [0] * readers
    places = {socket: place for place, socket in enumerate(sockets)}
    while running:
        for socket, _ in poller.poll(100):
            for _ in range(AT_ONCE):
                try:
                    frames = socket.recv_multipart(zmq.DONTWAIT)
                except zmq.Again:
                    break
                now = time.monotonic_ns()
                stamp = decode(frames[1])
                if stamp.epoch == 1:
                    delays.append(now - stamp.t_ns)
                    counts[places[socket]] += 1
                if pause_ms:
                    time.sleep(pause_ms / 1000)
    file.write_bytes(delays.tobytes())
    print(counts, flush=True)
    context.destroy(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]), *sys.argv[5:])
