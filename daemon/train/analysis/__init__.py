"""Training of the networks that hear: scores are arranged, played by sound fonts, spoilt, and learnt from.

A piece's way: `reading` (collections to `scores`) -> `arrange` (an excerpt of it for some instruments) -> `synth` and
`singing` and, where there are synth plugins, `plugged` (sound) -> `corpus` (files with labels).
"""

ABLATIONS = ("augmentation", "window", "size")
"""What they can be fitted without, to see what it brings: what spoils the sound; the shortest window; half the widths."""
