"""`jamd find`: who announces itself on the network."""

import sys

import click

from daemon.options import SECONDS


@click.command()
@click.option("--seconds", type=SECONDS, default=2.0, show_default=True, help="How long to listen.")
@click.option("--here", is_flag=True, help="On this machine only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def find(seconds: float, here: bool, as_json: bool) -> None:
    """List the daemons on the local network whose config says [zmq] announce = true."""
    import msgspec

    from daemon import announce
    from daemon.messages import VERSION

    found = announce.find(seconds, here)
    if as_json:
        click.echo(msgspec.json.encode([one._asdict() for one in found]))
        return
    for one in found:
        places = [f"{name} {where}" for name, where in zip(one._fields[2:5], one[2:5], strict=True) if where]
        other = "" if one.wire == VERSION else f"  wire {one.wire}, and this jamd has {VERSION}"
        click.echo(f"{one.name}  {'  '.join(places)}{'  needs --key' if one.needs_key else ''}{other}")
    if not found:
        click.echo("jamd: nobody answers; a daemon does whose config says [zmq] announce = true", err=True)
        sys.exit(1)
