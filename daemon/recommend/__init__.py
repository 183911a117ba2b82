"""What to play next, and why: from what tracks sound like, from what people played after what, and by a network.

Rows number the items of one `Catalogue`; ids are the library's and live as long as it. Everything here works on rows, the
borders (library, live, wire) translate. Scores and parts lie in [0, 1].
"""
