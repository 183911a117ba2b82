"""`jamd panic`: everything that sounds or shines ends now."""

import sys
from typing import Any

import click

from daemon.ctl.asking import ADDRESS
from daemon.options import with_key

ANSWER_MS = 1000
KILL = "pkill -9 -f 'jamd (run|jam|demo)'"


@click.command()
@click.option("--over", is_flag=True, help="It is over: lights that went to their safe look go on.")
@click.option("--address", default=ADDRESS, show_default=True, help="Where the daemon listens.")
@click.option("--json", "as_json", is_flag=True, help="The daemon's answer as one JSON line.")
@with_key
def panic(over: bool, address: str, as_json: bool, key: Any) -> None:
    """End every note on every MIDI port and channel, fade the sound in 10 ms, and make the lights safe.

    Sound is back by itself after a quarter of a second; lights stay safe until `jamd panic --over`. A MIDI mapping does the
    same (to = "panic"), and so do SIGTERM and OSC's /jamd/panic. A daemon that hangs or dies needs none: its processes
    end by themselves what it played.
    """
    import msgspec

    from daemon.ctl.client import CtlError, ask

    try:
        answer = ask(address, [{"cmd": "panic", "over": over}], answer_ms=ANSWER_MS, key=key)
    except CtlError as error:
        raise CtlError(f"{error}; to end it whatever it does: {KILL}") from None
    if as_json:
        click.echo(msgspec.json.encode(answer).decode())
        sys.exit(int("error" in answer))
    if "error" in answer:
        raise CtlError(f"{answer['error']['text']} ({answer['error']['code']})")
    result = answer["results"][0]
    if over:
        click.echo("it is over: the lights go on")
        return
    click.echo(f"notes off on 16 channels of {', '.join(result['midi']) or 'no MIDI output, for none is open'}")
    click.echo("sound faded in 10 ms, back in 250 ms" if result["sound"] == "faded" else "no engine runs: no sound")
    click.echo("lights safe until: jamd panic --over")
