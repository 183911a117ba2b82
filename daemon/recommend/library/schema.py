"""The library's tables, as numbered migrations: `PRAGMA user_version` says how many of them a file has had.

Conventions: times of day are seconds since 1970, places in a track are seconds from its start; texts that are not known
are empty, numbers that are not known NULL. Blobs are float32, little-endian, but where a comment says otherwise.
A migration that was released is never edited; the next change is one more.
"""

import sqlite3
from collections.abc import Iterator

APPLICATION = 0x6A616D64
"""`PRAGMA application_id`, "jamd": tells a library from any other program's SQLite file."""

MIGRATIONS = (
    """
    CREATE TABLE items (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again, so that what was played stays true
        kind TEXT NOT NULL DEFAULT 'track',
        path TEXT NOT NULL DEFAULT '',  -- absolute; empty for what was only heard of, as in a tracklist
        title TEXT NOT NULL DEFAULT '',
        artist TEXT NOT NULL DEFAULT '',
        album TEXT NOT NULL DEFAULT '',
        genre TEXT NOT NULL DEFAULT '',  -- several divided by a semicolon and a space
        tags TEXT NOT NULL DEFAULT '',  -- one a line
        year INTEGER,
        rating INTEGER,  -- 0 to 5
        added REAL NOT NULL DEFAULT 0,
        size INTEGER,  -- of the file in bytes when it was analysed
        mtime_ns INTEGER,  -- likewise
        hash BLOB,  -- of the file's content, 16 bytes: finds a file that moved
        source TEXT NOT NULL DEFAULT '',  -- who brought it first: scan, mixxx, rekordbox and the like
        words TEXT NOT NULL DEFAULT '',  -- title, artist, album, genre, tags, file name, folded: what search looks at
        name TEXT NOT NULL DEFAULT '',  -- artist and title, folded: finds what was only heard of; empty if either is
        gone INTEGER NOT NULL DEFAULT 0  -- 1 where the last scan of its folder did not find the file
    );
    CREATE UNIQUE INDEX items_path ON items (path) WHERE path <> '';
    CREATE INDEX items_hash ON items (hash) WHERE hash IS NOT NULL;
    CREATE INDEX items_name ON items (name);

    CREATE TABLE profiles (  -- daemon.recommend.item.Profile
        item_id INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE,
        version INTEGER NOT NULL DEFAULT 0,  -- of the analysis; 0 where tags or an import said it
        duration_s REAL,
        tempo_bpm REAL,
        tempo_stability REAL,
        key INTEGER NOT NULL DEFAULT -1,
        key_strength REAL,
        loudness_lufs REAL,
        energy REAL,
        onset_density REAL,
        intro_beats INTEGER,
        outro_beats INTEGER,
        first_beat_s REAL,
        energy_curve BLOB NOT NULL DEFAULT x'',
        chroma BLOB NOT NULL DEFAULT x'',
        timbre BLOB NOT NULL DEFAULT x'',
        traits BLOB NOT NULL DEFAULT x''  -- NaN where one is not known
    );

    CREATE TABLE beats (
        item_id INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE,
        beats BLOB NOT NULL  -- seconds
    );

    CREATE TABLE prints (
        item_id INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE,
        version INTEGER NOT NULL,
        print BLOB NOT NULL  -- as daemon.recommend.recognition makes it
    );

    CREATE TABLE bad (
        path TEXT PRIMARY KEY,
        kind TEXT NOT NULL DEFAULT 'track',
        reason TEXT NOT NULL,
        size INTEGER,
        mtime_ns INTEGER,
        at REAL NOT NULL
    );

    CREATE TABLE sets (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        dj TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT '',
        started REAL,
        source TEXT NOT NULL DEFAULT '',
        ref TEXT NOT NULL DEFAULT ''  -- what the source calls it, so that importing again does not double it
    );
    CREATE UNIQUE INDEX sets_ref ON sets (source, ref) WHERE ref <> '';

    CREATE TABLE plays (
        set_id INTEGER NOT NULL REFERENCES sets ON DELETE CASCADE,
        pos INTEGER NOT NULL,  -- from 0
        item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
        at REAL,  -- when it began
        source TEXT NOT NULL DEFAULT '',  -- heard, mixxx, key and the like
        PRIMARY KEY (set_id, pos)
    ) WITHOUT ROWID;
    CREATE INDEX plays_item ON plays (item_id, at);

    CREATE TABLE verdicts (
        item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
        at REAL NOT NULL,
        value REAL NOT NULL,  -- -1 thumbs down to 1 up
        set_id INTEGER REFERENCES sets ON DELETE SET NULL
    );
    CREATE INDEX verdicts_item ON verdicts (item_id, at);

    CREATE TABLE playlists (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL DEFAULT '',
        folder TEXT NOT NULL DEFAULT '',  -- the names above it, divided by a slash
        kind TEXT NOT NULL DEFAULT 'playlist',  -- or crate: without order
        source TEXT NOT NULL DEFAULT '',
        ref TEXT NOT NULL DEFAULT ''
    );
    CREATE UNIQUE INDEX playlists_ref ON playlists (source, ref) WHERE ref <> '';

    CREATE TABLE playlist_items (
        playlist_id INTEGER NOT NULL REFERENCES playlists ON DELETE CASCADE,
        pos INTEGER NOT NULL,  -- from 0
        item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
        PRIMARY KEY (playlist_id, pos)
    ) WITHOUT ROWID;
    CREATE INDEX playlist_items_item ON playlist_items (item_id);

    CREATE TABLE cues (
        item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
        at_s REAL NOT NULL,
        kind TEXT NOT NULL DEFAULT 'cue',  -- cue, hot, loop, intro, outro, load
        name TEXT NOT NULL DEFAULT '',
        color TEXT NOT NULL DEFAULT '',  -- #rrggbb
        length_s REAL,  -- of a loop
        number INTEGER,  -- of a hot cue, from 0
        source TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX cues_item ON cues (item_id, at_s);

    CREATE TABLE grids (  -- a line for each place where the tempo changes
        item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
        start_s REAL NOT NULL,  -- of a downbeat
        bpm REAL NOT NULL,
        metre INTEGER NOT NULL DEFAULT 4,
        source TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (item_id, source, start_s)
    ) WITHOUT ROWID;

    CREATE TABLE vectors (
        model TEXT NOT NULL,
        item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
        vector BLOB NOT NULL,
        PRIMARY KEY (model, item_id)
    );
    """,
)

VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to VERSION in one transaction: all of it or nothing. Raises sqlite3.Error. [worker]

    The connection is in autocommit mode (`isolation_level` None). A file that is newer than VERSION is left alone.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        (has,) = connection.execute("PRAGMA user_version").fetchone()  # another process may just have migrated it
        for migration in MIGRATIONS[has:]:
            for statement in _statements(migration):
                connection.execute(statement)
        if has < VERSION:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """One statement each: `executescript` would commit first."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
