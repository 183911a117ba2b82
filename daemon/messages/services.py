"""What jamd says of the services that it answers, of the models that it uses, and of what it records."""

from typing import ClassVar

from daemon.messages.message import Message


class Service(Message, tag="service"):
    """How the services fare (analyse, generate, recommend), each time it has changed, at most once a second.

    `state`: idle (its process starts when somebody asks), running, died, hung, failed (it cannot start). Counts are since
    the daemon began.
    """

    state: str
    waiting: int = 0  # requests
    under_way: int = 0
    done: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it; service -> answered
    refused: dict[str, int] = {}  # noqa: RUF012 - number of daemon.errors.REFUSALS -> how often
    clients: int = 0  # that wait
    error: str = ""  # what happens, and what to do

    keep_last: ClassVar[bool] = True


class Model(Message, tag="model"):
    """Which model does a task (phrase, harmony, next, hearing), each time it has changed.

    `state`: used, remote (asked elsewhere), local (the one asked elsewhere is late or gone, and the local one answers),
    refused (it was checked and will not do; what was used before stays). `error`: why, and what to do.
    """

    task: str
    name: str
    state: str
    error: str = ""
    version: str = ""

    keep_last: ClassVar[bool] = True
    keep_by: ClassVar[tuple[str, ...]] = ("task",)


class Hears(Message, tag="hears"):
    """Who does an analysis (onset, beat, notes, f0, chord, key), each time it has changed, where a network is to do it.

    `by`: neural, or what the engine does it by meanwhile (superflux ...); `reason`: why; `since`: sample at which what the
    network knows of the stream begins.
    """

    analysis: str
    by: str
    reason: str = ""
    since: int = 0

    keep_last: ClassVar[bool] = True
    keep_by: ClassVar[tuple[str, ...]] = ("analysis",)


class Take(Message, tag="take"):
    """The flight recorder, each time it has changed, and once a minute while it records.

    `state`: recording, saved, lost (something could not be kept, and is missing from then on), failed.
    """

    state: str
    path: str = ""  # of what was saved, or of the recorder's folder
    seconds: float = 0.0  # that it holds
    lost_s: float = 0.0  # of sound that it could not keep, since it began
    lost_messages: int = 0
    error: str = ""  # why, and what to do

    keep_last: ClassVar[bool] = True
