"""The stream for readers that want the newest and nothing else: the messages of the wire, each in a single frame.

Frame: the topic `jamd/1/TYPE/` · a NUL · the message as a msgpack map (or JSON), whose arrays are lists. ZMQ_CONFLATE keeps
the newest frame of a socket, delivers nothing of a message of several frames, and forgets topics when it chooses (libzmq
#1688): a reader that wants the newest of each of several types has a socket for each.
"""

from daemon.messages import Message
from daemon.outputs.zmq_pub import ZmqPublisher


class ZmqLatest(ZmqPublisher):
    """One XPUB socket. [main]"""

    key = "zmq.latest"
    readers = "latest"

    def _frames(self, name: bytes, message: Message) -> list[bytes]:
        return [name + b"\0" + self._encode(message)]
