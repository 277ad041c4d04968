"""What differs between two texts, as a unified diff, in linear time also where a million lines differ."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher

CONTEXT = 3  # lines shown around a difference
SMALL = 10_000  # lines of one text times lines of the other: so much is compared line by line

Block = tuple[int, int, int]  # equal lines: their beginning in both texts, their number


class _Matched(SequenceMatcher[str]):
    """Knows the equal lines already; what it would do by itself takes quadratic time at worst."""

    def __init__(self, first: Sequence[str], second: Sequence[str]) -> None:
        super().__init__(None, "", "", autojunk=False)
        self.blocks = [*_join(match(first, second)), Match(len(first), len(second), 0)]

    def get_matching_blocks(self) -> list[Match]:
        return self.blocks


def unified(before: str, after: str, old: str, new: str) -> Iterator[str]:
    r"""The lines of a unified diff, as `patch` reads it; none if the texts are equal.

    >>> print("".join(unified("a\nb\n", "a\nc\n", "old", "new")), end="")
    --- old
    +++ new
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    """
    first, second = _split(before), _split(after)
    for number, hunk in enumerate(_Matched(first, second).get_grouped_opcodes(CONTEXT)):
        if number == 0:
            yield f"--- {old}\n"
            yield f"+++ {new}\n"
        (_, begin, _, begin_new, _), (_, _, end, _, end_new) = hunk[0], hunk[-1]
        yield f"@@ -{_range(begin, end)} +{_range(begin_new, end_new)} @@\n"
        for what, at, stop, at_new, stop_new in hunk:
            if what == "equal":
                yield from _mark(" ", first[at:stop])
            else:
                yield from _mark("-", first[at:stop])
                yield from _mark("+", second[at_new:stop_new])


def match(first: Sequence[str], second: Sequence[str]) -> list[Block]:
    """Equal lines of both, in order: those that stand once in each, what continues them, and what is near."""
    once, once_new = Counter(first), Counter(second)
    places = {line: place for place, line in enumerate(second) if once_new[line] == once[line] == 1}
    anchors = _longest_rise([(place, places[line]) for place, line in enumerate(first) if line in places])
    blocks: list[Block] = []
    at = at_new = 0
    for place, place_new in [*anchors, (len(first), len(second))]:
        if place < at:  # what continues the anchor before has reached it
            continue
        blocks += _match_between(first, second, (at, place), (at_new, place_new))
        length = 0
        while place + length < len(first) and place_new + length < len(second):
            if first[place + length] != second[place_new + length]:
                break
            length += 1
        if length:
            blocks.append((place, place_new, length))
        at, at_new = place + length, place_new + length
    return blocks


def _match_between(
    first: Sequence[str], second: Sequence[str], part: tuple[int, int], part_new: tuple[int, int]
) -> Iterator[Block]:
    (begin, end), (begin_new, end_new) = part, part_new
    length = 0
    while begin + length < end and begin_new + length < end_new and first[begin + length] == second[begin_new + length]:
        length += 1
    if length:
        yield begin, begin_new, length
        begin, begin_new = begin + length, begin_new + length
    if 0 < (end - begin) * (end_new - begin_new) <= SMALL:
        matcher = SequenceMatcher(None, first[begin:end], second[begin_new:end_new], autojunk=False)
        for block in matcher.get_matching_blocks()[:-1]:
            yield begin + block.a, begin_new + block.b, block.size


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs with rising first numbers whose second numbers rise too.

    >>> _longest_rise([(0, 5), (1, 0), (2, 1), (3, 9)])
    [(1, 0), (2, 1), (3, 9)]
    """
    ends: list[int] = []  # for each length the smallest second number with which a rise of that length ends
    indices: list[int] = []
    before: list[int] = []
    for index, (_, number) in enumerate(pairs):
        length = bisect_left(ends, number)
        ends[length : length + 1] = [number]
        indices[length : length + 1] = [index]
        before.append(indices[length - 1] if length else -1)
    found = []
    index = indices[-1] if indices else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _join(blocks: Sequence[Block]) -> Iterator[Match]:
    """Blocks that touch each other as one."""
    at, at_new, length = 0, 0, 0
    for place, place_new, more in blocks:
        if (place, place_new) == (at + length, at_new + length):
            length += more
            continue
        yield Match(at, at_new, length)
        at, at_new, length = place, place_new, more
    yield Match(at, at_new, length)


def _range(begin: int, end: int) -> str:
    length = end - begin
    return f"{begin + 1}" if length == 1 else f"{begin + (length > 0)},{length}"


def _mark(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _split(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)
