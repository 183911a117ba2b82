"""Which analyses networks do, as the config says; and what a model for that must be."""

from pathlib import Path
from typing import Any

import pytest

from daemon import config, registry
from daemon.config import ConfigError
from daemon.hearing import pace
from daemon.models import card as cards
from daemon.models import writing
from daemon.models.card import ModelError
from daemon.models.contract import TASKS, Graph, Tensor, completed
from daemon.models.opening import open_folder, open_model
from dsp.activations import PITCH, RHYTHM
from dsp.spectrogram import BANDS, TONES
from tests.hearing import standin


def test_each_analysis_can_be_a_networks_and_the_engine_keeps_its_own() -> None:
    for analysis in registry.HEARS:
        chosen = config.parse({"analysis": {analysis: "neural"}})
        assert chosen.analysers() == config.Config().analysers()
        assert chosen.neural()[analysis] is True
    off = config.parse({"analysis": dict.fromkeys(registry.HEARS, "off")})
    assert off.neural() == {}
    assert config.parse({"analysis": {"onset": "aubio:hfc"}}).neural().get("onset") is None


def test_what_is_not_named_is_done_as_the_table_says(monkeypatch) -> None:
    monkeypatch.setattr(config, "BY_NETWORK", ("onset", "beat"))
    chosen = config.parse({"analysis": {"beat": "predictive", "key": "neural"}})
    assert chosen.neural() == {"key": True, "onset": False}
    assert set(registry.BY_NETWORK) <= set(registry.HEARS)


@pytest.mark.parametrize(
    ("analysis", "says"),
    [
        ({"level": "neural"}, "analysis.level: there is no 'neural'; choose one of bs1770, off"),
        ({"onset": "neuronal"}, "analysis.onset: there is no 'neuronal'; choose one of superflux, aubio:hfc"),
    ],
)
def test_a_name_that_is_none_is_refused(analysis: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        config.parse({"analysis": analysis})


def test_the_contract_is_what_dsp_is_built_on() -> None:
    rhythm, pitch = TASKS["hearing"]["rhythm"], TASKS["hearing"]["pitch"]
    assert rhythm.inputs == {"bands": Tensor((1, 1, 2, BANDS))}
    assert pitch.inputs == rhythm.inputs | {"tones": Tensor((1, 1, TONES))}
    for graph, row in ((rhythm, RHYTHM), (pitch, PITCH)):
        sizes = {name: (1, 1, *(row[name].shape or (1,))) for name in row.names or ()}
        assert {name: one.shape for name, one in graph.outputs.items()} == sizes
    assert set(registry.HEARS.values()) == {"rhythm", "pitch"} == set(TASKS["hearing"])


def test_a_graph_that_streams_has_the_state_that_it_likes() -> None:
    graph = TASKS["hearing"]["rhythm"]
    given = {
        "bands": Tensor((1, 1, 2, 64)),
        "state_0": Tensor((1, 7)),
        "state_1": Tensor((2, 3, 4)),
        "state_3": Tensor((1,)),
    }
    whole = completed(graph, given)
    assert list(whole.inputs) == ["bands", "state_0", "state_1"]
    assert list(whole.outputs) == ["onset", "beat", "state_0_next", "state_1_next"]
    assert whole.outputs["state_1_next"] == Tensor((2, 3, 4))
    assert completed(graph, {"state_0": Tensor(("time",))}).inputs == graph.inputs
    assert completed(Graph({}, {}), given) == Graph({}, {})


def open_state(values: dict[str, Any]) -> str:
    values["graphs"]["rhythm"]["inputs"]["state_0"]["shape"] = [1, "time", 2, 64]
    return "graphs.rhythm.inputs.state_0"


def without_next(values: dict[str, Any]) -> str:
    del values["graphs"]["pitch"]["outputs"]["state_1_next"]
    return "graphs.pitch.outputs.state_1_next: it is missing"


def other_bands(values: dict[str, Any]) -> str:
    values["graphs"]["rhythm"]["inputs"]["bands"]["shape"] = [1, 1, 2, 80]
    return "graphs.rhythm.inputs.bands"


def only_one(values: dict[str, Any]) -> str:
    del values["graphs"]["pitch"]
    return "graphs: hearing needs rhythm, pitch, but there is rhythm"


def another_size(values: dict[str, Any]) -> str:
    for side, name in (("inputs", "state_0"), ("outputs", "state_0_next")):
        values["graphs"]["pitch"][side][name]["shape"] = [1, 1, 89]
    return "it does not run"


@pytest.mark.parametrize("change", [open_state, without_next, other_bands, only_one, another_size])
def test_a_card_that_is_not_as_the_contract_is_refused(tmp_path: Path, change: Any) -> None:
    folder = standin.model(tmp_path)
    values = cards.tomllib.loads((folder / cards.CARD).read_text())
    assert cards.parse(values) == cards.read(folder)
    says = change(values)

    def opened() -> None:
        writing.write(cards.parse(values), folder)
        open_folder("hearing", folder, "x")

    with pytest.raises(ModelError, match=says):
        opened()


def test_a_model_elsewhere_is_refused() -> None:
    with pytest.raises(ModelError, match="hearing runs a hundred times a second, and so on this machine alone"):
        open_model("hearing", "kserve+grpc://127.0.0.1:1/hearing")


def test_a_model_of_more_frames_at_a_time_is_run_a_frame_at_a_time(tmp_path: Path) -> None:
    graphs = open_folder("hearing", standin.model(tmp_path), "x").graphs
    shapes = {one.name: one.shape for one in graphs["rhythm"].get_inputs()}  # type: ignore[attr-defined]
    assert shapes["bands"] == [1, 1, 2, 64]


# What a machine keeps up with.


@pytest.mark.parametrize(
    ("costs", "chosen"),
    [
        ({"rhythm": 0.5, "pitch": 1.0}, ["onset", "beat", "f0"]),
        ({"rhythm": 0.5, "pitch": 3.0}, ["onset", "beat"]),
        ({"rhythm": 3.0, "pitch": 1.0}, ["f0"]),
        ({"rhythm": 3.0, "pitch": 3.0}, []),
        ({"rhythm": 0.5, "pitch": 1.0, "spread": 10.0}, []),
    ],
)
def test_of_what_may_be_heard_that_which_fits_is(monkeypatch, costs: dict[str, float], chosen: list[str]) -> None:
    def measured(analyses: list[str], graphs: object) -> pace.Cost:
        mean = sum(costs[name] for name in {registry.HEARS[one] for one in analyses})
        return pace.Cost(mean, mean + costs.get("spread", 0.5))

    monkeypatch.setattr(pace, "measured", measured)
    monkeypatch.setattr(pace, "PAUSE_S", 0.0)
    found, cost, of_all = pace.kept_up_with(["onset", "beat", "f0"], [], {})
    assert found == chosen
    assert of_all.mean_ms == costs["rhythm"] + costs["pitch"]
    assert cost.fits == bool(chosen)
    assert f"{cost.mean_ms:.1f} ms of 10 for a frame, p99 {cost.p99_ms:.1f}" == str(cost)
