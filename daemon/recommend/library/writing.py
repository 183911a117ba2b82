"""Items written into the library's tables, within a transaction of the caller's."""

import sqlite3
import time

import msgspec

from daemon.recommend.item import Item, Profile
from daemon.recommend.library import rows

_ROW = ("item_id", "version", *rows.NUMBERS, *rows.ARRAYS)
_PROFILE = f"INSERT OR REPLACE INTO profiles ({', '.join(_ROW)}) VALUES ({', '.join('?' * len(_ROW))})"


def insert(db: sqlite3.Connection, item: Item, source: str, version: int = 0) -> int:
    """A new item; `version` is that of the analysis which made its profile, 0 where none did. Returns its id."""
    values = {**rows.texts(item), "source": source}
    values["added"] = values["added"] or time.time()
    names = ", ".join(values)
    statement = f"INSERT INTO items ({names}) VALUES ({', '.join('?' * len(values))})"
    number = int(db.execute(statement, tuple(values.values())).lastrowid or 0)
    put_profile(db, number, item.profile, version)
    return number


def update(db: sqlite3.Connection, item: Item, version: int) -> None:
    """Write over what there is of an item by its id."""
    values = rows.texts(item)
    statement = f"UPDATE items SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?"
    db.execute(statement, (*values.values(), item.id))
    put_profile(db, item.id, item.profile, version)


def put_profile(db: sqlite3.Connection, number: int, profile: Profile, version: int) -> None:
    """Write an item's profile over the one it has; none where nothing is known and nothing was analysed."""
    if version == 0 and profile == Profile():
        return
    db.execute(_PROFILE, (number, version, *rows.numbers(profile).values()))


def merge(db: sqlite3.Connection, old: Item, new: Item, new_wins: bool) -> None:
    """Write an item of both's knowledge; a profile that was analysed only has its gaps filled."""
    (version,) = db.execute("SELECT max(version) FROM profiles WHERE item_id = ?", (old.id,)).fetchone()
    both = rows.merged(old, new, new_wins)
    if version:
        both = msgspec.structs.replace(both, profile=rows.merged_profile(old.profile, new.profile))
    if both != old:
        update(db, both, version or 0)
