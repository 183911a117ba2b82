"""Training: makes the sound that the shipped weights are fitted to, and fits them. Floor: nothing that runs live needs it.

A piece's way: `pieces` (what is played, from symbolic music or by chance) -> `render` or `voice` (sound) -> `onset` (the
engine's own features, targets, the fit). Everything is drawn from one seed per piece.
"""
