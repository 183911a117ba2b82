"""The recorder's folder: segments one after the other, the oldest of which go; what cannot be kept is counted.

DIR/lock is held by who writes; DIR/segments/NUMBER are segments; DIR/past holds the logs of segments of this session that
have gone, for a band is what it has heard from the start; DIR/takes is daemon.flight.saving's.
"""

import fcntl
import shutil
import zlib
from pathlib import Path

import msgspec

from daemon.errors import UserError
from daemon.flight import segment
from daemon.flight.link import About, Batch
from daemon.flight.segment import PAST, SEGMENTS, TAKES, Label, Segment, Writing
from daemon.flight.shadow import Shadow
from daemon.flight.tap import Part

SEGMENT_S, PARTS, SHORTEST_S = 10.0, 6, 1.0  # a segment lasts; that many of them, where little is kept; at least
PAST_BYTES = 64 << 20  # of logs whose sound has gone
AGAIN_S = 0.5  # after a write that failed
SLACK_S = 60.0  # beyond `minutes`, or as much again, that is kept while the analysers' state lags behind


_header = msgspec.msgpack.Decoder(Batch).decode


class FolderError(UserError):
    """A folder in which nothing can be kept."""


class Folder:
    """[main] of the recorder; times are CLOCK_MONOTONIC in seconds."""

    def __init__(self, path: Path, minutes: float, about: About) -> None:
        """Take the folder, go on after what is there. Raises FolderError."""
        self.path, self._minutes, self._about = path, minutes, about
        self._segment_s = max(SHORTEST_S, min(SEGMENT_S, 60.0 * minutes / PARTS))
        self.lost_s, self.lost_messages, self.error = 0.0, 0, ""
        self.held = 0  # takes that are being saved: nothing goes meanwhile
        try:
            for name in (SEGMENTS, PAST, TAKES):
                (path / name).mkdir(parents=True, exist_ok=True)
            self._lock = open(path / "lock", "a")  # noqa: SIM115 - as long as this process lives
        except OSError as error:
            raise FolderError(f"{path}: nothing can be recorded there: {error.strerror}; give another folder") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderError(f"{path}: another jamd records there; end it, or give another folder") from None
        for half in (path / TAKES).glob(".*.part"):  # a take that was being saved when its process was killed
            shutil.rmtree(half, ignore_errors=True)
        self.kept = segment.found(path / SEGMENTS)
        self._kept_s = sum(one.seconds for one in self.kept)
        numbers = [int(one.name) for one in (path / SEGMENTS).iterdir() if one.name.isdigit()]
        self._number = max(numbers, default=0) + 1
        self._now: Writing | None = None
        self._opened_at = self._again_at = 0.0
        self.epoch, self.next = -1, 0  # the stream, and its next sample
        self._item = 0  # of the log
        self._shadow = Shadow()
        self._go_on()
        for one in self._unknown():
            self._shadow.follow(one)

    def close(self) -> None:
        """What is there is whole."""
        self._end()
        self._shadow.close()
        self._lock.close()

    @property
    def seconds(self) -> float:
        """Of sound that it holds."""
        now = self._now
        return self._kept_s + (now.samples / now.label.rate if now and now.samples else 0.0)

    def sound(self, part: Part, now_s: float) -> None:
        """Keep new sound."""
        is_same = part.epoch == self.epoch
        gap = part.first - (self.next if is_same else 0)
        if gap > 0:
            self.lost_s += gap / part.rate
        self.epoch, self.next = part.epoch, part.end
        writing = self._now
        if writing is not None and (
            gap > 0 or part.epoch != writing.label.epoch or writing.samples >= self._segment_s * part.rate
        ):
            self._end()
        label = Label(self._about, part.epoch, part.rate, part.channels, part.first)
        try:
            self._open(label, now_s).sound(part.samples)
        except OSError as error:
            self._fail(error, now_s)
            self.lost_s += len(part.samples) / part.rate

    def log(self, packed: bytes, now_s: float) -> None:
        """Keep a packed Batch."""
        batch = _header(packed)
        self.lost_messages += max(0, batch.number - self._item)
        self._item = batch.number + len(batch.items)
        if self._now is not None and now_s >= self._opened_at + 2 * self._segment_s:  # no sound comes that would end it
            self._end()
        try:
            self._open(Label(self._about), now_s).log(packed)
        except OSError as error:
            self._fail(error, now_s)
            self.lost_messages += len(batch.items)

    def roll(self) -> list[Segment]:
        """End the segment in hand; gives all that there are."""
        self._end()
        return list(self.kept)

    def prune(self) -> None:
        """Let the oldest go where there is more than is to be kept, and the next can be played without it."""
        most = 60.0 * self._minutes
        while len(self.kept) > 1 and not self.held:
            first, second = self.kept[:2]
            rest = self.seconds - first.seconds
            is_over = bool(first.seconds) and rest >= most
            if not is_over and len(self.kept) <= 2 * most / self._segment_s + 2:  # for logs grow where no sound comes
                return
            waits = second.follows(first) and self._shadow.is_at(second)
            if waits and rest < most + max(most, SLACK_S):
                return
            self._kept_s -= first.seconds
            self._let_go(self.kept.pop(0))

    def _open(self, label: Label, now_s: float) -> Writing:
        """The segment in hand, or a new one. Raises OSError."""
        writing = self._now
        if writing is not None and (label.rate == 0 or writing.label.rate > 0):
            return writing
        if now_s < self._again_at:
            raise OSError(0, self.error or "it is tried again")
        self._end()
        if label.rate == 0 and self.epoch >= 0:
            label = msgspec.structs.replace(label, epoch=self.epoch, first=self.next)
        self._number += 1
        self._now = Writing(self.path / SEGMENTS / f"{self._number:08}", label)
        self._opened_at, self.error = now_s, ""
        return self._now

    def _end(self) -> None:
        writing, self._now = self._now, None
        if writing is None:
            return
        writing.close()
        try:
            done = Segment(writing.path)
            is_empty = not done.samples and not (done.path / segment.LOG).stat().st_size
        except (OSError, msgspec.MsgspecError):
            return  # somebody has taken it away
        if is_empty:
            segment.remove(done.path)
            return
        self.kept.append(done)
        self._kept_s += done.seconds
        self._shadow.follow(done)

    def _fail(self, error: OSError, now_s: float) -> None:
        """Nothing can be written; the segment in hand ends before that."""
        if now_s >= self._again_at:
            why = error.strerror or str(error)
            self.error = f"{self.path}: {why}; make room there, and recording goes on"
            self._again_at = now_s + AGAIN_S
        self._end()

    def _go_on(self) -> None:
        """Where a recorder of this session was before: after what it kept."""
        for one in reversed(self.kept):
            if one.label.about.began_ns != self._about.began_ns:
                return
            if one.label.rate > 0 and self.epoch < 0:
                self.epoch, self.next = one.label.epoch, one.end
            for batch in one.batches():
                self._item = max(self._item, batch.number + len(batch.items))

    def _unknown(self) -> list[Segment]:
        """The newest segments of this session, from the last on of which it is known how the analysers stood."""
        found: list[Segment] = []
        for one in reversed(self.kept):
            if one.label.about.began_ns != self._about.began_ns:
                break
            found.insert(0, one)
            if one.is_known:
                return found
        return []

    def _let_go(self, gone: Segment) -> None:
        """Its log is kept as long as its session has sound."""
        past = self.path / PAST
        began_ns = gone.label.about.began_ns
        try:
            packed = zlib.compress((gone.path / segment.LOG).read_bytes(), 6)
            (past / f"{began_ns}-{gone.number:08}.z").write_bytes(packed)
        except OSError:
            pass  # the log then shows that something is missing
        segment.remove(gone.path)
        alive = {one.label.about.began_ns for one in self.kept} | {self._about.began_ns}
        logs = sorted(past.glob("*.z"))
        size = 0
        for log in reversed(logs):
            try:
                size += log.stat().st_size
            except OSError:
                continue  # somebody has taken it away
            if size > PAST_BYTES or not any(log.name.startswith(f"{one}-") for one in alive):
                log.unlink(missing_ok=True)
