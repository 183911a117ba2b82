"""How good generated music is: what a program expects of music it has not seen, and what its phrases are like.

Nothing that runs live imports this.
"""
