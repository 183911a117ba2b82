"""`jamd osc`: the address tree."""

import click

from daemon.osc import addresses


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: sent and taken.")
def osc(as_json: bool) -> None:
    """Print the OSC addresses that jamd sends and takes.

    The config says where: [osc] outputs = ["127.0.0.1:7700"], input = "127.0.0.1:9000".
    """
    if as_json:
        import msgspec

        tables = {"sent": addresses.SENT, "taken": addresses.TAKEN}
        rows = {name: [row._asdict() for row in table] for name, table in tables.items()}  # type: ignore[attr-defined]
        click.echo(msgspec.json.encode(rows))
        return
    about = (addresses.__doc__ or "").partition("\n\n")[2].strip()
    click.echo(f"{about}\n\nSent, where osc.outputs in the config says:")
    for sent in addresses.SENT:
        twin = f" (in /jamd/unit: {sent.unit})" if sent.unit else ""
        click.echo(f"  {sent.address:26} {sent.how:6} {sent.says}{twin}")
    click.echo("\nTaken, where osc.input in the config says. A press is no argument, true, or a number above 0:")
    for taken in addresses.TAKEN:
        click.echo(f"  {taken.address:26} {taken.takes:24} {taken.does}")
