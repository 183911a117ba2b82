"""Answers over HTTP: what ZeroMQ would be answered, as JSON, with the number as the status where it is one of HTTP's."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from daemon.errors import Refused

_STATUSES = {status.value for status in HTTPStatus}


def answer(said: dict[str, Any]) -> Response:
    """{"ok": true, "results": [...]}, or {"error": {"code", "text"}}. [front]"""
    code = said["error"]["code"] if "error" in said else 200
    return Response(msgspec.json.encode(said), status(code), media_type="application/json")


def refusal(refused: Refused) -> Response:
    """[front]"""
    return answer({"error": error(refused)})


def error(refused: Refused) -> dict[str, Any]:
    """[any]"""
    return {"code": refused.code, "text": str(refused)}


def status(code: int) -> int:
    """HTTP's own nearest number: 499 (cancelled) is none. [any]"""
    return code if code in _STATUSES else HTTPStatus.CONFLICT if code == 499 else HTTPStatus.INTERNAL_SERVER_ERROR
