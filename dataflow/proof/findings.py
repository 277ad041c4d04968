"""What the proof of a graph found, as data: one `Checked` a gradient."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from dataflow.graph import without_nonfinite

SAID = {  # what is said of gradients that are neither right nor wrong
    "kink": "at a kink, between the slopes of its sides",
    "not finite": "not finite, and there is no finite slope",
    "rounding": "off by what float32 loses: in float64 it agrees",
    "untold": "differences cannot tell",
    "unreached": "unreached: the target does not depend on it",
    "stopped": "0 by declaration: on every way to the target a rule says that it is not differentiable",
    "skipped": "not looked at: the budget is spent",
}


class Blame(NamedTuple):
    """The step whose rule is to be looked at: it gets the right gradient of its output and gives a wrong one on."""

    node: str
    operator: str
    plugin: str
    text: str | None = None
    line: int | None = None
    column: int | None = None


class Checked(NamedTuple):
    """One gradient, compared. `status` is ``"agrees"``, ``"wrong"``, or one of `SAID`.

    `found` and `expected` are those of the worst `element` (None: of a number, or along a random direction if
    `directions`), `disagreement` is their difference relative to the largest element, `error` that of `expected`.
    """

    name: str
    status: str
    size: int = 1
    directions: bool = False
    element: tuple[int, ...] | None = None
    found: float | None = None
    expected: float | None = None
    error: float | None = None
    disagreement: float = 0.0
    kinks: int = 0
    text: str | None = None  # the expression, for what has no name of its own
    line: int | None = None
    column: int | None = None
    blame: Blame | None = None
    note: str | None = None

    @property
    def ratio(self) -> float | None:
        """What was found over what was expected.

        >>> Checked("a", "wrong", found=4.0, expected=2.0).ratio
        2.0
        """
        if self.found is None or not self.expected or not math.isfinite(self.expected):
            return None
        return self.found / self.expected

    def as_data(self) -> dict[str, Any]:
        """What is known, as a mapping that JSON can hold."""
        data = {key: value for key, value in self._asdict().items() if value not in (None, False) and key != "blame"}
        if self.ratio is not None:
            data["ratio"] = self.ratio
        if self.blame is not None:
            data["blame"] = {key: value for key, value in self.blame._asdict().items() if value is not None}
        return without_nonfinite(data)  # type: ignore[no-any-return]


class GraphReport(NamedTuple):
    """Every gradient of a graph, in the order of the document. `sweeps` is what it cost, in forward sweeps."""

    name: str
    target: str
    seed: int
    sweeps: int
    checks: tuple[Checked, ...]
    notes: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[Checked, ...]:
        """The gradients that are not those of the graph."""
        return tuple(item for item in self.checks if item.status == "wrong")

    @property
    def compared(self) -> tuple[Checked, ...]:
        """The gradients that were compared with differences."""
        return tuple(item for item in self.checks if item.status in ("agrees", "wrong", "kink", "rounding"))

    @property
    def verdict(self) -> str:
        """``"wrong"``, ``"not proved"`` where nothing could be compared, else ``"agrees"``."""
        return "wrong" if self.wrong else "agrees" if self.compared else "not proved"

    @property
    def summary(self) -> str:
        """The report in one line.

        >>> checks = Checked("a", "agrees", disagreement=3e-12), Checked("n", "untold")
        >>> GraphReport("lecture", "J", 0, 9, checks).summary
        'lecture: 1 gradient, agrees to 1e-11; 1 untold'
        """
        count, wrong = len(self.compared), len(self.wrong)
        line = f"{self.name or 'graph'}: {count} gradient{'' if count == 1 else 's'}"
        if wrong:
            line += f", {wrong} wrong"
        elif count:
            worst = max((item.disagreement for item in self.compared if item.status == "agrees"), default=0.0)
            line += f", {'all agree' if count > 1 else 'agrees'} to {_show_power(worst)}"
        said = {key: sum(item.status == key for item in self.checks) for key in SAID}
        return "; ".join([line, *(f"{number} {_say(key)}" for key, number in said.items() if number)])

    def as_data(self) -> dict[str, Any]:
        """The report as a mapping that JSON can hold."""
        return {
            **self._asdict(), "notes": list(self.notes), "verdict": self.verdict, "summary": self.summary,
            "checks": [item.as_data() for item in self.checks],
        }  # fmt: skip


def _say(status: str) -> str:
    return "at a kink" if status == "kink" else status


def _show_power(disagreement: float) -> str:
    """The power of ten below which a disagreement is.

    >>> _show_power(3e-12), _show_power(0.0)
    ('1e-11', '1e-15')
    """
    power = math.ceil(math.log10(disagreement)) if disagreement > 1e-15 else -15
    return "1" if power >= 0 else f"1e{power:03d}"
