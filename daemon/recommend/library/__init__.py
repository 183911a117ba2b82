"""The library: what there is to play, how it sounds, and what was played when, in one SQLite file."""
