"""A look into the audit ring of a worker: who holds the lock to write it out."""

import os
import re
import struct

MAGIC = struct.pack("<Q", 0x676e697274696475)   # as in audit_ring.c

# offset of the drain mutex in audit_ring_t; its first word is the holder's
# thread, or 0 (glibc, x86-64)
DRAIN = 136
HOLDER = 0x3fffffff


def owner(thread):
    """The process that a thread is of, or None."""
    try:
        with open(f"/proc/{thread}/status", encoding="ascii") as status:
            return int(re.search(r"(?m)^Tgid:\s*(\d+)", status.read())[1])
    except OSError:
        return None


class DrainLock:
    """The lock, in the memory that this worker shares with the others."""

    def __init__(self, pid):
        self.memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        self.address = self._find(pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.memory)

    def _find(self, pid):
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            for line in maps:
                span, rights = line.split()[:2]
                if rights != "rw-s":
                    continue
                begin, end = (int(n, 16) for n in span.split("-"))
                at = os.pread(self.memory, min(end - begin, 1 << 17),
                              begin).find(MAGIC)
                if at != -1:
                    return begin + at + DRAIN
        raise RuntimeError("no audit ring in the memory of a worker")

    def holder(self):
        """The process whose thread holds it, or None."""
        try:
            word, = struct.unpack("<I", os.pread(self.memory, 4, self.address))
        except OSError:
            return None
        return owner(word & HOLDER) if word & HOLDER else None
