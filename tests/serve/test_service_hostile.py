"""Requests and files of chance to `jamd serve`: an answer or an error each, and the same processes in the end."""

import io
import re
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import REFUSALS
from tests.serve.service_stage import NOTES, RATE, Client, Serving, files


@pytest.fixture(scope="module")
def worker(serving: Serving) -> int:
    """As it is before all this."""
    serving.until(lambda: serving.worker)
    return serving.worker


WORDS = st.sampled_from(["analyse", "generate", "recommend", "models", "cancel", "list", "", "x"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    re.findall(
        r"\w+",
        "sound samples rate channels analysis dense notes midi tempo_bpm meter bars generators constraints style harmony "
        "seed plays n wishes dj id deadline_ms",
    )
)
SANE = st.fixed_dictionaries(
    {
        "notes": st.lists(
            st.fixed_dictionaries(
                {"beat": st.floats(0, 1e5), "beats": st.floats(0.01, 100), "midi": st.integers(0, 127)}
            ),
            max_size=4,
        )
    },
    optional={
        "tempo_bpm": st.floats(30, 300),
        "meter": st.sampled_from(["4/4", "6/8", "1/16", "16/2", "x", "0/4"]),
        "bars": st.integers(1, 16),
        "generators": st.lists(st.sampled_from(["motif", "markov"]), max_size=2),
        "style": st.text(max_size=6),
        "constraints": st.dictionaries(
            st.sampled_from(["key", "low", "high", "density", "seed", "chord"]), VALUES, max_size=2
        ),
        "seed": st.integers(-(2**63), 2**63 - 1),
    },
)
COMMANDS = st.builds(lambda word, fields: {**fields, "cmd": word}, WORDS, st.dictionaries(FIELDS, VALUES, max_size=3))
PHRASES = st.builds(lambda fields: {**fields, "cmd": "generate"}, SANE)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(batch=st.lists(COMMANDS | PHRASES, min_size=1, max_size=3), junk=st.binary(max_size=80))
def test_whatever_comes_is_answered(served: Client, worker: int, batch: list[dict[str, Any]], junk: bytes) -> None:
    batch = [
        {"deadline_ms": 20_000, **command} if command["cmd"] not in ("cancel", "list", "", "x") else command
        for command in batch
    ]
    answer = served.ask(*batch)
    assert ("error" in answer) != ("results" in answer)
    if "error" in answer:
        assert answer["error"]["code"] in set(REFUSALS) - {500, 504}, (batch, answer)
        assert "\n" not in answer["error"]["text"].strip()
    served.socket.send(junk)
    assert b"error" in served.next()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, 3000),
    at=st.integers(0, 200),
    some=st.binary(max_size=12),
    kind=st.sampled_from(["WAV", "FLAC", "OGG", "MIDI"]),
)
def test_damaged_files_are_refused_or_heard_as_far_as_they_go(
    served: Client, cut: int, at: int, some: bytes, kind: str
) -> None:
    if kind == "MIDI":
        whole = served.result("generate", notes=NOTES[:2], generators=["motif"], bars=1)["midi"]
    else:
        file = io.BytesIO()
        soundfile.write(file, np.sin(np.arange(2000) / 9).astype(np.float32), RATE, format=kind)
        whole = file.getvalue()
    damaged = (whole[:at] + some + whole[at + len(some) :])[:cut]
    command = (
        {"cmd": "generate", "midi": damaged, "generators": ["motif"]}
        if kind == "MIDI"
        else {"cmd": "analyse", "sound": damaged}
    )
    answer = served.ask(command)
    assert "results" in answer or answer["error"]["code"] in (413, 422), answer


def test_it_is_the_same_worker_with_nothing_left(serving: Serving, worker: int) -> None:
    assert serving.worker == worker
    assert files(serving.tmp) == []
