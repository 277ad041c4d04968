"""What a proof found, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dataflow.proof.operators import SEED, verify_operator

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.proof.trial import Failure
    from dataflow.registry import Operators


class ProofError(AssertionError):
    """An operator's rules are wrong; the message says where."""


def prove(operator: Operator, operators: Operators | None = None, *, seeds: Iterable[int] = (SEED,)) -> None:
    """Raise `ProofError` if the rules of an operator are not right at every case that is tried.

    `operators` is the table that its rules use, the standard one if it is not given.

    >>> from dataflow import standard
    >>> wrong = standard()["exp"].replaced(backward={"x": lambda xp, g, z, x: -g * z})
    >>> prove(wrong)
    Traceback (most recent call last):
        ...
    dataflow.proof.report.ProofError: exp: the backward rule does not give the slope of the forward rule...
    """
    for seed in seeds:
        proof = verify_operator(operator, operators, seed=seed)
        if not proof.proved:
            raise ProofError("\n".join(line for failure in proof.failures[:3] for line in describe_failure(failure)))


def describe_failure(failure: Failure, *, plugin: str = "") -> Iterator[str]:
    """The lines that say what is wrong, where, what it looks like, and how to see that case again.

    >>> from dataflow import standard
    >>> wrong = standard()["exp"].replaced(backward={"x": lambda xp, g, z, x: -g * z})
    >>> lines = list(describe_failure(verify_operator(wrong).failures[0]))
    >>> print(*lines[:2], *lines[4:], sep=chr(10))
    exp: the backward rule does not give the slope of the forward rule
      input      x (one number)
      ratio      -1: the sign is wrong
      remainder  falls with slope 1.0 as the step shrinks; that of a right rule with 2
      again      dataflow verify exp --case 0 --seed 7
    """
    yield f"{failure.operator}: {failure.message}"
    parts = dict(_list_parts(failure))
    parts["again"] = f"dataflow verify {failure.operator} --case {failure.case} --seed {failure.seed}{plugin}"
    width = max(map(len, parts))
    for label, text in parts.items():
        yield f"  {label:<{width}}  {text}"


def _list_parts(failure: Failure) -> Iterator[tuple[str, str]]:
    if failure.input is not None:
        element = f", element {list(failure.element)}" if failure.element else ""
        shape = failure.shapes.get(failure.input)
        about = "" if shape is None else f" {_show_shape(shape)}"
        yield "input", f"{failure.input}{about}{element}"
    elif failure.element:
        yield "element", str(list(failure.element))
    others = {name: shape for name, shape in failure.shapes.items() if name != failure.input}
    if others:
        label = "beside" if failure.input is not None else "inputs"
        yield label, ", ".join(f"{name} {_show_shape(shape)}" for name, shape in others.items())
    if failure.attributes:
        yield "with", ", ".join(f"{name}={value!r}" for name, value in failure.attributes.items())
    if failure.found is not None:
        yield "found", f"{failure.found:.12g}"
    if failure.expected is not None:
        yield "expected", f"{failure.expected:.12g}"
    ratio = failure.ratio
    if ratio is not None:
        yield "ratio", f"{ratio:.6g}" + (f": {failure.hint}" if failure.hint else "")
    elif failure.hint:
        yield "help", failure.hint
    if failure.fall is not None and failure.fall < 1.6:
        yield "remainder", f"falls with slope {failure.fall:.1f} as the step shrinks; that of a right rule with 2"


def _show_shape(shape: Any) -> str:
    return "not given" if shape is None else f"of shape {list(shape)}" if shape else "(one number)"
