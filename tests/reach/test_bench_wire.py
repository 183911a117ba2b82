"""`jamd bench wire` at its smallest, without an engine: who reads is counted, who has stopped is not waited for."""

from daemon.bench import wire, wire_rows
from daemon.engine import state as st
from dsp.kernel import zeros


def test_a_row_says_what_became_of_every_message() -> None:
    row = wire_rows.measure(zeros(st.STATE), readers=3, with_bad=True, curve=True, seconds=0.5)
    assert row["sent"] % 4 == 0
    assert row["sent"] > 100
    assert row["lost"] == 0
    assert row["drops"] >= 1, "the stopped one has lost some"
    assert 0.0 < row["p50_us"] <= row["p99_us"] <= row["max_us"]
    assert row["flat_out_per_s"] > row["per_s"]
    row |= {"driver": "JACK", "readers": 3, "beside": "one stopped, one slow", "curve": True}
    assert len(wire.text(row).split()) == len(wire.HEADS) + len(wire.ENGINE_HEADS) + 3, "four words are in one column"
