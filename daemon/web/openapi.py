"""The services over HTTP as OpenAPI 3.1: the commands' own structs, less what the address says already."""

import copy
from collections.abc import Mapping
from typing import Any

import daemon
from daemon.web.control import COMMANDS

_ALWAYS = {
    400: "malformed",
    403: "the Host, or the Origin, is another site's",
    404: "there is no such thing",
    405: "another method",
    408: "the body does not come",
    409: "what is there does not allow it",
    413: "too much: a body beyond 1 MiB, or 32 MiB with a sound to analyse",
    422: "a value of the wrong kind or size",
    429: "too many requests under way; try again",
    500: "a defect of jamd's",
    503: "nobody is there to answer",
    504: "the deadline has passed",
}
_OWN = {
    "Error": {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "integer", "description": "the status, or 499: cancelled"},
                    "text": {"type": "string", "description": "one line: what is wrong, and the remedy"},
                    "at": {"type": "integer", "description": "which of the commands, from 0"},
                },
                "required": ["code", "text"],
            }
        },
        "required": ["error"],
    },
    "Answer": {
        "type": "object",
        "description": "What the same command is answered over ZeroMQ: one result for each command.",
        "properties": {
            "ok": {"const": True},
            "results": {"type": "array", "items": {}},
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["ok", "results"],
    },
    "Batch": {
        "type": "object",
        "properties": {
            "do": {
                "type": "array",
                "items": {"type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]},
                "minItems": 1,
                "maxItems": COMMANDS,
            }
        },
        "required": ["do"],
        "additionalProperties": False,
    },
}


def description(schemas: Mapping[str, Any], of_sound: Mapping[str, Any], is_here: bool) -> dict[str, Any]:
    """`schemas`: those of the commands by the names of their structs; one that is not there is any object.

    `of_sound`: those of what a query may ask of a sound. [any]
    """
    parts = {name: copy.deepcopy(schema) for name, schema in schemas.items()} | _OWN
    for name in ("Analyse", "Generate", "Recommend"):
        parts[name] = _asked(parts.get(name, {"type": "object"}))
    sound = {"schema": {"type": "string", "format": "binary"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "jamd's services",
            "version": daemon.__version__,
            "description": "Analyse a sound, continue a phrase, say what could be played next; and command the daemon.",
        },
        "paths": {
            "/api/1/models": {"get": _operation("models", "Which models there are", is_free=True)},
            "/api/1/analyse": {
                "post": _operation("analyse", "All that is heard in a sound", is_here)
                | {
                    "parameters": [
                        {"name": name, "in": "query", "schema": schema} for name, schema in of_sound.items()
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {"application/octet-stream": sound, **_json("Analyse")},
                        "description": "A sound file's bytes, whatever their type; or JSON, which alone may be bare "
                        "samples without a query.",
                    },
                }
            },
            "/api/1/generate": {"post": _operation("generate", "Answers to a phrase", is_here) | _body("Generate")},
            "/api/1/recommend": {"post": _operation("recommend", "What to play next", is_here) | _body("Recommend")},
            "/api/1/control": {"post": _operation("control", "Commands for the daemon", is_here) | _body("Batch")},
        },
        "components": {
            "schemas": dict(sorted(parts.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _asked(schema: dict[str, Any]) -> dict[str, Any]:
    """A command as it is asked by HTTP: its name stands in the address, and no file is named."""
    left = {name: value for name, value in schema.get("properties", {}).items() if name not in ("cmd", "file")}
    required = [name for name in schema.get("required", []) if name in left]
    return schema | {"properties": left, "required": required}


def _operation(name: str, summary: str, is_here: bool = True, is_free: bool = False) -> dict[str, Any]:
    errors = dict(_ALWAYS)
    if not is_free:
        errors |= {401: "no token, or a wrong one", 415: "another type of body"}
    said = {"description": "done", "content": _json("Answer")}
    refused = {str(code): {"description": text, "content": _json("Error")} for code, text in sorted(errors.items())}
    operation = {"operationId": name, "summary": summary, "responses": {"200": said} | refused}
    return operation if is_free or is_here else operation | {"security": [{"token": []}]}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _body(name: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": _json(name)}}
