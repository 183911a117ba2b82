"""What Mixxx plays, from its own history: each set is a hidden playlist of its database, which is opened to read only.

Mixxx enters a track once it counts it as played. Times in its tables are UTC, as SQLite's CURRENT_TIMESTAMP writes them.
"""

import calendar
import sqlite3
import sys
import time
from pathlib import Path
from urllib.parse import quote

from daemon.recommend.live.sources import Told

RECENT_S = 900.0  # a track entered so long before the first look may still play
HISTORY = 2  # Playlists.hidden of a set's log
NEWEST = """
    SELECT PlaylistTracks.id, library.artist, library.title, track_locations.location, PlaylistTracks.pl_datetime_added
    FROM Playlists
    JOIN PlaylistTracks ON PlaylistTracks.playlist_id = Playlists.id
    JOIN library ON library.id = PlaylistTracks.track_id
    LEFT JOIN track_locations ON track_locations.id = library.location
    WHERE Playlists.hidden = ? ORDER BY PlaylistTracks.id DESC LIMIT 1
"""


class Mixxx:
    """[worker]"""

    name = "mixxx"

    def __init__(self, argument: str = "") -> None:
        """`argument`: the database, where it is not in the usual place; it need not be there yet."""
        self._path = Path(argument).expanduser() if argument else usual()
        self._seen: int | None = None
        self.error = ""

    def poll(self, now: float) -> Told | None:
        """The newest entry, where it is another."""
        try:
            found = self._newest()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.error = f'now playing: Mixxx\'s database {self._path}: {error}; give now_playing = ["mixxx:PATH"]'
            return None
        self.error = ""
        first, before = self._seen is None, self._seen
        self._seen = found[0] if found else 0
        if not found or self._seen == before:
            return None
        artist, title, path = (str(value or "") for value in found[1:4])
        at = _seconds(found[4])
        if first and (at is None or now - at > RECENT_S):
            return None
        return Told(artist, title, path, at if at is not None and at <= now else None)

    def close(self) -> None:
        """Nothing is open between two looks, so that Mixxx is never held up."""

    def _newest(self) -> tuple | None:
        where = f"file:{quote(str(self._path))}?mode=ro"
        connection = sqlite3.connect(where, uri=True, timeout=0.1)
        try:
            return connection.execute(NEWEST, (HISTORY,)).fetchone()
        finally:
            connection.close()


def usual() -> Path:
    """Where Mixxx keeps its database."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library/Containers/org.mixxx.mixxx/Data/Library/Application Support/Mixxx/mixxxdb.sqlite"
    return home / ".mixxx/mixxxdb.sqlite"


def _seconds(said: object) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(str(said)[:19].replace("T", " "), "%Y-%m-%d %H:%M:%S")))
    except ValueError:
        return None
