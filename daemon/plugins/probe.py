"""`python -m daemon.plugins.probe`: opens plugins that may do anything, in a process that may be lost.

Reads a `Task` a line on stdin and answers with lines of `Answer` on stdout, which no plugin can write to.
"""

import ctypes
import os
import sys
from typing import IO

import msgspec
import numpy as np

from daemon.child import die_with_parent
from daemon.plugins.call import CALL, MAX_PORTS
from daemon.plugins.plugin import Info, Plugin, PluginError
from dsp.kernel import zeros

RATE, BLOCK, BLOCKS = 48000.0, 64, 8


class Task(msgspec.Struct, array_like=True):
    """A file to probe; `names` are its plugins, where they are known or where only these are asked for."""

    format: str
    path: str
    names: list[str] | None = None


class Answer(msgspec.Struct, omit_defaults=True):
    """One of these at a time."""

    ready: bool = False  # for the first task
    names: list[str] | None = None  # what the file holds; each of them follows
    begun: str = ""  # a plugin's name: this is being opened
    info: Info | None = None  # it opened, and ran
    error: str = ""  # it did not; or, where nothing was begun, the file did not
    done: bool = False  # with the task


def names_of(task: Task) -> list[str]:
    """The names of the plugins in a file. Raises PluginError."""
    if task.names is not None:
        return task.names
    if task.format == "clap":
        from daemon.plugins.clap_file import clap_file

        return [f"clap:{plugin_id}" for plugin_id in clap_file(task.path).ids]
    return [f"{task.format}:{task.path}"]


def probe(name: str, path: str) -> Info:
    """Open a plugin, run some blocks of noise (and a note) through it, close it. Raises PluginError."""
    from daemon.plugins.catalogue import open_named

    plugin = open_named(name, path, RATE, BLOCK)
    try:
        run(plugin)
        return plugin.info
    finally:
        plugin.close()


def run(plugin: Plugin) -> None:
    """Some blocks."""
    record, process = zeros(CALL), ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(plugin.process)
    call = record[0]
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, (MAX_PORTS, BLOCK)).astype(np.float32)
    heard = np.zeros((MAX_PORTS, BLOCK), np.float32)
    call["n"], call["rate"] = BLOCK, RATE
    call["inputs"], call["outputs"] = [row.ctypes.data for row in sound], [row.ctypes.data for row in heard]
    for k in range(BLOCKS):
        call["n_midi"] = 1 if plugin.info.midi_in and k in (1, BLOCKS - 2) else 0
        call["midi"][0] = (0, 0, 0x90 if k == 1 else 0x80, 60, 64, 0)
        process(plugin.own, record.ctypes.data)
        call["sample_time"] += BLOCK


def serve(tasks: IO[bytes], answers: IO[bytes]) -> None:
    """Do tasks until there are no more."""

    def say(answer: Answer) -> None:
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()

    say(Answer(ready=True))
    for line in tasks:
        task = msgspec.json.decode(line, type=Task)
        try:
            names = names_of(task)
        except PluginError as error:
            say(Answer(error=str(error)))
            names = []
        else:
            say(Answer(names=names))
        for name in names:
            say(Answer(begun=name))
            try:
                info = probe(name, task.path)
            except PluginError as error:
                say(Answer(error=str(error)))
            else:
                say(Answer(info=info))
        say(Answer(done=True))


def main() -> None:
    die_with_parent()  # or one that hangs would outlive whoever asked
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from daemon.plugins import clap, minihost  # noqa: F401 what compiles, compiles before a plugin's time runs

    serve(sys.stdin.buffer, answers)
    sys.stdout.flush()
    os._exit(0)  # a plugin's leavings are not to be waited for


if __name__ == "__main__":
    main()
