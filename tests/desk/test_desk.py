"""The desk: commands to orders, and the document said again to each engine; here the engine is a test's own."""

import os
import threading
import time
from pathlib import Path

import msgspec
import pytest

from daemon import messages as m
from daemon.desk import commands
from daemon.desk import desk as desk_module
from daemon.desk.commands import looks
from daemon.desk.commands.params import Bypass
from daemon.desk.commands.params import Set as SetParam
from daemon.desk.commands.plugins import Add
from daemon.rack.protocol import FOR_GOOD, News, Order, Set
from daemon.rack.way import Way
from tests.desk.engine_end import EngineEnd, Rig

CHAIN = {"cmd": "chain_add", "chain": "guitar"}
COMP = {"cmd": "add", "chain": "guitar", "plugin": "comp", "name": "comp"}


@pytest.fixture
def rig():
    made = Rig()
    made.start()
    made.do(CHAIN, COMP)
    made.said.clear()
    yield made
    made.desk.close()


def uid(rig: Rig, name: str = "comp") -> int:
    return next(slot.uid for _, slot in rig.desk.book.document.slots() if slot.name == name)


def test_a_plugin_without_a_name_is_called_after_its_title(rig: Rig) -> None:
    add = {"cmd": "add", "chain": "guitar", "plugin": "comp"}
    assert [result["plugin"] for result in rig.do(add, add)] == ["fake-comp", "fake-comp-2"]


def test_every_change_is_published_once_and_reaches_the_engine(rig: Rig) -> None:
    batch = (
        {"cmd": "set", "plugin": "comp", "param": "thr", "text": "-20 dB"},
        {"cmd": "bypass", "plugin": "comp", "on": True},
        {"cmd": "mix", "plugin": "comp", "mix": 0.5},
        {"cmd": "chain_set", "chain": "guitar", "gain_db": -6.0},
    )
    results = rig.do(*batch)
    assert results[0] == {"plugin": "comp", "param": "thr", "value": 0.8, "text": "-20.0 dB"}
    assert [(one.param, one.value, one.text, one.origin) for one in rig.heard(m.PluginParam)] == [
        ("thr", 0.8, "-20.0 dB", "ctl")
    ]
    assert [(one.kind, one.values) for one in rig.heard(m.Rack)] == [
        ("bypass", {"on": True}),
        ("mix", {"mix": 0.5}),
        ("chain", {"gain_db": -6.0}),
    ]
    order = next(order for order in rig.engine.orders if order.sets)
    assert order.sets == [Set(uid(rig), "thr", 0.8)]
    (chain,) = order.document.chains
    assert (chain.gain_db, chain.plugins[0].bypass, chain.plugins[0].mix) == (-6.0, True, 0.5), "all in one order"
    (state,) = rig.heard(m.RackState)
    assert state.chains[0].plugins[0].bypass


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ({"cmd": "bypass", "plugin": "cmop"}, 404, "there is no plugin 'cmop' in the rack; did you mean 'comp'?"),
        ({"cmd": "set", "plugin": "comp", "param": "thrr", "value": 0.5}, 404, "did you mean 'thr'"),
        (
            {"cmd": "set", "plugin": "comp", "param": "thr", "text": "loud"},
            422,
            "comp: thr = 'loud': loud means nothing",
        ),
        ({"cmd": "set", "plugin": "comp", "param": "thr"}, 422, "give one of value, text and step"),
        ({"cmd": "chain_set", "chain": "guitar", "to": "nowhere"}, 409, "there is no chain 'nowhere'"),
        ({"cmd": "chain_set", "chain": "guitar", "to": "guitar"}, 409, "sends to itself"),
        ({"cmd": "add", "chain": "guitar", "plugin": "none"}, 404, "there is no plugin 'none'"),
        ({"cmd": "add", "chain": "guitar", "plugin": "broken", "name": "comp"}, 404, ""),
        ({"cmd": "add", "chain": "guitar", "plugin": "fake:broken"}, 422, "fake:broken is broken"),
        ({"cmd": "add", "chain": "guitar", "plugin": "comp", "name": "comp"}, 409, "already"),
        ({"cmd": "snapshot", "snapshot": "x"}, 404, "there is no snapshot 'x'; there is none"),
        ({"cmd": "program", "plugin": "comp", "program": 3}, 404, "there is no program 3"),
        ({"cmd": "revive", "plugin": "comp"}, 409, "neither quarantined nor failed"),
        ({"cmd": "load", "preset": "nosuch"}, 404, "there is no preset 'nosuch'"),
        ({"cmd": "save"}, 422, "in no file yet"),
        ({"cmd": "map_remove", "number": 1}, 404, "there is no mapping 1"),
        ({"cmd": "snapshot_take", "name": "12"}, 422, "give a name with a letter"),
    ],
)
def test_a_batch_with_one_bad_command_changes_nothing(rig: Rig, command, code: int, text: str) -> None:
    before, values = msgspec.json.encode(rig.desk.book.document), dict(rig.engine.values[uid(rig)])
    turned = {"cmd": "set", "plugin": "comp", "param": "thr", "value": 0.9}
    answer = rig.ask({"cmd": "bypass", "plugin": "comp"}, turned, command)
    error = answer["error"]
    assert (error["code"], text in error["text"]) == (code, True), error
    assert error.get("at", 2) == 2
    assert msgspec.json.encode(rig.desk.book.document) == before
    assert rig.engine.values == {uid(rig): values}, "and the engine has taken it back"
    assert not rig.heard(m.PluginParam)
    assert not rig.heard(m.Rack)


