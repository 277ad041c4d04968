"""What convolution and pooling share: lengths per axis, padding, and how many places a window has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dataflow.shapes import Shape, is_surely_less

Lengths = int | Sequence[int]
Padding = Lengths | str
Sizes = tuple[Any, ...]  # ints in a kernel; what is made of the shapes in a rule may be symbolic


class Windows(NamedTuple):
    """Windows over the spatial axes of an array: `before` and `after` are the padding, `places` how many there are."""

    lengths: Sizes
    kernel: Sizes
    stride: tuple[int, ...]
    before: Sizes
    after: Sizes
    dilation: tuple[int, ...]
    places: Sizes

    @property
    def padded(self) -> bool:
        """Whether anything is added at an edge."""
        return any(self.before) or any(self.after)


def per_axis(value: Any, count: int, what: str, least: int) -> Sizes:
    """One number for each of `count` axes. Raises `ValueError` for another count, or a number below `least`.

    >>> per_axis(2, 3, "stride", 1), per_axis((1, 2), 2, "stride", 1)
    ((2, 2, 2), (1, 2))
    """
    single = not isinstance(value, tuple | list)
    values = (value,) * count if single else tuple(value)
    if len(values) != count:
        raise ValueError(f"{what} has {len(values)} numbers, {list(values)}, for {count} spatial axes")
    if any(is_surely_less(item, least) for item in values):
        raise ValueError(f"{what} is at least {least} along each axis, not {value if single else list(value)}")
    return values


def place_windows(lengths: Shape, kernel: Shape, stride: Lengths, padding: Padding, dilation: Lengths) -> Windows:
    """The windows of a kernel over these lengths. Raises `ValueError` where it does not fit in.

    >>> place_windows((5,), (3,), 2, 1, 1).places, place_windows((5,), (2,), 1, "same", 1).places
    ((3,), (5,))
    """
    count = len(lengths)
    kernel = per_axis(tuple(kernel), count, "the kernel", 1)
    strides, dilations = per_axis(stride, count, "stride", 1), per_axis(dilation, count, "dilation", 1)
    spans = [gap * (length - 1) + 1 for length, gap in zip(kernel, dilations, strict=True)]
    before, after = _pad(padding, spans, strides)
    places = []
    for axis, (length, span) in enumerate(zip(lengths, spans, strict=True)):
        whole = length + before[axis] + after[axis]
        if is_surely_less(whole, span):
            raise ValueError(
                f"the kernel spans {span} along spatial axis {axis}, more than the {whole} of the padded input"
            )
        places.append((whole - span) // strides[axis] + 1)
    return Windows(tuple(lengths), kernel, strides, before, after, dilations, tuple(places))


def _pad(padding: Padding, spans: Sequence[Any], strides: Sequence[int]) -> tuple[Sizes, Sizes]:
    """Padding before and after along each axis; where "same" is odd in all, the one more is after."""
    if padding == "valid":
        padding = 0
    if padding == "same":
        if any(item != 1 for item in strides):
            raise ValueError(f'padding "same" needs a stride of 1, not {list(strides)}')
        before = tuple([(span - 1) // 2 for span in spans])
        return before, tuple([span - 1 - item for span, item in zip(spans, before, strict=True)])
    if isinstance(padding, str):
        raise ValueError(f'padding is "same", "valid" or a number along each axis, not "{padding}"')
    both = per_axis(padding, len(spans), "padding", 0)
    return both, both
