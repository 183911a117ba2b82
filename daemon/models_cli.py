"""`jamd models`: which trained models there are, and which one does a task."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.ctl.asking import ADDRESS
from daemon.errors import UserError
from daemon.options import FILE, with_key

if TYPE_CHECKING:
    from daemon.keyring import Key

READY_MS = 70_000  # for another model to be made ready beside the one that plays


class UseError(UserError):
    """The daemon will not use that model."""


@click.group()
def models() -> None:
    """See what jamd's trained models are, and put your own in their place.

    \b
    Each does one task:
      phrase    which note comes next, where generator = "neural"
      harmony   which chords come next, where the harmony is "neural"
      next      what to play next, in `jamd next`
    A model is a folder with its files and card.toml, which says what it is, what it learned from, under which licence,
    what it takes and gives, and the hash of every file. Copy jamd's own to begin yours (`jamd models info phrase` says
    where it lies), give the card another name, and export your graphs with the same inputs and outputs:

    \b
      jamd models list
      jamd models add my-phrase/        checked whole, then copied to ~/.local/share/jamd/models
      jamd models use phrase my-phrase  a running daemon plays on, and takes it between two phrases
      jamd models use phrase            jamd's own again

    A config's [models] table, or JAMD_MODEL_PHRASE=NAME for one command, comes before what `use` keeps. NAME can also be
    a model on a server of the Open Inference Protocol: kserve+grpc://HOST:PORT/NAME.
    """


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, all of each card.")
def list_(as_json: bool) -> None:
    """Print every model; * marks those that are used."""
    from daemon.models import shelf

    for one in shelf.listing():
        if as_json:
            _json(one)
            continue
        mark = "*" if one["used"] else " "
        about = one["error"] or one.get("about", "on a server, the local one beside it").partition(":")[0]
        line = f"{mark} {one['task']:8} {one['name']:20} {one.get('version', ''):8} {about}"
        click.echo(line.rstrip())


@models.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: all of the card.")
def info(name: str, as_json: bool) -> None:
    """Print NAME's card, and whether its files are as the card says."""
    from daemon.models import check, shelf
    from daemon.models.card import ModelError

    card, folder = shelf.card_of(name)
    damage = ""
    try:
        check.files(card, folder)
    except ModelError as error:
        damage = str(error)
    if as_json:
        import msgspec

        _json({**msgspec.to_builtins(card), "folder": str(folder), "damage": damage})
        return
    click.echo(f"{card.name} {card.version}: {card.about}")
    click.echo(f"task     {card.task}\nlicence  {card.licence}\nfolder   {folder}")
    click.echo(f"files    {len(card.files)}, {sum(one.bytes for one in card.files.values()) / 1e6:.1f} MB")
    for graph, one in card.graphs.items():
        sides = (
            ", ".join(f"{key} {_shape(it.shape)}" for key, it in side.items()) for side in (one.inputs, one.outputs)
        )
        click.echo(f"graph    {graph} ({one.file}): {' -> '.join(sides)}")
    for data in card.data:
        click.echo(f"learned  from {data.name}{f' ({data.what})' if data.what else ''}: {data.licence}")
    for figure in card.figures:
        click.echo(f"figure   {figure.name} {figure.value:g} {figure.unit}".rstrip() + f", {figure.on}")
    for key, text in (("made by", card.made_by), ("weak", card.weak), ("damaged", damage)):
        if text:
            click.echo(f"{key:8} {text}")


@models.command()
@click.argument("path", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def add(path: Path, as_json: bool) -> None:
    """Copy a model to the shelf: PATH is its folder, or a .zip or .tar of one.

    Its card, the hash of every file and the shapes of its graphs are checked, and each graph is run once, before it is
    there. It is not used until you say so: jamd models use TASK NAME.
    """
    from daemon.models import adding

    adding.tidy()
    done = adding.add(path)
    if as_json:
        _json({"name": done.card.name, "task": done.card.task, "folder": str(done.folder), "left_out": done.left_out})
        return
    click.echo(f"{done.folder}\njamd: `jamd models use {done.card.task} {done.card.name}` has it played", err=False)
    if done.left_out:
        click.echo(f"jamd: left out, as its card does not list it: {', '.join(done.left_out)}", err=True)


@models.command()
@click.argument("task")
@click.argument("name", default="")
@click.option("--address", default=ADDRESS, show_default=True, help="The running daemon's control socket.")
@with_key
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def use(task: str, name: str, address: str, key: "Key | None", as_json: bool) -> None:
    """Have TASK (phrase, harmony, next, hearing) done by the model NAME from now on; without NAME by jamd's own.

    A running daemon takes it between two phrases, once it has been loaded and checked there; refused, what played goes
    on. jamd's own for `next` is what `jamd train recommender` learnt from your library, where there is that.
    """
    from daemon.ctl.client import CtlError, ask
    from daemon.models import shelf
    from daemon.models.opening import open_model

    opened = open_model(task, name or shelf.OWN)
    found: dict[str, Any] = {"task": task, "model": opened.name, "version": opened.card.version, "state": "kept"}
    news = f"no daemon answers at {address}; it counts from the next start"
    try:
        answer = ask(address, [{"cmd": "model_use", "task": task, "model": name}], answer_ms=READY_MS, key=key)
    except CtlError as error:
        if "no daemon answers" not in str(error):
            raise
    else:
        if "error" in answer:
            raise UseError(f"the daemon goes on as before: {answer['error']['text']} ({answer['error']['code']})")
        found = answer["results"][0]
        news = "the daemon takes it when it first needs it" if found["state"] == "waiting" else "the daemon uses it"
    shelf.use(task, name)
    if as_json:
        _json(found)
        return
    click.echo(f"{task}: {found['model']} {found['version']}".rstrip() + f"\njamd: {news}")


@models.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the model NAME off the shelf, and delete its files; one that is used, and jamd's own, stay."""
    from daemon.models import adding

    click.echo(adding.remove(name))


def _shape(shape: list[int | str]) -> str:
    return "x".join(map(str, shape))


def _json(value: Any) -> None:
    import msgspec

    click.echo(msgspec.json.encode(value).decode())