def test_check_does_nothing(rig: Rig) -> None:
    orders = len(rig.engine.orders)
    answer = rig.ask({"cmd": "bypass", "plugin": "comp", "on": True}, check=True)
    assert answer == {"ok": True, "results": [{"plugin": "comp", "on": True}]}
    assert rig.ask({"cmd": "bypass", "plugin": "nope"}, check=True)["error"]["code"] == 404
    assert len(rig.engine.orders) == orders
    assert not rig.desk.book.document.chains[0].plugins[0].bypass


def test_steps_are_a_hundredth_or_one_of_the_values(rig: Rig) -> None:
    def step(param: str, by: float) -> float:
        return rig.do({"cmd": "set", "plugin": "comp", "param": param, "step": by})[0]["value"]

    assert step("thr", -2) == pytest.approx(0.48)
    assert [step("mode", 1) for _ in range(3)] == [0.5, 1.0, 1.0]
    assert rig.do({"cmd": "set", "plugin": "comp", "param": "Threshold", "value": 0.1})[0]["param"] == "thr"


def test_without_an_engine_changes_wait_in_the_document(rig: Rig) -> None:
    rig.die()
    results = rig.do(
        {"cmd": "set", "plugin": "comp", "param": "thr", "value": 0.9},
        {"cmd": "bypass", "plugin": "comp", "on": True},
        {"cmd": "add", "chain": "guitar", "plugin": "comp", "name": "two"},
    )
    assert len(results) == 3
    assert rig.heard(m.PluginParam)[0].value == 0.9
    engine = rig.start()
    assert engine.values[uid(rig)]["thr"] == 0.9
    assert engine.orders[0].document.chains[0].plugins[0].bypass
    assert uid(rig, "two") in engine.values


def test_what_only_an_engine_knows_is_refused_without_one(rig: Rig, monkeypatch) -> None:
    rig.die()
    answers = []
    monkeypatch.setattr(desk_module, "NO_ENGINE_S", 0.05)
    rig.desk.submit([SetParam("comp", "thr", text="-3 dB")], answers.append)
    rig.settle()
    assert answers == [], "it may be back at once"
    time.sleep(0.1)
    rig.settle()
    assert answers[0]["error"]["code"] == 503


