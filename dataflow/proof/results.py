"""What a proof found, as data: one `Proof` an operator, with a `Failure` for everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dataflow.errors import DataflowError, Diagnostic

CODES: Mapping[str, str] = {"gradient": "DF0621", "promise": "DF0622", "nothing": "DF0623"}


class Failure(NamedTuple):
    """One thing that is wrong with an operator, at one case; `others` counts further cases where the same is wrong.

    `kind` is ``"gradient"`` for a cotangent that is not the derivative's, ``"promise"`` for anything else that an
    operator promises, ``"nothing"`` where there was nothing to try. `slope` is that with which the remainder of the
    rule falls as the step shrinks: 2 if the rule is right. `file` and `line` say where the rule stands.
    """

    operator: str
    kind: str
    message: str
    case: int
    seed: int
    given: str = ""
    input: str | None = None
    element: tuple[int, ...] | None = None
    found: float | None = None
    expected: float | None = None
    error: float | None = None
    slope: float | None = None
    suggests: tuple[str, ...] = ()
    advice: str | None = None
    file: str | None = None
    line: int | None = None
    others: int = 0

    @property
    def ratio(self) -> float | None:
        """What was found over what was expected.

        >>> Failure("f", "gradient", "wrong", 0, 7, found=4.0, expected=2.0).ratio
        2.0
        """
        if self.found is None or not self.expected or self.expected - self.expected != 0:
            return None
        return self.found / self.expected

    @property
    def diagnostic(self) -> Diagnostic:
        """The failure as any other problem."""
        return Diagnostic(
            CODES[self.kind], self.message, file=self.file, line=self.line,
            found=_show_found(self), expected=_show_expected(self),
            hint="; ".join(self.suggests) or self.advice,
        )  # fmt: skip

    def as_data(self) -> dict[str, Any]:
        """What is known, as a mapping that JSON can hold."""
        data = {key: _plain(value) for key, value in self._asdict().items() if value not in (None, (), "")}
        return data | {"code": CODES[self.kind]} | ({} if self.ratio is None else {"ratio": _plain(self.ratio)})


class Proof(NamedTuple):
    """What is known of an operator after its proof.

    `inputs` are those whose cotangents are proved, `constant` those that are not differentiable, `untold` those about
    which nothing could be told (no case where differences are exact enough). `notes` say what was left out and why.
    """

    operator: str
    seed: int
    cases: int
    inputs: tuple[str, ...]
    constant: tuple[str, ...]
    untold: tuple[str, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """``"proved"``, ``"wrong"`` or ``"not proved"``.

        >>> Proof("f", 7, 3, ("x",), (), (), ()).verdict, Proof("f", 7, 0, (), (), ("x",), ()).verdict
        ('proved', 'not proved')
        """
        if any(item.kind != "nothing" for item in self.failures):
            return "wrong"
        return "not proved" if self.untold or not self.cases else "proved"

    def as_data(self) -> dict[str, Any]:
        """The proof as a mapping that JSON can hold."""
        data: dict[str, Any] = {key: value for key, value in self._asdict().items() if key != "failures"}
        return data | {"verdict": self.verdict, "failures": [item.as_data() for item in self.failures]}

    def __str__(self) -> str:
        return "\n\n".join([summarise(self), *map(report, self.failures)])


class ProofError(DataflowError, AssertionError):
    """An operator is wrong, or nothing about it could be proved; `proofs` say what was found.

    It is an AssertionError too: in a test it fails, and what it says is the report.
    """

    def __init__(self, *proofs: Proof) -> None:
        self.proofs = proofs
        super().__init__([item.diagnostic for proof in proofs for item in proof.failures])

    def __str__(self) -> str:
        return "\n" + "\n\n".join(report(item) for proof in self.proofs for item in proof.failures)


def summarise(proof: Proof) -> str:
    """A proof in one line.

    >>> summarise(Proof("f", 7, 3, ("x",), ("labels",), (), ()))
    'f: 1 input, 3 cases, proved; labels: not differentiable'
    """
    count = len(proof.inputs) + len(proof.untold)
    inputs = f"{count} input{'' if count == 1 else 's'}" if count else "values alone"
    line = f"{proof.operator}: {inputs}, {proof.cases} case{'' if proof.cases == 1 else 's'}, {proof.verdict}"
    extra = [f"{', '.join(proof.constant)}: not differentiable"] if proof.constant else []
    return "; ".join([line, *extra, *proof.notes])


def report(failure: Failure) -> str:
    """A failure in full: what is wrong, where the rule stands, the numbers, what they suggest, how to see it again."""
    lines = [f"error[{CODES[failure.kind]}]: {failure.message}"]
    if failure.file is not None:
        lines += [f"  --> {failure.file}:{failure.line}", *_quote(failure.file, failure.line)]
    shown = {
        "found": _show_found(failure),
        "expected": _show_expected(failure),
        "ratio": None if failure.ratio is None else f"{failure.ratio:.6g}",
        "slope": None if failure.slope is None else _show_slope(failure.slope),
        "case": f"{failure.case} of seed {failure.seed}: {failure.given}" if failure.given else None,
        "suggests": "; ".join(failure.suggests) or None,
        "help": failure.advice,
        "rerun": None if failure.kind == "nothing" else _rerun(failure),
    }
    lines += [f"  = {label}: {text}" for label, text in shown.items() if text is not None]
    if failure.others:
        lines.append(f"  ... and the same in {failure.others} more case{'' if failure.others == 1 else 's'}")
    return "\n".join(lines)


def _rerun(failure: Failure) -> str:
    return f"dataflow verify {failure.operator} --case {failure.case} --seed {failure.seed}"


def _show_found(failure: Failure) -> str | None:
    if failure.found is None:
        return None
    place = f" at {list(failure.element)}" if failure.element else ""
    return f"{failure.found:.12g}{place}"


def _show_expected(failure: Failure) -> str | None:
    if failure.expected is None:
        return None
    error = f", give or take {failure.error:.1g}" if failure.error is not None and failure.error > 0 else ""
    return f"{failure.expected:.12g}{error}"


def _show_slope(slope: float) -> str:
    return f"as the step shrinks, what the rule leaves over falls with slope {slope:.2f}; a right rule's falls with 2"


def _quote(file: str, line: int | None) -> list[str]:
    """The line of the rule, if its file can be read."""
    from linecache import getline

    text = getline(file, line or 0).rstrip()
    if not text:
        return []
    gutter = " " * len(str(line))
    return [f"{gutter} |", f"{line} | {text}", f"{gutter} |"]


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, float) and value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return list(value) if isinstance(value, tuple) else value
