"""Which events and messages belong to which of the analyses that a network may do."""

from dsp.hop import BEAT, CHORD, F0, KEY, NOTE_OFF, NOTE_ON, ONSET

KINDS = {
    "onset": (ONSET,),
    "beat": (BEAT,),
    "notes": (NOTE_ON, NOTE_OFF),
    "f0": (F0,),
    "chord": (CHORD,),
    "key": (KEY,),
}
"""analysis -> kinds of dsp.hop.EVENT."""

OF = {"note_on": "notes", "note_off": "notes", **{one: one for one in ("onset", "beat", "f0", "chord", "key")}}
"""type of message -> analysis."""
