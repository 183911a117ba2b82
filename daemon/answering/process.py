"""A worker: does one request of the services after another, below everything live in rank; it may be ended at any moment.

It ends with the front of house, or when that one's end of the line closes.
"""

import contextlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from daemon.answering.analyse import analyse
from daemon.answering.bench import Bench, Stopped
from daemon.answering.generate import generate
from daemon.answering.models import models
from daemon.answering.recommend import recommend
from daemon.answering.warm import warm
from daemon.child import die_with_parent
from daemon.desk.commands import services
from daemon.errors import Refused, UserError
from daemon.models import shelf
from daemon.service.frames import Begin, Do, Done, Line, NotDone, Ready

NICE, START_NICE = 19, 10  # what is done once at the start would take for ever on a busy machine
ANSWER_BYTES = 64 << 20  # of a result at most

SERVICES: dict[type, Callable[[Any, Bench], Any]] = {
    services.Analyse: analyse,
    services.Generate: generate,
    services.Recommend: recommend,
    services.Models: models,
}
"""command -> what does it."""

_decode = msgspec.msgpack.Decoder(services.Analyse | services.Generate | services.Recommend | services.Models).decode
_encoders = msgspec.msgpack.Encoder(), msgspec.json.Encoder()


def main() -> None:
    """Work until the other end of the line closes."""
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the front of house ends us
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(START_NICE)
    with contextlib.suppress(OSError):  # when memory ends, the kernel takes this before what plays
        Path("/proc/self/oom_score_adj").write_text("1000")
    line = Line(socket.socket(fileno=int(sys.argv[1])))
    begin = line.told()
    if isinstance(begin, Begin):
        os.environ.update(shelf.environment(begin.models))
        bench = Bench(begin.folder, begin.library, line.is_stopped)
        warm(bench)
        with contextlib.suppress(OSError):
            os.nice(NICE)  # there is no more than 19
        with contextlib.suppress(OSError):  # who asked has gone
            line.say(Ready())
            while (told := line.told()) is not None:
                if isinstance(told, Do):
                    line.say(done(told, bench))
    os._exit(0)


def done(do: Do, bench: Bench) -> Done | NotDone:
    """What comes of it: the result, or why there is none. [worker]"""
    try:
        command = _decode(do.command)
        with bench.clean(do.number):
            result = _encoders[do.as_json].encode(SERVICES[type(command)](command, bench))
        if len(result) > ANSWER_BYTES:
            text = f"the answer has {len(result) >> 20} MiB, {ANSWER_BYTES >> 20} are the most; ask for less of it"
            return NotDone(do.number, 413, text)
        return Done(do.number, result)
    except Stopped:
        return NotDone(do.number, 499, "cancelled")
    except Refused as refused:
        return NotDone(do.number, refused.code, bench.plain(str(refused)))
    except UserError as error:
        return NotDone(do.number, 422, bench.plain(str(error)))
    except MemoryError:
        return NotDone(do.number, 413, "that is more than this machine's memory holds; give less of it")
    except Exception as error:  # a defect; the process lives on
        traceback.print_exc()
        return NotDone(do.number, 500, bench.plain(f"a defect of jamd's: {error!r}")[:300])


if __name__ == "__main__":
    main()
