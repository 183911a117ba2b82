"""Which item of the library sounds now: fingerprints, their index, and the recogniser that listens."""
