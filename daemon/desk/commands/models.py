"""Which model does a task, from the next phrase on."""

from daemon.desk.commands.command import Command


class ModelUse(Command, tag="model_use"):
    """Have `task` (phrase, harmony, next, hearing) done by another model: a name of `jamd models list`.

    Of all but "hearing" also kserve+grpc://HOST:PORT/NAME. It is loaded and checked first; one that will not do is refused,
    and what was used goes on. An empty name: jamd's own.
    """

    task: str
    model: str = ""


OWN = (ModelUse,)
