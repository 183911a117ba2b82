"""What `jamd next` does: a live view with single keys, one list of a running daemon, or one from the library alone."""

import sys
import time
from pathlib import Path

import click
import msgspec
import zmq

from daemon import messages as m
from daemon.ctl.asker import Asker
from daemon.ctl.client import ask
from daemon.errors import UserError
from daemon.keyring import Key
from daemon.keys import Keys
from daemon.listen import decode, subscribe
from daemon.outputs.next_view import FAMILIES, NextView

KINDS = ("playing", "suggestions", "session", "recommender")
HELP = " 1-5 play it  s skip  +- thumbs  up/down choose  u h d energy  c content  p people  n network  q end"
ENERGY = {"u": "up", "h": "hold", "d": "down"}
TOGGLES = dict(zip("cpn", FAMILIES, strict=True))
ARROWS = {"\x1b[A": "k", "\x1b[B": "j", "\x1bOA": "k", "\x1bOB": "j"}
QUIET_S = 3.0  # without a word before that is said


class NextError(UserError):
    """Nothing can be suggested; the text is one line with the remedy."""


def after(words: str, library: Path | None, n: int, as_json: bool) -> int:
    """One list from the library alone. Raises UserError."""
    from daemon.recommend.library.database import default_path
    from daemon.recommend.library.store import Library
    from daemon.recommend.live import finding, shelf, suggesting
    from daemon.recommend.live.keeper import Play
    from daemon.recommend.session import Wishes

    path, now = library or default_path(), time.time()
    with Library.open(path, read_only=True) as opened, opened.database.reading() as connection:
        number = int(words[1:]) if words[:1] == "#" and words[1:].isdigit() else finding.by_words(connection, words)
    read = shelf.read(path, 0, FAMILIES, 0)
    if number not in read.catalogue.rows:
        raise NextError(f"there is no item #{number} in {path}; `jamd library search WORDS` finds its number")
    session = suggesting.session(read.catalogue, [Play(number, now, "told")], {}, now)
    items, ms = suggesting.suggest(read, session, Wishes(), n)
    item = read.catalogue.items[read.catalogue.rows[number]]
    playing = m.Playing(
        item_id=number,
        title=suggesting.title(item),
        artist=item.artist,
        duration_s=item.profile.duration_s or 0.0,
        tempo_bpm=item.profile.tempo_bpm or 0.0,
        key=suggesting.camelot(item.profile.key) if item.profile.key >= 0 else "",
    )
    name = suggesting.name(item)
    found = m.Suggestions(
        session_id=0, after_id=number, after=name, items=items, why="asked", families=list(FAMILIES), ms=ms
    )
    _print(playing, found, as_json)
    return 0


def once(control: str, n: int, as_json: bool, key: Key | None = None) -> int:
    """One list of a running daemon. Raises UserError."""
    answer = ask(control, [{"cmd": "next", "n": n}, {"cmd": "next_show"}], key=key)
    if "error" in answer:
        raise NextError(f"{answer['error']['text']} ({answer['error']['code']})")
    found, show = answer["results"]
    wishes = show["session"]["wishes"]
    given = {"why": "asked", "families": wishes["families"], "energy": wishes["energy"]}
    _print(msgspec.convert(show["playing"], m.Playing), msgspec.convert({**found, **given}, m.Suggestions), as_json)
    return 0


def _print(playing: m.Playing, found: m.Suggestions, as_json: bool) -> None:
    if as_json:
        envelope = ("type", *m.Message.__struct_fields__)
        plain = [msgspec.to_builtins(message) for message in (playing, found)]
        one, two = ({name: value for name, value in some.items() if name not in envelope} for some in plain)
        sys.stdout.write(msgspec.json.encode({"playing": one, **two}).decode() + "\n")
        return
    view = NextView("jamd next", "")
    view.take(playing)
    view.take(found)
    width = view.console.width
    view.console.print(view.frame(width, 4 * len(found.items) + 8), soft_wrap=True, highlight=False)


def watch(address: str, control: str, as_json: bool, key: Key | None = None) -> int:
    """The live view until q or Ctrl-C; with `as_json`, or where there is no terminal, a line a message."""
    socket = subscribe(address, [m.topic(kind) for kind in KINDS], key)
    with Keys() as keys, NextView("jamd next", HELP if keys.are_read else "") as view, Asker(control, key) as asker:
        heard_at = time.monotonic()
        try:
            while True:
                if socket.poll(50):
                    heard_at = _take(socket, view, as_json)
                elif time.monotonic() - heard_at > QUIET_S and view.suggestions is None:
                    view.news = f"nothing heard on {address}; is `jamd run` running, and has it a library?"
                    if as_json or not view.is_live:
                        click.echo(f"jamd: {view.news}", err=True)
                        heard_at = time.monotonic() + 60.0
                said = asker.answered()
                view.news = view.news if said is None else said
                for pressed in _keys(keys.pressed()):
                    if pressed == "q":
                        return 0
                    order(pressed, view, asker)
                if not as_json:
                    view.render()
        except KeyboardInterrupt:
            return 0


def _take(socket: zmq.Socket, view: NextView, as_json: bool) -> float:
    """All that has come; gives the time."""
    while socket.poll(0):
        try:
            message = decode(socket.recv_multipart())
        except (ValueError, LookupError):
            continue
        if message is None:
            continue
        view.take(message)
        if as_json:
            click.echo(msgspec.json.encode(m.plain(message) if message.rate else message))
        elif not view.is_live and isinstance(message, m.Suggestions):
            view.console.print(view.frame(view.console.width, 40), soft_wrap=True, highlight=False)
    return time.monotonic()


def _keys(pressed: str) -> str:
    for arrow, key in ARROWS.items():
        pressed = pressed.replace(arrow, key)
    return pressed


def order(key: str, view: NextView, asker: Asker) -> None:
    """Do what a key means."""
    items = view.items
    if key in "jk":
        view.choose(1 if key == "j" else -1)
    elif key.isdigit() and 0 < int(key) <= len(items):
        view.chosen = int(key) - 1
        item = items[view.chosen]
        if item.verdict == 0.5:
            view.done = f"it plays: {item.title}"
            asker.ask({"cmd": "next_played", "id": item.id})
        else:
            view.done = f"you will play {item.title}; {key} again when it plays"
            asker.ask({"cmd": "next_verdict", "verdict": "accept", "id": item.id})
    elif key in "s+-" and items:
        item = items[view.chosen]
        verdict = {"s": "skip", "+": "up", "-": "down"}[key]
        view.done = f"{verdict}: {item.title}"
        asker.ask({"cmd": "next_verdict", "verdict": verdict, "id": item.id})
    elif key in ENERGY:
        view.done = f"energy {ENERGY[key]}"
        asker.ask({"cmd": "next_wish", "energy": ENERGY[key]})
    elif key in TOGGLES:
        family = TOGGLES[key]
        now = [one for one in FAMILIES if (one in view.families) != (one == family)]
        if not now:
            view.done = "one of them must suggest"
            return
        view.done = f"{family} {'on' if family in now else 'off'}"
        asker.ask({"cmd": "next_wish", "families": now})
