"""The flight recorder: the last minutes of all that happened, kept in a folder, and played again."""
