"""What convolution and pooling share: lengths per axis, padding, and how many places a window has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Lengths = int | Sequence[int]
Padding = Lengths | str
Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


class Windows(NamedTuple):
    """Windows over the spatial axes of an array: `before` and `after` are the padding, `places` how many there are."""

    lengths: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    dilation: tuple[int, ...]
    places: tuple[int, ...]

    @property
    def padded(self) -> bool:
        """Whether anything is added at an edge."""
        return any(self.before) or any(self.after)


def per_axis(value: Lengths, count: int, what: str, least: int) -> tuple[int, ...]:
    """One number for each of `count` axes. Raises `ValueError` for another count, or a number below `least`.

    >>> per_axis(2, 3, "stride", 1), per_axis((1, 2), 2, "stride", 1)
    ((2, 2, 2), (1, 2))
    """
    values = (value,) * count if isinstance(value, int) else tuple(value)
    if len(values) != count:
        raise ValueError(f"{what} has {len(values)} numbers, {list(values)}, for {count} spatial axes")
    if any(item < least for item in values):
        found = value if isinstance(value, int) else list(value)
        raise ValueError(f"{what} is at least {least} along each axis, not {found}")
    return values


def place_windows(
    lengths: Sequence[int], kernel: Sequence[int], stride: Lengths, padding: Padding, dilation: Lengths
) -> Windows:
    """The windows of a kernel over these lengths. Raises `ValueError` where it does not fit in.

    >>> place_windows((5,), (3,), 2, 1, 1).places, place_windows((5,), (2,), 1, "same", 1).places
    ((3,), (5,))
    """
    count = len(lengths)
    kernel = per_axis(kernel, count, "the kernel", 1)
    strides, dilations = per_axis(stride, count, "stride", 1), per_axis(dilation, count, "dilation", 1)
    spans = [gap * (length - 1) + 1 for length, gap in zip(kernel, dilations, strict=True)]
    before, after = _pad(padding, spans, strides)
    places = []
    for axis, (length, span) in enumerate(zip(lengths, spans, strict=True)):
        whole = length + before[axis] + after[axis]
        if span > whole:
            raise ValueError(
                f"the kernel spans {span} along spatial axis {axis}, more than the {whole} of the padded input"
            )
        places.append((whole - span) // strides[axis] + 1)
    return Windows(tuple(lengths), kernel, strides, before, after, dilations, tuple(places))


def _pad(padding: Padding, spans: Sequence[int], strides: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Padding before and after along each axis; where "same" is odd in all, the one more is after."""
    if padding == "valid":
        padding = 0
    if padding == "same":
        if any(item != 1 for item in strides):
            raise ValueError(f'padding "same" needs a stride of 1, not {list(strides)}')
        before = tuple((span - 1) // 2 for span in spans)
        return before, tuple(span - 1 - item for span, item in zip(spans, before, strict=True))
    if isinstance(padding, str):
        raise ValueError(f'padding is "same", "valid" or a number along each axis, not "{padding}"')
    both = per_axis(padding, len(spans), "padding", 0)
    return both, both


def pad(x: Array, windows: Windows, fill: float) -> Array:
    """`x` with its spatial axes padded."""
    if not windows.padded:
        return x
    lead = x.shape[: x.ndim - len(windows.lengths)]
    sizes = zip(windows.before, windows.lengths, windows.after, strict=True)
    padded = np.full((*lead, *(sum(parts) for parts in sizes)), fill, x.dtype)
    padded[interior(windows)] = x
    return padded


def interior(windows: Windows) -> tuple[Any, ...]:
    """Where the array itself is in the padded one."""
    return (..., *(slice(start, start + n) for start, n in zip(windows.before, windows.lengths, strict=True)))


def crop(padded: Array, windows: Windows) -> Array:
    """The adjoint of `pad`."""
    return padded[interior(windows)] if windows.padded else padded


def tap(windows: Windows, offset: Sequence[int]) -> tuple[Any, ...]:
    """The elements of the padded array that stand at one offset of the kernel, in all windows."""
    return (..., *(
        slice(start, start + step * (count - 1) + 1, step)
        for start, step, count in zip(
            [gap * item for gap, item in zip(windows.dilation, offset, strict=True)], windows.stride, windows.places,
            strict=True,
        )
    ))  # fmt: skip
