"""`jamd ctl next`: the recommender, from a shell."""

from typing import Any

import click

from daemon.ctl.asking import asks

ANY = "any"


@click.group("next")
def next_() -> None:
    """The recommender: what could be played next, and what you want of it.

    \b
      jamd ctl next list -n 10
      jamd ctl next wish --energy up --tempo 122:128 --keys 8A,9A
      jamd ctl next wish --by "blue monday=01:00" --artist-once
      jamd ctl next played "blue monday"
      jamd ctl next accept 1
    """


@next_.command("list")
@click.option("-n", type=click.IntRange(1, 50), help="How many.")
@asks
def list_(n: int | None) -> dict[str, Any]:
    """What could be played next, and why."""
    return {"cmd": "next", "n": n}


@next_.command()
@asks
def show() -> dict[str, Any]:
    """The session, what is wished for, what plays."""
    return {"cmd": "next_show"}


@next_.command()
@click.option("--reset", is_flag=True, help="First all as the config says.")
@click.option("--energy", type=click.Choice(["up", "hold", "down"]))
@click.option("--tempo", help="Lowest and highest beats a minute, such as 122:128; or any.")
@click.option("--fader", "fader_percent", type=float, help="How far the pitch fader goes either way, in percent.")
@click.option("--keys", help='Such as 8A,9A or "A minor"; or any.')
@click.option("--genres", help="Any of these, such as house,techno; or any.")
@click.option("--kinds", help="Any of track, loop, clip, groove, preset.")
@click.option("--not-within", "not_within_h", type=float, help="Nothing that was played within so many hours.")
@click.option("--artist-once/--artist-again", default=None, help="No artist twice in a session.")
@click.option("--repeats/--no-repeats", default=None, help="What was played in the session may come again.")
@click.option("--by", multiple=True, help='Must be played until then: "WORDS=01:00"; or none. May be repeated.')
@click.option("--families", help="Who suggests: any of content,collaborative,deep.")
@click.option("--seed", type=int)
@asks
def wish(tempo: str | None, by: tuple[str, ...], reset: bool, **rest: Any) -> dict[str, Any]:
    """Change what is wished for; what is not given stays."""
    said: dict[str, Any] = {name: rest.pop(name) for name in ("keys", "genres", "kinds", "families")}
    asked: dict[str, Any] = {name: _list(value) for name, value in said.items() if value is not None}
    if tempo is not None:
        asked["tempo_bpm"] = [] if tempo == ANY else _range(tempo)
    if by:
        asked["by"] = {} if by == ("none",) else dict(_until(one) for one in by)
    return {"cmd": "next_wish", "reset": reset or None, **asked, **rest}


@next_.command()
@click.argument("item")
@asks
def played(item: str) -> dict[str, Any]:
    """ITEM plays now: its id, or words that find it."""
    return {"cmd": "next_played", **_item(item)}


def _verdict(name: str, says: str) -> None:
    @next_.command(name, help=says)
    @click.argument("item")
    @asks
    def command(item: str) -> dict[str, Any]:
        place = {"place": int(item)} if item.isdigit() and int(item) <= 50 else _item(item)
        return {"cmd": "next_verdict", "verdict": name, **place}


for _name, _says in (
    ("accept", "ITEM will be played: its place in the list, its id (#123), or words that find it."),
    ("skip", "Not ITEM, not now."),
    ("up", "ITEM was a good idea."),
    ("down", "ITEM was a bad idea."),
):
    _verdict(_name, _says)


def _item(said: str) -> dict[str, Any]:
    number = said.removeprefix("#")
    return {"id": int(number)} if number.isdigit() else {"words": said}


def _list(said: str) -> list[str]:
    return [] if said == ANY else [part.strip() for part in said.split(",") if part.strip()]


def _range(said: str) -> list[float]:
    try:
        low, high = (float(part) for part in said.split(":"))
    except ValueError:
        raise click.BadParameter(f"--tempo {said!r}: give two numbers such as 122:128, or any") from None
    return [low, high]


def _until(said: str) -> tuple[str, str]:
    item, equals, when = said.rpartition("=")
    if not equals or not item:
        raise click.BadParameter(f"--by {said!r}: give WORDS=HH:MM")
    return item.removeprefix("#"), when
