"""A folder of YAML files that people edit while mailbot runs: looked at again and again, and read anew when it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from pathlib import Path

LOOK_EVERY = 0.2
"""Seconds between two looks at the folder; a change counts when two looks in a row see the same, so an edit takes effect within
half a second and a file that is still being written is not read."""

ENDINGS = (".yaml", ".yml")


class WatchedFolder:
    """Keeps what was read of a folder up to date: whoever derives from it says in `reload` what reading means."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.problem = ""
        """What is wrong with the folder as it is now, and that what was good before stays in force; "" when all is well."""
        self._seen: Hashable = None

    async def watch(self) -> None:
        """Keep what is in force up to date until cancelled."""
        pending = self._seen
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = await asyncio.to_thread(self._signature)
            if now != self._seen and now == pending:
                await asyncio.to_thread(self.reload)
            pending = now

    def reload(self) -> bool:
        """Read the folder now; return whether all of it is in force. Never raises: `problem` says what is wrong."""
        raise NotImplementedError

    def _signature(self) -> Hashable:
        """Return what changes whenever a file of the folder is edited or replaced."""
        files = []
        try:
            for path in sorted(self.directory.iterdir()):
                if path.suffix in ENDINGS:
                    stat = path.stat()
                    files.append((path.name, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino))
        except OSError:
            files.append(("", 0, 0, 0, 0))
        return tuple(files)


def yaml_files(directory: Path) -> list[Path]:
    """Return the files of a folder that count, by name: what editors leave beside them does not. Raises OSError."""
    found = (path for path in directory.iterdir() if path.suffix in ENDINGS and path.name[0] not in ".#~")
    return sorted(found, key=lambda path: path.name)
