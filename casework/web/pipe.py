"""How a file leaves the process: through a pipe that the server reads as a file, as fast as its client takes it.

granian's own stream takes everything it is given into memory, without end: who reads slowly, or not at all, would have
the server hold the whole file. What it reads from a path it reads only when there is room for it on the line. A pipe
has such a path (/proc/self/fd), is memory of the kernel, and never the disk.
"""

import asyncio
import contextlib
import fcntl
import os

SIZE = 256 * 1024  # of the pipe
LATE = 60.0  # seconds for which the server may still open what was given up


class Pipe:
    """`path` is to be opened once, for reading; more than `size` bytes have to be sent through it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        with contextlib.suppress(PermissionError):  # this account has many
            fcntl.fcntl(self._writer, fcntl.F_SETPIPE_SZ, SIZE)
        self.size = fcntl.fcntl(self._writer, fcntl.F_GETPIPE_SZ)
        self.path = f"/proc/self/fd/{self._reader}"
        self._sent, self._opened = 0, False

    async def send(self, data: bytes, gone: asyncio.Future) -> bool:
        """Pass bytes on as there is room for them; False when nobody reads any more, or `gone` is done."""
        rest = memoryview(data)
        while rest:
            try:
                count = os.write(self._writer, rest)
            except BlockingIOError:
                if not await self._room(gone):
                    return False
                continue
            except BrokenPipeError:
                return False
            rest, self._sent = rest[count:], self._sent + count
            if not self._opened and self._sent > self.size:
                # More than it holds: somebody has read, and from now on the end of that reader is noticed.
                self._opened = True
                os.close(self._reader)
        return True

    async def _room(self, gone: asyncio.Future) -> bool:
        loop = asyncio.get_running_loop()
        room = loop.create_future()
        loop.add_writer(self._writer, lambda: room.done() or room.set_result(None))
        try:
            await asyncio.wait((room, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_writer(self._writer)
        return not gone.done()

    def close(self) -> None:
        """Nothing more comes."""
        os.close(self._writer)
        if not self._opened:
            # Its number must not become another file's as long as the server may open it.
            asyncio.get_running_loop().call_later(LATE, os.close, self._reader)
