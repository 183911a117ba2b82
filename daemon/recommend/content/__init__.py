"""What fits by how it sounds and what it is called: named parts, each 0..1, of one weighted score.

One file a part: `tempo`, `camelot` (names of keys), `harmony`, `energy`, `timbre`, `loudness`, `words`; `transition` says
where to mix. `Content` is the family. Nothing needs a history, so a track that nobody ever played is found like any other.
"""
