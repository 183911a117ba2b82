"""Libraries of other programs', built for tests to the formats' documentation; none was written by its program."""

import sqlite3
import struct
import zlib
from pathlib import Path

REKORDBOX = """<?xml version="1.0" encoding="UTF-8"?>
<DJ_PLAYLISTS Version="1.0.0"><PRODUCT Name="rekordbox" Version="6.7.4" Company="AlphaTheta"/>
<COLLECTION Entries="2">
<TRACK TrackID="1" Name="Pulse One" Artist="The Renderers" Album="Clicks" Genre="Techno" TotalTime="180" Year="2021"
 AverageBpm="124.00" DateAdded="2022-08-16" Rating="204" Tonality="8A" Comments="#peak loud"
 Location="file://localhost/music/Pulse%20One.mp3">
 <TEMPO Inizio="0.525" Bpm="124.00" Metro="4/4" Battito="2"/>
 <POSITION_MARK Name="Drop" Type="0" Start="62.5" Num="0"/>
 <POSITION_MARK Name="" Type="4" Start="10.0" End="12.0" Num="-1"/></TRACK>
<TRACK TrackID="2" Name="Pulse Two" Artist="The Renderers" AverageBpm="128.00" Tonality="F#m" TotalTime="200"
 Location="file://localhost/C:/Music/Pulse%20Two.mp3"/>
</COLLECTION>
<PLAYLISTS><NODE Type="0" Name="ROOT" Count="1"><NODE Type="0" Name="Clubs" Count="1">
<NODE Name="Friday" Type="1" KeyType="0" Entries="2"><TRACK Key="2"/><TRACK Key="1"/></NODE>
</NODE></NODE></PLAYLISTS></DJ_PLAYLISTS>
"""

TRAKTOR = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<NML VERSION="19"><HEAD COMPANY="www.native-instruments.com" PROGRAM="Traktor"></HEAD>
<COLLECTION ENTRIES="2">
<ENTRY TITLE="Pulse One" ARTIST="The Renderers"><LOCATION DIR="/:music/:" FILE="Pulse One.mp3" VOLUME=""></LOCATION>
<ALBUM TITLE="Clicks"></ALBUM><INFO GENRE="Techno" RANKING="204" PLAYTIME="180" PLAYTIME_FLOAT="180.250"
 IMPORT_DATE="2022/8/16" RELEASE_DATE="2021/1/1" KEY="8m"></INFO><TEMPO BPM="124.000000"></TEMPO>
<MUSICAL_KEY VALUE="21"></MUSICAL_KEY>
<CUE_V2 NAME="AutoGrid" TYPE="4" START="525.0" LEN="0.0" HOTCUE="-1"><GRID BPM="124.000000"></GRID></CUE_V2>
<CUE_V2 NAME="Drop" TYPE="0" START="62500.0" LEN="0.0" HOTCUE="0"></CUE_V2>
<CUE_V2 NAME="Round" TYPE="5" START="10000.0" LEN="2000.0" HOTCUE="1"></CUE_V2></ENTRY>
<ENTRY TITLE="Pulse Two" ARTIST="The Renderers"><LOCATION DIR="/:Music/:" FILE="Pulse Two.mp3" VOLUME="C:"></LOCATION>
<INFO PLAYTIME="200" KEY="4m"></INFO><TEMPO BPM="128"></TEMPO></ENTRY>
</COLLECTION>
<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES COUNT="1"><NODE TYPE="FOLDER" NAME="Clubs"><SUBNODES COUNT="1">
<NODE TYPE="PLAYLIST" NAME="Friday"><PLAYLIST ENTRIES="2" TYPE="LIST" UUID="abc">
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="C:/:Music/:Pulse Two.mp3"></PRIMARYKEY></ENTRY>
<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="/:music/:Pulse One.mp3"></PRIMARYKEY></ENTRY></PLAYLIST></NODE>
</SUBNODES></NODE></SUBNODES></NODE></PLAYLISTS></NML>
"""

TRAKTOR_HISTORY = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<NML VERSION="19"><COLLECTION ENTRIES="0"></COLLECTION><PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES COUNT="1">
<NODE TYPE="PLAYLIST" NAME="HISTORY"><PLAYLIST ENTRIES="2" TYPE="LIST" UUID="def">
<ENTRY><PRIMARYKEY KEY="/:music/:Pulse One.mp3"></PRIMARYKEY>
<EXTENDEDDATA DECK="0" DURATION="170.0" STARTDATE="132582420" STARTTIME="72000"></EXTENDEDDATA></ENTRY>
<ENTRY><PRIMARYKEY KEY="C:/:Music/:Pulse Two.mp3"></PRIMARYKEY>
<EXTENDEDDATA DECK="1" DURATION="170.0" STARTDATE="132582420" STARTTIME="72180"></EXTENDEDDATA></ENTRY>
</PLAYLIST></NODE></SUBNODES></NODE></PLAYLISTS></NML>
"""

