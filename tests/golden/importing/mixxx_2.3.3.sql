-- Written by Mixxx 2.3.3 (Debian 12): three rendered files scanned, two of them analysed and played, a hot cue set,
-- a crate and a playlist made by hand in its window. Kept: the tables that are read; /music stands for the folder.
BEGIN;
CREATE TABLE library (
        id INTEGER primary key AUTOINCREMENT,
        artist varchar(64),
        title varchar(64),
        album varchar(64),
        year varchar(16),
        genre varchar(64),
        tracknumber varchar(3),
        location integer REFERENCES track_locations(location),
        comment varchar(256),
        url varchar(256),
        duration float,
        bitrate integer,
        samplerate integer,
        cuepoint integer,
        bpm float,
        wavesummaryhex blob,
        channels integer,
        datetime_added DEFAULT CURRENT_TIMESTAMP,
        mixxx_deleted integer,
        played integer,
        header_parsed integer DEFAULT 0, filetype varchar(8) DEFAULT "?", replaygain float DEFAULT 0, timesplayed integer DEFAULT 0, rating integer DEFAULT 0, key varchar(8) DEFAULT "", beats BLOB, beats_version TEXT, composer varchar(64) DEFAULT "", bpm_lock INTEGER DEFAULT 0, beats_sub_version TEXT DEFAULT '', keys BLOB, keys_version TEXT, keys_sub_version TEXT, key_id INTEGER DEFAULT 0, grouping TEXT DEFAULT "", album_artist TEXT DEFAULT "", coverart_source INTEGER DEFAULT 0, coverart_type INTEGER DEFAULT 0, coverart_location TEXT DEFAULT "", coverart_hash INTEGER DEFAULT 0, replaygain_peak REAL DEFAULT -1.0, tracktotal TEXT DEFAULT '//', color INTEGER);
INSERT INTO library VALUES (1, 'The Renderers', 'Robert''); DROP TABLE items;--', NULL, '2021', 'Techno', NULL, 1, NULL, NULL, 20.0, 32, 44100, 0, 0.0, NULL, 2, '2026-11-25T23:37:20.520Z', 0, 0, 1, 'ogg', 0.0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 1, 0, NULL, 0, -1.0, NULL, NULL);
INSERT INTO library VALUES (2, 'The Renderers', 'Pulse Two', NULL, '2021', 'Techno', NULL, 2, NULL, NULL, 20.0, 128, 44100, 0, 128.0, NULL, 2, '2026-11-25T23:37:20.535Z', 0, 0, 1, 'ogg', 1.062753989218963, 1, 0, 'Am', x'0a09090000000000006040120408d99e01', 'BeatGrid-2.0', NULL, 0, 'rounding=V4|vamp_plugin_id=qm-tempotracker:0', x'08161a060880800110162000', 'KeyMap-1.0', 'vamp_plugin_id=qm-keydetector:2', 22, NULL, NULL, 1, 0, NULL, 0, -1.0, NULL, NULL);
INSERT INTO library VALUES (3, 'The Renderers', 'Pulse One', NULL, '2021', 'Techno', NULL, 3, NULL, NULL, 20.0, 128, 44100, 0, 120.0, NULL, 2, '2026-11-25T23:37:20.536Z', 0, 0, 1, 'ogg', 1.066528601437498, 1, 0, 'Am', x'0a09090000000000005e40120408faa801', 'BeatGrid-2.0', NULL, 0, 'rounding=V4|vamp_plugin_id=qm-tempotracker:0', x'08161a060880800110162000', 'KeyMap-1.0', 'vamp_plugin_id=qm-keydetector:2', 22, NULL, NULL, 1, 0, NULL, 0, -1.0, NULL, NULL);
CREATE TABLE track_locations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        location varchar(512) UNIQUE,
        filename varchar(512),
        directory varchar(512),
        filesize INTEGER,
        fs_deleted INTEGER,
        needs_verification INTEGER);
