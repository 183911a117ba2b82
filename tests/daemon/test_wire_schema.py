"""The checked-in JSON Schema is what the table of messages gives, and says of each message what is on the wire."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from daemon import messages as m
from daemon.cli import main
from daemon.config import Config
from daemon.messages import schema
from daemon.outputs.zmq_pub import QUEUE
from daemon.service.router import COMMANDS, REQUEST_BYTES, UNDER_WAY
from tests.daemon.test_wire import SAMPLES

SCHEMA = json.loads(schema.FILE.read_text(encoding="utf-8"))
SOCKETS = (("zmq", "address"), ("zmq", "latest"), ("control", "address"))
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


def test_the_file_is_what_the_table_gives() -> None:
    again = "the table has changed: python -m daemon.messages.schema"
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), again


def test_the_command_prints_it() -> None:
    done = CliRunner().invoke(main, ["schema"])
    assert (done.exit_code, json.loads(done.output)) == (0, SCHEMA)


def test_every_topic_is_there() -> None:
    assert SCHEMA["topics"].keys() == m.MESSAGES.keys()
    assert [one["$ref"] for one in SCHEMA["oneOf"]] == [one["message"] for one in SCHEMA["topics"].values()]
    ports = SCHEMA["topics"]["midi_port"]
    assert (ports["topic"], ports["kept_for_joiners"]) == ("jamd/1/midi_port/", True)
    assert ports["one_kept_for_each"] == ["port", "direction"]
    assert SCHEMA["version"] == m.VERSION


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__struct_config__.tag)
def test_a_message_keeps_to_it(sample: m.Message) -> None:
    message = json.loads(msgspec.json.encode(sample))
    where = {"$ref": SCHEMA["topics"][message["type"]]["message"]}
    assert wrong(where, message) == ""
    del message["type"]
    assert "lacks type" in wrong(where, message)
    assert wrong(where, message | {"type": "onset", "seq": "7"}) != ""


def test_what_clients_are_told_of_the_wire_is_so() -> None:
    text = (Path(__file__).parents[2] / "presets" / "clients" / "WIRE.md").read_text(encoding="utf-8")
    for said in (
        f"{QUEUE} messages wait for you",
        f"At most {COMMANDS} commands, {REQUEST_BYTES >> 20} MiB, and {UNDER_WAY} requests under way",
        *(f"| `{table}.{key}` | `{getattr(getattr(Config(), table), key)}` |" for table, key in SOCKETS),
        *(f"`{field}`" for field in m.Message.__struct_fields__),
        *(f"`{field}`" for field in ("realtime_offset_ns", "raw_offset_ns", "latencies_ms", "drops")),
    ):
        assert said in text, said
    assert m.topic("beat").decode() in text


def wrong(where: dict, value: object) -> str:
    """What does not keep to the schema; knows as much of JSON Schema as the file uses."""
    where = SCHEMA["$defs"][where["$ref"].rpartition("/")[2]] if "$ref" in where else where
    if "anyOf" in where:
        found = [wrong(one, value) for one in where["anyOf"]]
        return "" if "" in found else found[0]
    if "enum" in where:
        return "" if value in where["enum"] else f"{value!r} is none of {where['enum']}"
    if "type" not in where:
        return ""
    if not isinstance(value, TYPES[where["type"]]) or (isinstance(value, bool) and where["type"] != "boolean"):
        return f"{value!r} is no {where['type']}"
    if isinstance(value, list):
        return next(filter(None, (wrong(where.get("items", {}), one) for one in value)), "")
    if isinstance(value, dict):
        known, others = where.get("properties", {}), where.get("additionalProperties", {})
        lacks = [name for name in where.get("required", []) if name not in value]
        found = [wrong(known.get(name, others), one) for name, one in value.items()]
        return f"lacks {', '.join(lacks)}" if lacks else next(filter(None, found), "")
    return ""
