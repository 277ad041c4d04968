"""Memory that several processes see: pieces that are handed out as arrays, and used again when nobody holds them."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Type = tuple[str, tuple[int, ...]]
ALIGNED = 4096


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

    def make(self, types: Mapping[str, Type]) -> dict[str, Array]:
        """Arrays of some dtypes and shapes by name, all in one segment."""
        sizes = {name: np.dtype(dtype).itemsize * prod(shape) for name, (dtype, shape) in types.items()}
        number = self._take(max(ALIGNED, sum(-(-size // ALIGNED) * ALIGNED for size in sizes.values())))
        base = np.frombuffer(self.segments[number].memory, np.uint8)
        weakref.finalize(base, self._free.append, number)
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
