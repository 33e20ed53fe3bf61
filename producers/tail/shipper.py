"""The shipper's loop: knows the log's files through rotations, reads and cuts them, and hands the pieces on.

Between the log (`files.py`, `cut.py`) and what is on its way (`pipeline.py`). Older files come first, so that a crash
never hides one behind a newer one. Nothing here looks at a clock: `poll` is told the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from producers.tail.files import Candidate, Reader, look_around, pick
from producers.tail.pipeline import Pipeline
from producers.tail.progress import FileAt

LINGER: Final = 1.0
"""Seconds that a whole line may wait for others before it is sent."""
ROTATED: Final = 3
"""Rotated files kept open: their writer may still be told to let go of them."""


class Shipper:
    """Ships one log, and what it is rotated to. The errors of `start` and `poll` are those of `Pipeline.ship`."""

    def __init__(self, log: Path, pipeline: Pipeline) -> None:
        """Nothing is read yet, see `start`. `log` is the path that is written to."""
        self._log = log
        self._pipeline = pipeline
        self._readers: list[Reader] = []

    def start(self, *, at_end: bool = False) -> None:
        """Find the files again and send what was intended.

        Args:
            at_end: skip what is in the log now; for a first start.
        """
        last = None
        candidates = look_around(self._log)
        for known in self._pipeline.progress.files:
            last = self._find(known, candidates)
            if last:
                self._readers.append(last)
                if last.is_at_line_start() and self._pipeline.resend(known.identity, last.range):
                    last.seek(self._pipeline.progress.position(known.identity) or 0)
                    continue
                self._readers.remove(last)
            self._lose(known, last)
            last = None
        if last and not last.is_named(self._log):
            self._catch_up(after=last.modified)
        elif not last:
            self._open_log(at_end=at_end)
        self._pipeline.save()

    def poll(self, now: float, *, flush: bool = False) -> bool:
        """Ship what there is; gives whether anything was read.

        Args:
            now: seconds on any steady clock; lines that waited for `LINGER` are sent.
            flush: do not let whole lines wait.
        """
        self._follow()
        was_busy = [self._pump(reader, now, flush=flush) for reader in list(self._readers)]
        self._let_go()
        if any(was_busy):
            return True
        self._pipeline.drain()
        return False

    @property
    def partial(self) -> int:
        """Bytes of a last line without an end, which waits."""
        return sum(reader.cutter.partial for reader in self._readers)

    def _pump(self, reader: Reader, now: float, *, flush: bool) -> bool:
        identity = reader.identity
        if identity is None:
            return self._identify(reader)
        data = reader.read()
        for piece in reader.cutter.feed(data):
            self._pipeline.ship(identity, piece)
            reader.held_since = None
        if reader.held_since is None:
            reader.held_since = now
        # At full speed, and in a single pass, cuts are a function of the bytes alone.
        is_due = not data if flush else now - reader.held_since >= LINGER
        if not reader.cutter.lines:
            reader.held_since = None
        elif is_due:
            reader.held_since = None
            for piece in reader.cutter.flush():
                self._pipeline.ship(identity, piece)
        return bool(data)

    def _identify(self, reader: Reader) -> bool:
        """Ask for a new file's identity; gives whether it has one now. It is read after those that are older."""
        looked_at = reader.modified
        identity = reader.identify()
        if identity is None:
            return False
        if self._pipeline.progress.files and reader is self._readers[-1]:
            # What was in it may have been copied away and truncated before its first line was seen.
            self._add_unseen(after=looked_at)
        if self._pipeline.progress.position(identity) is None:
            self._pipeline.progress = self._pipeline.progress.at(identity, reader.cutter.start)
        return True

    def _follow(self) -> None:
        """Notice that the log was rotated."""
        current = self._readers[-1] if self._readers else None
        if current is None:
            self._open_log()
        elif current.was_truncated():
            self._truncated(current)
        elif not current.is_named(self._log) and self._log.exists():
            self._catch_up(after=current.modified)

    def _truncated(self, current: Reader) -> None:
        """The log was copied and truncated: finish the copy, begin anew what was written since."""
        self._pipeline.drain()
        identity, position, after = current.identity, current.cutter.start, current.modified
        self._readers.remove(current)
        if identity is not None:
            copy = self._find(
                FileAt(identity, position), [one for one in look_around(self._log) if one.path != self._log]
            )
            if copy:
                self._readers.append(copy)
                after = copy.modified
            else:
                for piece in current.cutter.flush():
                    self._pipeline.ship(identity, piece)
                self._pipeline.drain()
                self._lose(FileAt(identity, current.cutter.start), None)
        current.close()
        self._catch_up(after=after)

    def _find(self, known: FileAt, candidates: list[Candidate]) -> Reader | None:
        """The file that `known` is now, opened. Files are renamed under our eyes: what is opened is looked at again."""
        while True:
            nodes = {reader.node for reader in self._readers}
            found = pick(known, [one for one in candidates if one.node not in nodes])
            if found is None:
                return None
            reader = Reader.of(found, known.identity, known.position)
            if reader:
                return reader
            candidates = look_around(self._log)

    def _catch_up(self, *, after: int) -> None:
        """Begin with the log, and before it with what was written and rotated while nobody looked.

        The log is opened first: whatever it is renamed to from then on, it is read.
        """
        is_there = self._open_log()
        self._add_unseen(after=after, is_log_last=is_there)

    def _open_log(self, *, at_end: bool = False) -> bool:
        """Begin with the log, unless it is one of those that are read; it is the last one. False if there is none."""
        for reader in self._readers:
            if reader.is_named(self._log):
                self._readers.remove(reader)
                self._readers.append(reader)
                return True
        try:
            reader = Reader(self._log)
        except FileNotFoundError:  # its writer is about to open it anew
            return False
        if at_end and (identity := reader.identify()):
            reader.seek(reader.last_line_start())
            self._pipeline.progress = self._pipeline.progress.at(identity, reader.cutter.start)
        self._readers.append(reader)
        return True

    def _add_unseen(self, *, after: int, is_log_last: bool = True) -> None:
        """Begin with siblings that were written and rotated while nobody looked: newer than the last one known."""
        known = {at.identity.digest for at in self._pipeline.progress.files}
        nodes = {reader.node for reader in self._readers}
        unseen = [
            one
            for one in look_around(self._log)
            if one.modified > after
            and one.path != self._log
            and one.identity.digest not in known
            and one.node not in nodes
        ]
        for one in sorted(unseen, key=lambda one: one.modified):
            reader = Reader.of(one, one.identity)
            if reader is None:
                return self._add_unseen(after=after, is_log_last=is_log_last)  # renamed again
            self._readers.insert(len(self._readers) - is_log_last, reader)
            self._pipeline.progress = self._pipeline.progress.at(one.identity, 0)
        return None

    def _let_go(self) -> None:
        """Close rotated files that nobody can write to any more, or that are too many."""
        for reader in self._readers[:-1]:
            is_finished = not reader.cutter.lines and not reader.read()
            if is_finished and (reader.is_deleted() or len(self._readers) > ROTATED + 1):
                self._pipeline.drain()
                self._readers.remove(reader)
                if reader.is_deleted() and reader.identity:
                    self._pipeline.progress = self._pipeline.progress.forget(reader.identity)
                reader.close()

    def _lose(self, known: FileAt, reader: Reader | None) -> None:
        """A file is gone: say which of its lines nobody counted."""
        if reader:
            reader.close()
        progress = self._pipeline.progress
        intended = [one for one in progress.intents if one.identity == known.identity]
        if known in progress.files[-1:] or intended:
            said = ", ".join(f"{one.start:,}..{one.end:,} may or may not be counted" for one in intended)
            self._pipeline.totals.notes.append(
                f"the log known as {known.identity.range(0, known.position)} is gone (compressed, deleted or written "
                f"anew): what was added after byte {known.position:,} is not counted{'; bytes ' + said if said else ''}"
            )
        self._pipeline.progress = progress.forget(known.identity)
