"""What the accompaniment hears: the player and the soloist of jamd's as one line, for it plays under both."""

import msgspec

from daemon.generate.context import Context
from daemon.generate.listening.listener import HEARD
from daemon.generate.note import MELODY, Played


def together(context: Context) -> Context:
    """The context with jamd's own melody as if it had been heard. [main]"""
    mine = [Played(*note) for note in context.own if note.part == MELODY]
    if not mine:
        return context
    heard = sorted([*context.heard, *mine], key=lambda note: (note.tick, note.pitch))[-HEARD:]
    since = context.heard[context.phrase].tick if context.phrase < len(context.heard) else context.tick
    return msgspec.structs.replace(
        context,
        heard=tuple(heard),
        phrase=next((i for i, note in enumerate(heard) if note.tick >= since), 0),
        own=tuple(note for note in context.own if note.part != MELODY),
    )
