"""The lengths that symbolic sizes take in one run: from the shapes of its values, which have to agree."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow.errors import Diagnostic, Path
from dataflow.graph import Input
from dataflow.sizes import Length, names_in, parse_size, solve, substitute
from dataflow.sizing import explain_lengths, show_size

HINT = "a symbolic size has one length wherever it appears"


class Lengths:
    """Lengths by the names of sizes, and what is still to be solved for them.

    >>> lengths = Lengths()
    >>> lengths.note("w", Input(shape=("2*hidden", "k")), (6, 4), ("inputs", "w"))
    >>> lengths.settle(), lengths.known
    ([], {'k': 4, 'hidden': 3})
    """

    __slots__ = ("_computed", "_found", "_owners", "known")

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self._owners: dict[str, str] = {}
        self._computed: list[tuple[str, Path, Length, int]] = []
        self._found: list[Diagnostic] = []

    def note(self, name: str, entry: Input, shape: Sequence[int], path: Path) -> None:
        """Take note of the shape of a value whose entry declares sizes."""
        for axis, (size, length) in enumerate(zip(entry.shape or (), shape, strict=False)):
            if not isinstance(size, str):
                continue
            place = (*path, "shape", axis)
            if not size.isidentifier():
                self._computed.append((name, place, parse_size(size), length))
            elif self.known.setdefault(size, length) == length:
                self._owners.setdefault(size, name)
            else:
                message = f"`{size}` is {length} here and {self.known[size]} in `{self._owners[size]}`"
                self._found.append(Diagnostic("DF0514", message, place, node=name, hint=HINT))

    def settle(self) -> list[Diagnostic]:
        """Solve the computed sizes for what is not known yet; every size whose lengths do not agree.

        What several unknown sizes share out is left open: other values would tell.
        """
        waiting, solved = self._computed, True
        while waiting and solved:
            solved, left = False, []
            for item in waiting:
                if self._solve(*item):
                    solved = True
                else:
                    left.append(item)
            waiting = left
        return self._found

    def _solve(self, name: str, place: Path, size: Length, length: int) -> bool:
        """Compare a computed size with its length, or find a name's length from it; False if it is too early."""
        shown, told, rest = show_size(size), explain_lengths(size, self.known), size
        try:
            rest = substitute(size, self.known)
            if isinstance(rest, int):
                message = "" if rest == length else f"`{shown}` is {length} here and {rest} {told}"
            elif (answer := solve(rest, length)) is None or not answer[0].isidentifier():
                return False
            else:
                self.known[answer[0]] = int(answer[1])
                self._owners[answer[0]], message = name, ""
        except ZeroDivisionError:
            message = f"`{shown}` divides by 0 {told}"
        except ValueError:
            unknown = ", ".join(f"`{item}`" for item in sorted(names_in(rest)))
            message = f"`{shown}` is {length} here, which no length of {unknown} gives {told}"
        if message:
            self._found.append(Diagnostic("DF0514", message.rstrip(), place, node=name, hint=HINT))
        return True