ITUNES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>Major Version</key><integer>1</integer><key>Tracks</key><dict>
<key>11</key><dict><key>Track ID</key><integer>11</integer><key>Name</key><string>Pulse One</string>
<key>Artist</key><string>The Renderers</string><key>Album</key><string>Clicks</string><key>Genre</key><string>Techno</string>
<key>Total Time</key><integer>180250</integer><key>Year</key><integer>2021</integer><key>BPM</key><integer>124</integer>
<key>Rating</key><integer>80</integer><key>Date Added</key><date>2022-08-16T00:00:00Z</date>
<key>Location</key><string>file:///music/Pulse%20One.mp3</string></dict>
<key>12</key><dict><key>Track ID</key><integer>12</integer><key>Name</key><string>Pulse Two</string>
<key>Artist</key><string>The Renderers</string><key>Location</key><string>file://localhost/C:/Music/Pulse%20Two.mp3</string></dict>
<key>13</key><dict><key>Track ID</key><integer>13</integer><key>Name</key><string>A talk</string>
<key>Podcast</key><true/></dict></dict>
<key>Playlists</key><array>
<dict><key>Name</key><string>Library</string><key>Master</key><true/>
<key>Playlist Persistent ID</key><string>A0</string></dict>
<dict><key>Name</key><string>Clubs</string><key>Folder</key><true/><key>Playlist Persistent ID</key><string>A1</string>
<key>Parent Persistent ID</key><string>A1</string></dict>
<dict><key>Name</key><string>Friday</string><key>Playlist Persistent ID</key><string>A2</string>
<key>Parent Persistent ID</key><string>A1</string><key>Playlist Items</key><array>
<dict><key>Track ID</key><integer>12</integer></dict><dict><key>Track ID</key><integer>11</integer></dict></array></dict>
</array></dict></plist>
"""


def traktor(folder: Path) -> Path:
    """A collection and one evening's history beside it."""
    (folder / "History").mkdir(parents=True)
    (folder / "History" / "history_2023y12m20d_20h00m00s.nml").write_text(TRAKTOR_HISTORY, "utf-8")
    path = folder / "collection.nml"
    path.write_text(TRAKTOR, "utf-8")
    return path


def _block(name: bytes, value: bytes) -> bytes:
    return name + struct.pack(">I", len(value)) + value


def _texts(**fields: str) -> bytes:
    return b"".join(_block(name.encode(), value.encode("utf-16-be")) for name, value in fields.items())


