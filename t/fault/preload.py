"""The clock and the allocations of an nginx, in the harness' hand.

libfaketime moves its wall clock, not the monotonic one; failing.c makes one
allocation in so many fail.  Both read files that are changed while it runs.
"""

import asyncio
import glob
import mmap
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent


class Preload:
    """What an nginx gets into its environment, and what is done with it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.clock = self.folder / "clock"
        self.control = self.folder / "failing"
        self.library = self.folder / "failing.so"
        self.memory = None
        self.env = {}
        self.offset = 0.0

    async def start(self):
        """Compiles the one, finds the other."""
        self.folder.mkdir(parents=True)
        proc = await asyncio.create_subprocess_exec(
            "gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o",
            self.library, HERE / "failing.c")
        if await proc.wait() != 0:
            raise RuntimeError("failing.c does not compile")
        faketime = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not faketime:
            raise RuntimeError("libfaketime is missing: package faketime")
        self.control.write_bytes(bytes(12))
        with open(self.control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 12)
        self.set_clock(0)
        self.env = {"LD_PRELOAD": f"{faketime[0]}:{self.library}",
                    "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                    "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_RESET": "1",
                    "DONT_FAKE_MONOTONIC": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "FAILING": str(self.control)}

    def set_clock(self, offset):
        """Its wall clock goes so many seconds before ours."""
        self.offset = offset
        new = self.clock.with_suffix(".new")
        new.write_text(f"{offset:+.3f}\n")
        new.rename(self.clock)

    def fail(self, one_in, seed=0):
        """One allocation in so many fails; 0: none."""
        self.memory[0:8] = struct.pack("<II", one_in, seed)

    def failed(self):
        """How many have failed."""
        return struct.unpack("<I", self.memory[8:12])[0]
