"""The deep family: a recurrent network that reads a session one track at a time, and says what it would like next.

`features` (an item as numbers and words) -> `model` (two graphs in ONNX Runtime: items to vectors, a step of the session) ->
`deep` (the family). Trained by `jamd train recommender`.
"""
