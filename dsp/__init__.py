"""jamd's signal arithmetic: streaming kernels in Numba. No threads, clocks, logs, files or sockets."""
