"""Memory that several processes see: pieces that are handed out as arrays, and used again when nobody holds them.

A forked child is none of these processes: arrays that somebody outside holds are its own from then on, as all else is.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
import weakref
from collections.abc import Mapping
from math import prod
from threading import get_ident
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Type = tuple[str, tuple[int, ...]]
ALIGNED = 4096
FIXED = 0x10  # MAP_FIXED on Linux and macOS, which `mmap` does not name


class Place(NamedTuple):
    """Where an array stands: in which segment, from which byte on."""

    segment: int
    offset: int
    dtype: str
    shape: tuple[int, ...]


class Segment:
    """A piece of shared memory. `descriptor` is what another process opens it by, `start` its address here."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor = _make_descriptor(size)
        self.memory = mmap.mmap(self.descriptor, size)
        self.start = np.frombuffer(self.memory, np.uint8).__array_interface__["data"][0]
        weakref.finalize(self, os.close, self.descriptor)

    def part(self, content: bytes) -> None:
        """Put memory of this process alone, with that content, where the shared memory stood."""
        library = ctypes.CDLL(None, use_errno=True)
        library.mmap.restype = ctypes.c_void_p
        library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        access, kind = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | FIXED
        if library.mmap(self.start, self.size, access, kind, -1, 0) != self.start:
            raise OSError(ctypes.get_errno(), "shared memory cannot be replaced")
        ctypes.memmove(self.start, content, self.size)


def _make_descriptor(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("dataflow")
    else:
        with tempfile.TemporaryFile() as file:  # it has no name: nothing is left behind
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


class SharedMemory:
    """Arrays in shared memory. What they stood in is used again as soon as the last of them is gone."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self._free: list[int] = []
        self._inner: set[int] = set()
        _FORKS.memories.add(self)

    def list_held(self) -> list[Segment]:
        """The segments of arrays that somebody outside may hold."""
        apart = {*self._free, *self._inner}
        return [segment for number, segment in enumerate(self.segments) if number not in apart]

    def make(self, types: Mapping[str, Type], *, inner: bool = False) -> dict[str, Array]:
        """Arrays of some dtypes and shapes by name, all in one segment; `inner` ones are shown to nobody outside."""
        sizes = {name: np.dtype(dtype).itemsize * prod(shape) for name, (dtype, shape) in types.items()}
        number = self._take(max(ALIGNED, sum(-(-size // ALIGNED) * ALIGNED for size in sizes.values())))
        base = np.frombuffer(self.segments[number].memory, np.uint8)
        weakref.finalize(base, self._free.append, number)
        (self._inner.add if inner else self._inner.discard)(number)
        found: dict[str, Array] = {}
        start = 0
        for name, size in sizes.items():
            dtype, shape = types[name]
            found[name] = base[start : start + size].view(dtype).reshape(shape)
            start += -(-size // ALIGNED) * ALIGNED
        return found

    def _take(self, size: int) -> int:
        """A segment of at least that size: a free one, or a new one."""
        for number in self._free:
            if size <= self.segments[number].size <= 2 * size:
                self._free.remove(number)
                return number
        self.segments.append(Segment(size))
        return len(self.segments) - 1

    def find(self, array: Array) -> Place | None:
        """Where an array stands; None if it is not in shared memory, or not in one piece."""
        address = array.__array_interface__["data"][0]
        for number, segment in enumerate(self.segments):
            if segment.start <= address < segment.start + segment.size and array.flags.c_contiguous:
                return Place(number, address - segment.start, array.dtype.name, array.shape)
        return None


def cut_array(memory: mmap.mmap, place: Place) -> Array:
    """The array that stands at a place of a segment."""
    count = prod(place.shape)
    return np.frombuffer(memory, place.dtype, count, place.offset).reshape(place.shape)


class _Forks:
    """Sees to it that a forked child writes to nothing of its parent's, nor its parent to what the child has."""

    def __init__(self) -> None:
        self.memories: weakref.WeakSet[SharedMemory] = weakref.WeakSet()
        self._contents: dict[int, list[tuple[Segment, bytes]]] = {}  # by the thread that forks
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._read, after_in_parent=self._take, after_in_child=self._part)

    def _read(self) -> None:
        held = [segment for memory in list(self.memories) for segment in memory.list_held()]
        self._contents[get_ident()] = [(segment, segment.memory[:]) for segment in held]

    def _take(self) -> list[tuple[Segment, bytes]]:
        return self._contents.pop(get_ident(), [])

    def _part(self) -> None:
        for segment, content in self._take():
            segment.part(content)


_FORKS = _Forks()  # hooks of a process can be added, not taken away
