"""The proof of one operator: every case, every promise, and what is known at the end."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.errors import DataflowError, GraphError
from dataflow.proof.cases import Case, make_cases
from dataflow.proof.gradients import Sight, check_gradients
from dataflow.proof.promises import check_promises, check_row, first_message
from dataflow.proof.results import Failure, Proof, ProofError
from dataflow.proof.subjects import Subject, draw_cotangent, make_subject
from dataflow.registry import standard
from dataflow.sweeps.arrays import quiet

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators

SEED = 7


def prove(operator: Operator, operators: Operators | None = None, *, seed: int = SEED) -> Proof:
    """Raise `ProofError`, which is an AssertionError, if an operator is wrong or nothing about it can be proved.

    >>> from dataflow import standard
    >>> prove(standard()["multiply"]).inputs
    ('x', 'y')
    """
    proof = verify_operator(operator, operators, seed=seed)
    if proof.failures:
        raise ProofError(proof)
    return proof


def verify_operator(
    operator: Operator,
    operators: Operators | None = None,
    *,
    seed: int = SEED,
    cases: Container[int] | None = None,
    first: bool = False,
) -> Proof:
    """Everything that can be found out about an operator. It raises nothing: what is wrong stands in the proof.

    `operators` are those that its rules use, the standard ones if they are left out. `cases` are the numbers of the
    cases to try, all if left out; with `first` the proof ends with the first failure.

    >>> from dataflow import standard
    >>> proof = verify_operator(standard()["where"])
    >>> proof.verdict, proof.inputs, proof.constant, proof.failures
    ('proved', ('x', 'y'), ('condition',), ())
    """
    subject = make_subject(operator, standard() if operators is None else operators, seed)
    failures: list[Failure] = []
    told: set[str] = set()
    tried = 0
    try:
        made = make_cases(operator, seed)
    except (Exception, SystemExit) as error:  # a stranger's `examples`
        message = f"`{operator.name}`: its cases cannot be made: {_describe(error)}"
        failures.append(Failure(operator.name, "promise", message, 0, seed))
        made = []
    for case in made:
        if cases is not None and case.number not in cases:
            continue
        with quiet():
            found = _try_case(subject, case, told)
        if found is None:
            continue
        tried += 1
        failures += found
        if first and failures:
            break
    wanted = operator.differentiable
    untold = () if cases is not None or failures else tuple(name for name in wanted if name not in told)
    if not failures and (untold or not tried):
        failures.append(_describe_nothing(subject, tried, untold))
    inputs = tuple(name for name in wanted if name in told)
    constant = tuple(item.name for item in operator.inputs if item.name not in wanted)
    return Proof(operator.name, seed, tried, inputs, constant, untold, tuple(_gather(failures)))


def _try_case(subject: Subject, case: Case, told: set[str]) -> list[Failure] | None:
    """What is wrong at a case; None if it is none for this operator. `told` gets the inputs that it tells about."""
    try:
        if case.kind == "row":
            return list(check_row(subject, case))
        return _try_ordinary(subject, case, told)
    except DataflowError as error:
        if isinstance(error, GraphError) and (case.kind == "edge" or _is_guess(subject, case)):
            return None
        message = f"`{subject.operator.name}`: {first_message(error)}"
        return [subject.fail(case, "promise", message, advice=error.diagnostics[0].hint)]
    except (Exception, SystemExit) as error:
        if case.kind == "edge" or _is_guess(subject, case):
            return None
        message = f"`{subject.operator.name}`: a rule raised {_describe(error)}"
        return [subject.fail(case, "promise", message)]


def _is_guess(subject: Subject, case: Case) -> bool:
    """Whether the shapes of a case are a guess: the operator does not say what it takes."""
    return case.kind == "drawn" and not subject.operator.broadcasts and len(case.inputs) > 1


def _try_ordinary(subject: Subject, case: Case, told: set[str]) -> list[Failure]:
    before = [None if x is None else x.tobytes() for x in case.inputs]
    parts: Any = tuple(np.asarray(part) for part in subject.forward(case.inputs, case.attributes))
    g = draw_cotangent(subject, case, parts)
    parts, cotangents = subject.sweep(case.inputs, case.attributes, g)
    sight = Sight(subject, case, parts, g, cotangents)
    if before != [None if x is None else x.tobytes() for x in case.inputs]:
        return [subject.fail(case, "promise", f"`{subject.operator.name}`: a rule writes into its inputs")]
    failures, names = check_gradients(sight)
    told |= names
    if not failures and case.kind != "edge":
        failures = list(check_promises(sight))
    return failures


def _describe_nothing(subject: Subject, tried: int, untold: tuple[str, ...]) -> Failure:
    name = subject.operator.name
    if not tried:
        message = f"`{name}`: not proved: there is nothing to try"
        advice = "give it `examples`: a function of a random generator that returns pairs (inputs, attributes)"
    else:
        message = f"`{name}`: not proved: nothing can be told about {', '.join(f'`{item}`' for item in untold)}"
        advice = "give it `examples` where it is smooth and its values are not much larger than their changes"
    return Failure(name, "nothing", message, 0, subject.seed, advice=advice)


def _gather(failures: list[Failure]) -> Iterator[Failure]:
    """The first failure of each kind, and how many more there are."""
    groups: dict[tuple[str, str, str | None], list[Failure]] = {}
    for item in failures:
        groups.setdefault((item.kind, item.message, (item.input or "").partition("[")[0]), []).append(item)
    for group in groups.values():
        cases = {item.case for item in group}
        yield group[0]._replace(others=len(cases) - 1)


def _describe(error: BaseException) -> str:
    """An exception, and the line where it was raised."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})" if place is not None else ""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}{where}"
