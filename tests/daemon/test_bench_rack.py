"""`jamd bench rack`: every row is there, and all of them play the same sound. How fast is not for a test to say."""

import importlib.util
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from daemon.bench import rack, rack_cost, rack_fire
from daemon.bench.peer import FORMATS, FOUR, INSTALL, vst3_path
from daemon.bench.peer import PeerError as Missing

SECONDS = 0.5


@pytest.fixture(scope="module")
def found() -> dict:
    try:
        vst3_path(FOUR[0])
    except Missing:
        pytest.skip(f"zam-plugins is not installed: {INSTALL}")
    command = [sys.executable, "-m", "daemon.cli", "bench", "rack", "--json", "--seconds", str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measured(rows: dict, label: str) -> bool:
    """Whether a row has figures; one that has none says what is to be installed."""
    row = rows[label]
    if "why" not in row:
        return True
    needs_compiler = label == "C loop, LV2" and shutil.which("cc") is None
    needs_pedalboard = label.startswith("pedalboard") and importlib.util.find_spec("pedalboard") is None
    assert needs_compiler or needs_pedalboard, row["why"]
    assert "install" in row["why"]
    return False


def test_the_tables_of_cost_are_complete_and_all_play_the_same(found) -> None:
    tables = found["cost"]
    chain = ["C loop, LV2", *(f"jamd, {label}" for label in FORMATS.values()), "pedalboard, VST3"]
    assert list(tables["four"]) == list(tables["light"]) == chain
    assert list(tables["single"]) == [chain[0], *(f"called as {label}" for label in FORMATS.values())]
    assert list(tables["rack"]) == list(rack_cost.GAINS.values())
    for name in rack.TITLES:
        for label, row in tables[name].items():
            if measured(tables[name], label):
                assert 0.0 < row["median_us"] <= row["p99_us"]
                assert row["ratio"] > 0.0
                assert row["apart"] == 0.0, f"{label} plays another sound"
    text = rack.cost_text(tables)
    assert all(label in text for name in rack.TITLES for label in tables[name])


@pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed: sudo apt install jackd2")
def test_the_table_under_fire_is_complete(found) -> None:
    if "fire" not in found:
        pytest.skip("jackd does not start with real-time priority here: see `jamd doctor`")
    rows = found["fire"]["rows"]
    assert list(rows) == list(rack_fire.WHICH.values())
    for label, loads in rows.items():
        if measured(rows, label):
            assert list(loads) == ["idle", "burning"]
            for row in loads.values():
                assert row["given"] > 0
                assert 0.0 < row["work_us"]["p50"] <= row["work_us"]["p99"] <= row["work_us"]["max"]
    text = rack.fire_text(found["fire"], SECONDS)
    assert all(label in text for label in rows)


def test_what_cannot_be_had_says_why() -> None:
    def missing() -> None:
        raise Missing("no")

    nothing = {name: {} for name in rack.TITLES} | {"machine": "this one"}
    table = rack_cost.in_turn({"C loop, LV2": missing}, np.zeros((2, 48000), np.float32), 0.1)
    assert table == {"C loop, LV2": {"why": "no"}}
    assert "not measured: no" in rack.cost_text(nothing | {"four": table})
