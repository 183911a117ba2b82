"""Training the recommender: the sets it is shown, the session network, the weights of the blend.

Learn on `train`, choose on `dev`, judge on `test`, once.
"""
