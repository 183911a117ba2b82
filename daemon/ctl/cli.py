"""The group of commands that is `jamd ctl`."""

import click

from daemon.ctl import build, clock, jam, lights, play, takes
from daemon.ctl.next import next_


@click.group()
def ctl() -> None:
    """Tell a running daemon what to do: the plugin rack from a shell.

    \b
    Look:
      jamd ctl list                          chains, plugins, snapshots
      jamd ctl plugins zam comp              what could be added
      jamd ctl info comp                     parameters with their values
    Play:
      jamd ctl load guitar                   a preset, without a gap
      jamd ctl set comp thr "-20 dB"         a parameter as the plugin writes it
      jamd ctl set comp thr 0.7 --normalised
      jamd ctl bypass comp                   on, and off again
      jamd ctl snapshot recall lead --morph 2
    Build:
      jamd ctl chain add vocal --input input:2
      jamd ctl add vocal zamcomp --name comp
      jamd ctl move comp --at 1
      jamd ctl learn comp thr                then move a control
      jamd ctl snapshot take loud
      jamd ctl save presets/mine.toml
    Play along:
      jamd ctl jam show                      the band: mode, tempo, parts
      jamd ctl jam mode trade --bars 4
    Keep time:
      jamd ctl clock show                    who says where the beat is
      jamd ctl clock tempo 126
      jamd ctl lights blackout               and go, safe, master
    Keep what just happened (`jamd run --record DIR`):
      jamd ctl take --minutes 2
    What to play next:
      jamd ctl next list                     suggestions, and why
      jamd ctl next wish --energy up

    \b
    All of a batch is done at one moment, or none of it:
      echo '[{"cmd": "bypass", "plugin": "comp", "on": true},
             {"cmd": "set", "plugin": "amp", "param": "gain", "text": "6"}]' | jamd ctl batch -
    """


for _command in (
    *(
        play.list_,
        play.plugins,
        play.info,
        play.get,
        play.set_,
        play.bypass,
        play.mix,
        play.program,
        play.revive,
        play.load,
        play.batch,
    ),
    *(
        build.side,
        build.add,
        build.remove,
        build.move,
        build.replace,
        build.save,
        build.learn,
        build.chain,
        build.snapshot,
        build.map_,
    ),
    jam.jam,
    clock.clock,
    lights.lights,
    next_,
    takes.take,
):
    ctl.add_command(_command)
