"""What the daemon and a process that runs models say to each other of them: one packet each (daemon.packets)."""

import msgspec


class Use(msgspec.Struct, tag="use", array_like=True):
    """To the process: have a task done by another model, put in the other's place between two answers."""

    task: str
    model: str


class Model(msgspec.Struct, tag="model", array_like=True):
    """From the process: which model does a task from now on, or is refused; `state` and `error` as in messages.Model.

    `asked`: the name in the `Use` that this answers; empty: nobody asked.
    """

    task: str
    name: str
    state: str
    error: str = ""
    version: str = ""
    asked: str = ""
