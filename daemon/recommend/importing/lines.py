"""Text files of other programs', whatever they were written in."""

import csv
import io
from pathlib import Path
from typing import Any

from daemon.recommend.importing import xml
from daemon.recommend.importing.record import ImportingError

csv.field_size_limit(16 << 20)  # a title of a megabyte is cut, not refused


def decoded(path: Path, data: bytes | None = None) -> str:
    """UTF-16 by its mark, else UTF-8, else Windows' Western letters. Raises ImportingError. [worker]"""
    data = xml.content(path) if data is None else data
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(name, "replace")
    if b"\x00" in data[:4096]:
        raise ImportingError(f"{path}: is no text; name the kind with --from")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def table(path: Path, text: str) -> list[dict[str, str]]:
    """The rows of a table whose first line names its columns; by tabs, semicolons or commas. Raises ImportingError."""
    head = text.partition("\n")[0]
    mark = next((mark for mark in "\t;," if mark in head), ",")
    quoting: Any = csv.QUOTE_NONE if mark == "\t" else csv.QUOTE_MINIMAL  # 12" is not the start of a quotation
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=quoting))
    except csv.Error as error:
        raise ImportingError(f"{path}: is no table ({error}); export it again") from None
    names = [name.strip() for name in rows[0]] if rows else []
    return [dict(zip(names, row, strict=False)) for row in rows[1:] if any(row)]


def split(name: str) -> tuple[str, str]:
    """(artist, title) of "Artist - Title", whatever the dash; the artist is empty where there is none. [any]"""
    for dash in (" - ", " \N{EN DASH} ", " \N{EM DASH} "):
        artist, found, title = name.partition(dash)
        if found and artist.strip() and title.strip():
            return artist.strip(), title.strip()
    return "", name.strip()


def seconds(clock: object) -> float | None:
    """Of "07:20" or "1:07:20"; None for anything else. [any]"""
    parts = str(clock or "").strip().split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        return None
    total = 0
    for part in parts:
        total = 60 * total + int(part)
    return float(total)