INSERT INTO track_locations VALUES (1, '/music/t2.ogg', 't2.ogg', '/music', 86234, 0, 0);
INSERT INTO track_locations VALUES (2, '/music/t1.ogg', 't1.ogg', '/music', 80839, 0, 0);
INSERT INTO track_locations VALUES (3, '/music/t0.ogg', 't0.ogg', '/music', 73238, 0, 0);
CREATE TABLE cues (
        id integer PRIMARY KEY AUTOINCREMENT,
        track_id integer NOT NULL REFERENCES "library_old"(id),
        type integer DEFAULT 0 NOT NULL,
        position integer DEFAULT -1 NOT NULL,
        length integer DEFAULT 0 NOT NULL,
        hotcue integer DEFAULT -1 NOT NULL,
        label text DEFAULT '' NOT NULL, color INTEGER DEFAULT 4294901760 NOT NULL);
INSERT INTO cues VALUES (1, 3, 2, 0, 0, -1, '', 16744448);
INSERT INTO cues VALUES (2, 3, 8, 0, 1764000, -1, '', 16744448);
INSERT INTO cues VALUES (3, 3, 6, 0, 0, -1, '', 16744448);
INSERT INTO cues VALUES (4, 3, 7, -1, 1764000, -1, '', 16744448);
INSERT INTO cues VALUES (5, 3, 1, 807208, 0, 0, '', 16744448);
INSERT INTO cues VALUES (6, 2, 2, 0, 0, -1, '', 16744448);
INSERT INTO cues VALUES (7, 2, 8, 0, 1764000, -1, '', 16744448);
INSERT INTO cues VALUES (8, 2, 6, 0, 0, -1, '', 16744448);
INSERT INTO cues VALUES (9, 2, 7, -1, 1764000, -1, '', 16744448);
CREATE TABLE Playlists (
        id INTEGER primary key,
        name varchar(48),
        position INTEGER,
        hidden INTEGER DEFAULT 0 NOT NULL,
        date_created datetime,
        date_modified datetime, locked integer DEFAULT 0);
INSERT INTO Playlists VALUES (1, 'Auto DJ', 1, 1, '2026-11-25 23:33:16', '2026-11-25 23:33:16', 0);
INSERT INTO Playlists VALUES (2, '2026-11-25', 2, 2, '2026-11-25 23:33:16', '2026-11-25 23:33:16', 0);
INSERT INTO Playlists VALUES (3, '2026-11-25 (2)', 3, 2, '2026-11-25 23:37:05', '2026-11-25 23:37:05', 0);
INSERT INTO Playlists VALUES (4, '2026-11-25 (3)', 4, 2, '2026-11-25 23:40:20', '2026-11-25 23:40:20', 0);
INSERT INTO Playlists VALUES (5, 'Warm up', 5, 0, '2026-11-25 23:41:14', '2026-11-25 23:41:14', 0);
CREATE TABLE PlaylistTracks (
        id INTEGER primary key,
        playlist_id INTEGER REFERENCES Playlists(id),
        track_id INTEGER REFERENCES "library_old"(id),
        position INTEGER, pl_datetime_added);
INSERT INTO PlaylistTracks VALUES (1, 3, 3, 1, '2026-11-25 23:37:33');
INSERT INTO PlaylistTracks VALUES (2, 3, 2, 2, '2026-11-25 23:37:58');
INSERT INTO PlaylistTracks VALUES (3, 5, 1, 1, '2026-11-25 23:41:14');
CREATE TABLE crates (
        id integer PRIMARY KEY AUTOINCREMENT,
        name varchar(48) UNIQUE NOT NULL,
        count integer DEFAULT 0,
        show integer DEFAULT 1, locked integer DEFAULT 0, autodj_source integer DEFAULT 0);
INSERT INTO crates VALUES (1, 'Peak time', 0, 1, 0, 0);
CREATE TABLE crate_tracks (
        crate_id integer NOT NULL REFERENCES crates(id),
        track_id integer NOT NULL REFERENCES "library_old"(id),
        UNIQUE (crate_id, track_id));
INSERT INTO crate_tracks VALUES (1, 3);
CREATE TABLE settings (
        name TEXT UNIQUE NOT NULL,
        value TEXT,
        locked INTEGER DEFAULT 0,
        hidden INTEGER DEFAULT 0);
INSERT INTO settings VALUES ('mixxx.schema.version', '32', 0, 0);
INSERT INTO settings VALUES ('mixxx.schema.min_compatible_version', '3', 0, 0);
INSERT INTO settings VALUES ('mixxx.schema.last_used_version', '32', 0, 0);
COMMIT;
