"""A worker that does as it is told, for the tests of the queue: python -m tests.serve.service_stand_in FD.

A command is {"say": text}, {"sleep": seconds} (heeds a stop), {"deaf": seconds} (does not), {"end": code}, or
{"raise": code}; each is written to the file `log` beside the workers' folders as it is begun.
"""

import os
import socket
import sys
import time
from pathlib import Path

import msgspec

from daemon.service.frames import Begin, Do, Done, Line, NotDone, Ready


def main() -> None:
    line = Line(socket.socket(fileno=int(sys.argv[1])))
    begin = line.told()
    assert isinstance(begin, Begin)
    line.say(Ready())
    while (told := line.told()) is not None:
        if not isinstance(told, Do):
            continue
        command = msgspec.msgpack.decode(told.command)
        with (Path(begin.folder).parent / "log").open("a") as log:
            log.write(f"{command}\n")
        if "end" in command:
            os._exit(command["end"])
        if "raise" in command:
            line.say(NotDone(told.number, command["raise"], "no"))
            continue
        until = time.monotonic() + command.get("sleep", command.get("deaf", 0.0))
        while time.monotonic() < until and not ("sleep" in command and line.is_stopped(told.number)):
            time.sleep(0.005)
        line.say(Done(told.number, command.get("say", "").encode()))


if __name__ == "__main__":
    main()
