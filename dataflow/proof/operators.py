"""Is an operator right? Every check at every case, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataflow.errors import DataflowError
from dataflow.proof.axes import check_axes
from dataflow.proof.cases import Case, make_cases
from dataflow.proof.checks import check_jacobian, check_slopes, check_written
from dataflow.proof.conduct import check_again, check_mover, check_reference, check_row, check_types, check_views
from dataflow.proof.trial import Failure, Trial
from dataflow.registry import standard
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.threads import single_threaded

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators

SEED = 7
ENOUGH = 8  # failures of one operator: more say nothing new


class Proof(NamedTuple):
    """What came of trying an operator: how many cases and comparisons, and what failed.

    `inputs` are those that have a slope, `constants` those that have none.
    """

    operator: str
    seed: int
    cases: int
    comparisons: int
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    failures: tuple[Failure, ...]

    @property
    def proved(self) -> bool:
        """Whether nothing failed and something was compared.

        >>> Proof("f", 7, 3, 12, ("x",), (), ()).proved
        True
        """
        return not self.failures and (self.comparisons > 0 or not self.inputs)


def verify_operator(
    operator: Operator,
    operators: Operators | None = None,
    *,
    seed: int = SEED,
    case: int | None = None,
    failures: int = ENOUGH,
) -> Proof:
    """Try an operator at all its cases, or at one; `operators` is the table that its rules use.

    Nothing that a rule does raises here: what it raises is a failure. After so many `failures` it ends.

    >>> from dataflow import standard
    >>> verify_operator(standard()["sin"]).proved
    True
    >>> wrong = standard()["sin"].replaced(backward={"x": lambda xp, g, z, x: 2 * g * xp.cos(x)})
    >>> verify_operator(wrong).failures[0].hint
    'twice too large'
    """
    table = (standard() if operators is None else operators).replaced(operator)
    found: list[Failure] = []
    told: dict[str, int] = {}
    try:
        cases = make_cases(operator, seed)
    except (Exception, SystemExit) as error:
        first = Failure(operator.name, "cases", f"its examples raised {_describe(error)}", 0, seed, {}, {})
        return _conclude(operator, seed, [], {}, [first])
    chosen = cases if case is None else [item for item in cases if item.number == case]
    for item in chosen:
        trial = Trial(operator, table, item, seed)
        try:
            with quiet(), single_threaded():
                for failure in _check(trial, told):
                    found.append(failure)
                    if len(found) >= failures:
                        return _conclude(operator, seed, chosen, told, found)
        except (Exception, SystemExit) as error:
            found.append(trial.fail("raised", f"it raised {_describe(error)}"))
            if len(found) >= failures:
                break
    return _conclude(operator, seed, chosen, told, found)


def _check(trial: Trial, told: dict[str, int]) -> Iterator[Failure]:
    if trial.case.kind == "row":
        yield from check_row(trial)
        return
    parts = trial.compute(trial.case.inputs)
    if trial.slots():
        g = trial.draw_cotangent(parts)
        given = trial.pull(trial.case.inputs, g)
        yield from check_slopes(trial, g, given, told)
        yield from check_jacobian(trial, parts)
        yield from check_again(trial, g, given)
    yield from check_mover(trial, parts)
    yield from check_axes(trial)
    if trial.case.kind != "edge":  # where another formula may take another side
        yield from check_reference(trial, parts)
        yield from check_types(trial, parts)
        if trial.slots():
            yield from check_written(trial, g, given)
            yield from check_views(trial, g, given)


def _conclude(
    operator: Operator, seed: int, cases: Sequence[Case], told: dict[str, int], found: Sequence[Failure]
) -> Proof:
    inputs = operator.differentiable
    constants = tuple(item.name for item in operator.inputs if item.name not in inputs)
    untold = [name for name in inputs if not told.get(name)]
    if not found and untold and len(cases) != 1:
        message = f"nothing told whether the slope in `{untold[0]}` is right"
        hint = "give `examples`: a function of a random generator that returns pairs (inputs, attributes)"
        found = [Failure(operator.name, "cases", message, 0, seed, {}, {}, input=untold[0], hint=hint)]
    return Proof(operator.name, seed, len(cases), sum(told.values()), inputs, constants, tuple(found))


def _describe(error: BaseException) -> str:
    if isinstance(error, DataflowError):
        return "; ".join(item.message for item in error.diagnostics)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}{where}"