def serato(folder: Path) -> Path:
    """_Serato_ with a database, a crate within another, and a session of two plays and a track that was only loaded."""
    place = folder / "_Serato_"
    (place / "Subcrates").mkdir(parents=True)
    (place / "History" / "Sessions").mkdir(parents=True)
    one = {
        "pfil": "music/Pulse One.mp3",
        "tsng": "Pulse One",
        "tart": "The Renderers",
        "talb": "Clicks",
        "tgen": "Techno",
    }
    one |= {"tbpm": "124.00", "tkey": "Am", "tlen": "03:00.25", "ttyr": "2021"}
    two = {"pfil": "music/Pulse Two.mp3", "tsng": "Pulse Two", "tart": "The Renderers", "tbpm": "128.00", "tkey": "F#m"}
    version = _texts(vrsn="2.0/Serato Scratch LIVE Database")
    (place / "database V2").write_bytes(version + _block(b"otrk", _texts(**one)) + _block(b"otrk", _texts(**two)))
    inside = b"".join(_block(b"otrk", _texts(ptrk=path)) for path in (two["pfil"], one["pfil"]))
    crate = _texts(vrsn="1.0/Serato ScratchLive Crate") + inside
    (place / "Subcrates" / "Clubs%%Friday.crate").write_bytes(crate)
    plays = [(two["pfil"], 1679342400, 1), (one["pfil"], 1679342580, 1), (one["pfil"], 1679342700, 0)]
    entries = b""
    for path, at, played in plays:
        fields = {2: f"/{path}\0".encode("utf-16-be"), 28: struct.pack(">I", at), 50: bytes([played])}
        adat = b"".join(_block(struct.pack(">I", number), value) for number, value in fields.items())
        entries += _block(b"oent", _block(b"adat", adat))
    (place / "History" / "Sessions" / "17.session").write_bytes(_texts(vrsn="1.0/Serato Scratch LIVE Review") + entries)
    return place


def _packed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + zlib.compress(data)


def engine(folder: Path) -> Path:
    """Engine Library, of the columns that libdjinterop knows of its schema 2, and its history."""
    place = folder / "Engine Library" / "Database2"
    place.mkdir(parents=True)
    columns = """Track (id INTEGER PRIMARY KEY, path TEXT, filename TEXT, title TEXT, artist TEXT, album TEXT, genre TEXT,
        comment TEXT, rating INTEGER, bpm INTEGER, bpmAnalyzed REAL, key INTEGER, year INTEGER, length INTEGER,
        dateAdded DATETIME)"""
    one = ("../../music/Pulse One.mp3", "Pulse One.mp3", "Pulse One", "The Renderers", "Clicks", "Techno", None, 80)
    two = ("../../music/Pulse Two.mp3", "Pulse Two.mp3", "Pulse Two", "The Renderers", None, None, None, 0)
    tracks = [(1, *one, 124, 124.0, 1, 2021, 180, 1660608000), (2, *two, 128, 128.0, 7, None, 200, None)]
    marker = struct.pack("<dqii", 23152.5 - 4 * 21338.7, -4, 404, 0) + struct.pack(
        "<dqii", 23152.5 + 400 * 21338.7, 400, 0, 0
    )
    grid = struct.pack(">ddB", 44100.0, 8e6, 1) + 2 * (struct.pack(">q", 2) + marker)
    cues = struct.pack(">qB", 2, 4) + b"Drop" + struct.pack(">d4B", 62.5 * 44100, 255, 255, 128, 0)
    cues += struct.pack(">Bd4B", 0, -1.0, 0, 0, 0, 0) + struct.pack(">dBd", 0.0, 0, 0.0)
    loops = struct.pack("<qB", 1, 5) + b"Round" + struct.pack("<dd6B", 441000.0, 529200.0, 1, 1, 255, 0, 0, 0)
    db = sqlite3.connect(place / "m.db")
    with db:
        db.executescript(f"""CREATE TABLE {columns};
            CREATE TABLE Playlist (id INTEGER PRIMARY KEY, title TEXT, parentListId INTEGER, nextListId INTEGER);
            CREATE TABLE PlaylistEntity (id INTEGER PRIMARY KEY, listId INTEGER, trackId INTEGER, nextEntityId INTEGER);
            CREATE TABLE PerformanceData (trackId INTEGER PRIMARY KEY, beatData BLOB, quickCues BLOB, loops BLOB);
            INSERT INTO Playlist VALUES (1, 'Clubs', 0, 0), (2, 'Friday', 1, 0);
            INSERT INTO PlaylistEntity VALUES (1, 2, 1, 0), (2, 2, 2, 1);""")
        db.executemany(f"INSERT INTO Track VALUES ({', '.join('?' * 15)})", tracks)
        db.execute("INSERT INTO PerformanceData VALUES (1, ?, ?, ?)", (_packed(grid), _packed(cues), loops))
    db.close()
    db = sqlite3.connect(place / "hm.db")
    with db:
        db.executescript(f"""CREATE TABLE {columns};
            CREATE TABLE Historylist (id INTEGER PRIMARY KEY, title TEXT, startTime INTEGER);
            CREATE TABLE HistorylistEntity (id INTEGER PRIMARY KEY, listId INTEGER, trackId INTEGER, startTime INTEGER);
            INSERT INTO Historylist VALUES (1, 'Friday night', 1679342400);
            INSERT INTO HistorylistEntity VALUES (1, 1, 2, 1679342580), (2, 1, 1, 1679342400);""")
        db.executemany(f"INSERT INTO Track VALUES ({', '.join('?' * 15)})", tracks)
    db.close()
    return place.parent


