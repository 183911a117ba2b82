"""What the page and the services over HTTP are given by whoever serves them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

Ask = Callable[[str, bytes], Awaitable[dict[str, Any]]]
"""(who, command) -> {"ok": true, "results": [...]} or {"error": {"code", "text"}}.

`who` is one client among those that are served fairly, `command` one as JSON or msgpack. Who stops waiting
cancels the request.
"""


class Page(NamedTuple):
    """[front]"""

    is_here: bool  # only this machine reaches it: whoever controls needs no token
    token: str
    ask: Ask
    follow: str  # where the daemon publishes, as msgpack; empty: there is no daemon
    control: str  # where it takes commands; empty: nowhere
    schemas: Mapping[str, Any] = {}  # of the services' commands by struct, as msgspec.json.schema_components gives them
