"""Player and soloist as one line."""

from daemon.generate.context import Context
from daemon.generate.live.together import together
from daemon.generate.note import BASS, MELODY, Note, Played


def test_the_solo_is_heard_where_it_falls_and_the_rest_stays_jamds_own() -> None:
    heard = (Played(0, 24, 60, 80, MELODY), Played(24, 24, 62, 80, MELODY), Played(192, 24, 64, 80, MELODY))
    own = (Note(96, 24, 67, 70, MELODY), Note(96, 96, 36, 70, BASS))
    context = Context(tick=216, heard=heard, phrase=2, own=own)
    both = together(context)
    assert [(note.tick, note.pitch) for note in both.heard] == [(0, 60), (24, 62), (96, 67), (192, 64)]
    assert both.heard[both.phrase].tick == 192
    assert both.own == own[1:]


def test_without_a_solo_nothing_changes() -> None:
    context = Context(tick=96, own=(Note(0, 96, 36, 70, BASS),))
    assert together(context) is context
