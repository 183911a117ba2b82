"""`jamd keys`: who may connect to the daemon from other machines."""

from pathlib import Path

import click

from daemon.errors import UserError


class KeysError(UserError):
    """A key that cannot be taken; the text is one line with the remedy."""


@click.group()
def keys() -> None:
    """Say who may connect to this machine's daemon from elsewhere, by CurveZMQ keys.

    \b
    Here:
      jamd keys new ann              makes a key for ann's machine, and allows it
      a config with [zmq] address = "tcp://0.0.0.0:5550", [control] address = "tcp://0.0.0.0:5551"
      jamd run --config that.toml
    There, with the file that was made:
      jamd listen --address tcp://HOST:5550 --key ann.key
      jamd ctl list --address tcp://HOST:5551 --key ann.key

    On this machine none is needed, unless the config says [zmq] curve = true. The list is read anew at each connection; a
    client that was refused does not try again by itself.
    """


@keys.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a key for NAME and allow it: a file that is theirs alone, with the daemon's public key in it."""
    from daemon.keyring import Keyring

    ring = Keyring()
    path = ring.new(name)
    click.echo(f"{path}\njamd: {name} may connect; take that file there, and keep it secret")


@keys.command()
@click.argument("key", metavar="PUBLICKEY|FILE")
@click.argument("name", required=False, default="")
def allow(key: str, name: str) -> None:
    """Allow a key that was made elsewhere: the PUBLICKEY itself, or a FILE that holds it (also one of zmq.auth's)."""
    from daemon.keyring import Keyring, is_key, read

    path = Path(key)
    if not is_key(key) and not path.exists():
        raise KeysError(f"{key!r} is neither a public key, which has 40 characters, nor a file")
    public = key if is_key(key) else read(path).public
    if not name and is_key(key):
        raise KeysError(f"give a name for that key: jamd keys allow '{key}' NAME")
    name = name or path.name.partition(".")[0]
    ring = Keyring()
    ring.allow(public, name)
    click.echo(f"{name} may connect; there: --server-key '{ring.server().public}'")


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_(as_json: bool) -> None:
    """Print who may connect, and the daemon's own public key."""
    import msgspec

    from daemon.keyring import Keyring

    ring = Keyring()
    allowed = {name: public for public, name in ring.allowed().items()}
    server = ring.server().public
    if as_json:
        click.echo(msgspec.json.encode({"server": server, "allowed": allowed, "folder": str(ring.folder)}))
        return
    for name, public in allowed.items():
        click.echo(f"{public}  {name}")
    if not allowed:
        click.echo("nobody may connect from elsewhere; `jamd keys new NAME` makes a key")
    click.echo(f"{server}  jamd itself: --server-key, where a key's file does not hold it")


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Refuse NAME from the next connection on; who is connected stays so until jamd is started anew."""
    from daemon.keyring import Keyring

    Keyring().revoke(name)
    click.echo(f"{name} is refused from now on; `jamd run` started anew ends a connection that there is")
