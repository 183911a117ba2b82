"""Models as things: a folder each with its files and a card, checked before it is used, and chosen by task.

`contract` (what a task's graphs take and give) and `card` (what a model says of itself) -> `shelf` (which there are, and
which one is used) -> `check` and `opening` (one that can be run). What adds and removes them is `adding`.
"""
