"""The light show: a process that hears the newest sound and the beat, and sends DMX over the network."""