def rekordbox_db(path: Path, key: str = "") -> Path:
    """A master.db of pyrekordbox's own tables; encrypted with sqlcipher3 where there is a key."""
    from pyrekordbox.masterdb import models
    from sqlalchemy import create_engine

    path.parent.mkdir(parents=True, exist_ok=True)
    if key:
        from sqlcipher3 import dbapi2

        engine = create_engine(f"sqlite+pysqlcipher://:{key}@/{path}?", module=dbapi2)
    else:
        engine = create_engine(f"sqlite:///{path}")
    models.Base.metadata.create_all(engine)
    rows = {
        "DjmdArtist": [{"ID": "5", "Name": "The Renderers"}],
        "DjmdAlbum": [{"ID": "6", "Name": "Clicks"}],
        "DjmdGenre": [{"ID": "7", "Name": "Techno"}],
        "DjmdKey": [{"ID": "8", "ScaleName": "Am"}],
        "DjmdContent": [
            {"ID": "1", "FolderPath": "/music/Pulse One.mp3", "Title": "Pulse One", "ArtistID": "5", "AlbumID": "6"}
            | {"GenreID": "7", "KeyID": "8", "BPM": 12400, "Length": 180, "Rating": 4, "ReleaseYear": 2021},
            {"ID": "2", "FolderPath": "C:/Music/Pulse Two.mp3", "Title": "Pulse Two", "ArtistID": "5", "BPM": 12800},
            {"ID": "3", "FolderPath": "/music/deleted.mp3", "Title": "Deleted", "rb_local_deleted": 1},
        ],
        "DjmdCue": [
            {"ID": "1", "ContentID": "1", "InMsec": 62500, "OutMsec": -1, "Kind": 1, "Comment": "Drop"},
            {"ID": "2", "ContentID": "1", "InMsec": 10000, "OutMsec": 12000, "Kind": 0},
        ],
        "DjmdPlaylist": [
            {"ID": "10", "Name": "Clubs", "Attribute": 1, "ParentID": "11"},
            {"ID": "11", "Name": "Circle", "Attribute": 1, "ParentID": "10"},
            {"ID": "12", "Name": "Friday", "Attribute": 0, "ParentID": "10"},
        ],
        "DjmdSongPlaylist": [
            {"ID": "a", "PlaylistID": "12", "ContentID": "1", "TrackNo": 2},
            {"ID": "b", "PlaylistID": "12", "ContentID": "2", "TrackNo": 1},
        ],
        "DjmdHistory": [{"ID": "20", "Name": "HISTORY 2023-03-20", "Attribute": 0, "DateCreated": "2023-03-20"}],
        "DjmdSongHistory": [{"ID": "c", "HistoryID": "20", "ContentID": "1", "TrackNo": 1}],
    }
    stamp = "2023-03-20 20:00:00.000 +00:00"
    with engine.begin() as db:
        for table, found in rows.items():
            model = getattr(models, table).__table__
            blank = {each.name: 0 if "INT" in str(each.type) else "" for each in model.columns}
            for row in found:
                kept = blank | {"created_at": stamp, "updated_at": stamp} | row
                names, marks = ", ".join(f'"{name}"' for name in kept), ", ".join("?" * len(kept))
                db.exec_driver_sql(f"INSERT INTO {model.name} ({names}) VALUES ({marks})", tuple(kept.values()))
    engine.dispose()
    return path
