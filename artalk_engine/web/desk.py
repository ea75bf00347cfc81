"""Where users come with their wishes: one job each, first come, first served, and not too many."""

from __future__ import annotations

import secrets
import threading

from artalk_engine.errors import OptionError

from .files import PageFiles
from .jobs import Job
from .studio import Studio, Wish


class BusyError(OptionError):
    """Too many users wait already."""

    code = "busy"
    default_remedy = "Try again in a few minutes."


class Desk:
    """Takes wishes and keeps jobs.

    Attributes:
        studio: which makes them.
        files: where their files lie.
    """

    def __init__(self, studio: Studio, files: PageFiles, most_waiting: int) -> None:
        self.studio, self.files = studio, files
        self._most_waiting = most_waiting
        self._jobs: dict[str, Job] = {}  # of each user the newest
        self._line: list[Job] = []  # in the order of their coming; the first is at work
        self._changed = threading.Condition()

    def take(self, user: str, wish: Wish) -> Job:
        """Put a user's wish into the line; an earlier one of the same user ends.

        Raises:
            BusyError: if too many wait, or there is no room on the disk.
        """
        self.cancel(user)
        if not self.files.has_room(0):
            raise BusyError("The page has no room left for more films.")
        with self._changed:
            if len(self._line) >= self._most_waiting:
                raise BusyError(f"{len(self._line)} others are waiting already.")
            job = Job(secrets.token_hex(8), wish, self.files.open())
            old, self._jobs[user] = self._jobs.get(user), job
            self._line.append(job)
        if old is not None:
            self.files.close(old.folder)
        threading.Thread(target=self._work, args=(job,), name=f"job {job.number}", daemon=True).start()
        return job

    def cancel(self, user: str) -> None:
        """End what is made for a user, if anything is."""
        job = self._jobs.get(user)
        if job is not None and not job.is_over:
            job.cancel()
            with self._changed:
                self._changed.notify_all()

    def leave(self, user: str) -> None:
        """Take note that a user is gone: what is made ends, and the files grow old."""
        self.cancel(user)
        job = self._jobs.pop(user, None)
        if job is not None:
            self.files.close(job.folder)

    def find(self, number: str) -> Job | None:
        """Find a job by its number, which nobody can guess."""
        return next((job for job in list(self._jobs.values()) if job.number == number), None)

    def ahead_of(self, job: Job) -> int:
        """Say how many come before a job."""
        with self._changed:
            return self._line.index(job) if job in self._line else 0

    def end(self) -> None:
        """End everything."""
        for user in list(self._jobs):
            self.leave(user)

    def _work(self, job: Job) -> None:
        """Wait for a job's turn and do it."""
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._line[0] is job or job.is_cancelled)
            if not job.is_cancelled:
                job.run(self.studio)
        finally:
            with self._changed:
                self._line.remove(job)
                self._changed.notify_all()
            if job.results is None:
                self.files.remove(job.folder)
            job.close()
