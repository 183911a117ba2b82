"""What every command is: one map with `cmd` and its arguments."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Place = Annotated[int, Meta(ge=0, le=16, description="a place from 1, or 0 for the end")]
Channel = Annotated[int, Meta(ge=0, le=16, description="1 to 16, or 0 for all")]
Input = Literal["input", "input:1", "input:2", "none"]


class Command(msgspec.Struct, tag_field="cmd", forbid_unknown_fields=True):
    """Plugins, chains and snapshots are meant by their names."""