def test_a_restarted_engine_is_told_the_values_and_the_newest_states(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr(desk_module, "AUTOSAVE_S", 0.0)
    rig.do({"cmd": "set", "plugin": "comp", "param": "thr", "value": 0.9})
    assert rig.engine.orders[-1].save, "states are saved when nothing is to be done"
    monkeypatch.setattr(desk_module, "AUTOSAVE_S", 60.0)
    rig.do({"cmd": "set", "plugin": "comp", "param": "mode", "value": 1.0})
    rig.die()
    slot = rig.start().orders[0].document.chains[0].plugins[0]
    assert msgspec.json.decode(Path(slot.state).read_bytes()) == {"thr": 0.9, "mode": 0.0}
    assert slot.params == {"mode": 1.0}, "what has changed since"


def test_a_busy_engine_blocks_nothing_and_only_the_newest_value_waits(rig: Rig) -> None:
    number = uid(rig)
    for k in range(10_000):
        rig.desk.turn_knob(number, "thr", k / 10_000, "midi")
    answers = []
    for _ in range(desk_module.QUEUE + 10):
        rig.desk.submit([Bypass("comp")], answers.append)
    assert [one["error"]["code"] for one in answers] == [429] * 10
    before = len(rig.engine.orders)
    while len(answers) < desk_module.QUEUE + 10:
        rig.settle()
    assert len(rig.engine.orders) - before < desk_module.QUEUE + 20
    assert rig.engine.values[number]["thr"] == 0.9999
    assert sum("ok" in one for one in answers) == desk_module.QUEUE


def test_what_a_plugin_changes_itself_is_published(rig: Rig) -> None:
    rig.engine.say(News(changed=[Set(uid(rig), "thr", 0.25)]))
    rig.settle()
    (said,) = rig.heard(m.PluginParam)
    assert (said.param, said.value, said.origin) == ("thr", 0.25, "plugin")
    assert rig.do({"cmd": "get", "plugin": "comp", "param": "thr"})[0]["params"][0]["value"] == 0.25


def test_the_one_at_fault_is_named_and_left_out_after_three_deaths(rig: Rig) -> None:
    number = uid(rig)
    for death in range(3):
        assert rig.die(slot=number)
        faults = rig.heard(m.PluginFault)
        assert [one.state for one in faults] == ["died"] if death < 2 else ["died", "quarantined"]
        assert all((one.plugin, one.chain, one.uid) == ("comp", "guitar", number) for one in faults)
        engine = rig.start()
        back = [one.state for one in rig.heard(m.PluginFault)]
        assert back == (["back"] if death < 2 else [])
    assert engine.values == {}, "the engine is not told of it"
    state = rig.do({"cmd": "list"})[0]["chains"][0]["plugins"][0]
    assert state["state"] == "quarantined"
    assert "jamd ctl revive comp" in faults[-1].error
    assert rig.do({"cmd": "revive", "plugin": "comp"}) == [{"plugins": ["comp"]}]
    assert list(engine.values) == [uid(rig)] != [number]
    assert rig.desk.book.state_of(uid(rig)) == "on"


def test_one_that_dies_in_its_opening_is_left_out_at_once(rig: Rig) -> None:
    assert rig.die(opening=uid(rig))
    assert [one.state for one in rig.heard(m.PluginFault)] == ["died", "quarantined"]
    assert rig.start().values == {}


def test_before_any_engine_has_run_the_one_at_fault_is_left_out_at_once(rig: Rig) -> None:
    assert rig.die(slot=uid(rig), has_run=False)
    assert [one.state for one in rig.heard(m.PluginFault)] == ["died", "quarantined"]


def test_a_death_by_nobodys_fault_leaves_nobody_out(rig: Rig) -> None:
    for _ in range(5):
        assert not rig.die()
        rig.start()
    assert rig.heard(m.PluginFault) == []


def test_a_plugin_that_takes_the_engine_along_when_added_is_not_added(rig: Rig) -> None:
    answers = []
    rig.desk.submit([Add("guitar", "comp", name="bomb")], answers.append)
    order = msgspec.msgpack.decode(rig.engine.far.recv_bytes(), type=Order)
    bomb = order.document.chains[0].plugins[-1].uid
    rig.die(opening=bomb)
    assert answers[0]["error"] == {
        "code": 422,
        "text": "the engine died while the plugin was opened; it is not added",
        "at": 0,
    }
    assert len(rig.start().values) == 1


def test_a_batch_under_way_when_the_engine_dies_is_kept(rig: Rig) -> None:
    answers = []
    rig.desk.submit([Bypass("comp", True)], answers.append)
    rig.die()
    assert answers[0]["ok"]
    assert rig.start().orders[0].document.chains[0].plugins[0].bypass


def test_a_defect_in_a_command_is_an_answer(rig: Rig, monkeypatch, capsys) -> None:
    monkeypatch.setitem(commands.COMMANDS, looks.List, lambda draft, c: 1 / 0)
    assert rig.ask({"cmd": "list"})["error"]["code"] == 500
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_way_takes_messages_of_any_size_and_never_waits() -> None:
    end = EngineEnd()
    way = Way(end.near)
    big = os.urandom(3_000_000)
    way.say(big)
    way.say(b"next")
    assert way.is_full, "nobody reads yet"
    reader = threading.Thread(target=lambda: end.far.send_bytes(end.far.recv_bytes()))
    reader.start()
    found: list[bytes] = []
    ends_at = time.monotonic() + 20
    while not found and time.monotonic() < ends_at:
        way.flush()
        found = way.read()
    reader.join()
    (got,) = found
    assert got == big
    assert end.far.recv_bytes() == b"next"
    end.far.close()
    way.say(b"gone")
    assert way.read() == []
    assert not way.is_open
    way.close()


@pytest.mark.parametrize("junk", [b"\x00\x00\x00\x05abc", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"])
def test_the_way_takes_nothing_for_a_message_that_is_none(junk: bytes) -> None:
    end = EngineEnd()
    way = Way(end.near)
    os.write(end.far.fileno(), junk)
    assert way.read() == []
    way.close()


def test_what_is_changed_while_an_engine_starts_is_not_lost(rig: Rig) -> None:
    rig.die()
    engine = rig.engine = EngineEnd()
    rig.desk.begin(engine.near)
    answers = []
    rig.desk.submit([SetParam("comp", "thr", value=0.9), Bypass("comp", True)], answers.append)
    assert answers[0]["ok"], "nobody waits for it"
    rig.desk.turn_knob(uid(rig), "mode", 1.0, "midi")
    rig.settle()
    assert engine.orders[0].document.chains[0].plugins[0].params == {"thr": 0.5, "mode": 0.0}, "it was told before"
    assert engine.values == {uid(rig): {"thr": 0.9, "mode": 1.0}} == rig.desk.book.values
    assert engine.orders[-1].document.chains[0].plugins[0].bypass


def test_what_is_not_open_yet_waits_for_its_engine() -> None:
    rig = Rig()
    rig.do(CHAIN, COMP)
    answers = []
    rig.desk.submit([SetParam("comp", "thr", text="-3 dB")], answers.append)
    assert answers == []
    rig.start()
    assert answers[0]["results"][0]["value"] == 0.97
    assert rig.engine.values[uid(rig)]["thr"] == 0.97
    rig.desk.close()


def test_an_isolated_chain_that_died_too_often_is_left_out_until_it_is_revived(rig: Rig) -> None:
    chain = rig.desk.book.document.chains[0].uid
    rig.engine.say(News(died={chain: "chain 'guitar': it hangs; it is started again"}))
    rig.engine.say(News(back=[chain]))
    rig.engine.say(News(died={chain: f"chain 'guitar': it hangs; {FOR_GOOD}"}))
    rig.settle()
    said = rig.heard(m.PluginFault)
    assert [(one.state, one.chain, one.plugin) for one in said] == [
        (state, "guitar", "") for state in ("died", "back", "died", "quarantined")
    ]
    assert rig.desk.book.state_of(uid(rig)) == "quarantined"
    rig.do({"cmd": "revive"})
    assert rig.desk.book.state_of(uid(rig)) == "on"


def test_an_engine_that_does_not_come_back_from_a_plugin_hangs(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr(desk_module, "STUCK_S", 0.05)
    assert not rig.desk.hangs()
    answers: list = []
    rig.desk.submit([Add("guitar", "comp", name="bomb")], answers.append)
    assert answers == []
    rig.block["opening"] = bomb = 3
    assert not rig.desk.hangs(), "not yet"
    time.sleep(0.1)
    assert rig.desk.hangs()
    rig.die(opening=bomb, slot=uid(rig))
    (fault,) = rig.heard(m.PluginFault)
    assert (fault.plugin, fault.error) == ("bomb", "the engine hung while the plugin was opened")
    rig.start()
    assert not rig.desk.hangs()
