"""The wire's messages as JSON Schema (draft 2020-12), from the one table: for programs in other languages.

Run as `python -m daemon.messages.schema`, it writes schema.json, which lies beside this file.
"""

from pathlib import Path
from typing import Any

import msgspec

from daemon.messages import DENSE, MESSAGES, VERSION, topic

FILE = Path(__file__).with_name("schema.json")


def schema() -> dict[str, Any]:
    """One schema that every message on the wire keeps to; `topics` says how each is framed and kept. [any]"""
    _, parts = msgspec.json.schema_components(MESSAGES.values(), ref_template="#/$defs/{name}")
    where = {kind: f"#/$defs/{struct.__name__}" for kind, struct in MESSAGES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jamd's messages",
        "description": (
            "What a running jamd publishes over ZeroMQ; presets/clients/WIRE.md says how it is framed. "
            "Fields and types are only ever added within a version: pass over what you do not know."
        ),
        "version": VERSION,
        "topics": {
            kind: {
                "topic": topic(kind).decode(),
                "message": where[kind],
                "every_hop": kind in DENSE,
                "kept_for_joiners": struct.keep_last,
                "one_kept_for_each": list(struct.keep_by),
            }
            for kind, struct in MESSAGES.items()
        },
        "oneOf": [{"$ref": ref} for ref in where.values()],
        "$defs": dict(sorted(parts.items())),
    }


def text() -> str:
    """As it lies in the file. [any]"""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=1).decode() + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
