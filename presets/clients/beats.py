"""Ten lines that follow a running daemon: pip install pyzmq msgspec"""

import msgspec
import zmq

socket = zmq.Context().socket(zmq.SUB)
socket.connect("tcp://127.0.0.1:5550")
for topic in (b"jamd/1/beat/", b"jamd/1/onset/", b"jamd/1/chord/"):
    socket.subscribe(topic)
while True:
    topic, body = socket.recv_multipart()
    print(topic.decode(), msgspec.msgpack.decode(body), flush=True)
