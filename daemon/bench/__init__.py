"""`jamd bench engine`: tables of cost, steadiness and latency, each beside a peer in the same run."""
