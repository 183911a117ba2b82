"""Models as things: each with its card, checked before it is used, here or on a server elsewhere."""
