"""Operators beside PyTorch and JAX: python -m tests.benchmarks.oracles [torch] [jax] [--only NAME ...] [--seeds N]

Value and all gradients of every operator at its examples, in float64, for random cotangents, compared with what the
other library and its automatic differentiation give. Shown is the largest difference, relative to the largest element.
The exit code is 1 if one exceeds the limit. The libraries are installed by hand, for this: the tests do without them.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from dataflow import Operators, standard
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.operators import Operator
from dataflow.proof.cases import Case, make_cases, name_inputs
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.pullback import pull_back

Array = np.ndarray[Any, Any]
LIBRARIES = ("torch", "jax")
LIMIT = 1e-10
LEAST = 1e-4  # what is 0 but for rounding is not divided by less

# Where the other one has fewer digits, or another convention: how far apart we may be there, and why.
KNOWN: Mapping[tuple[str, str], tuple[float, str]] = {
    ("torch", "hard_sigmoid"): (1e-7, "its slope is 1/6 in float32"),
    ("torch", "celu"): (1e-6, "its 1 / alpha is a float32"),
    ("torch", "polygamma"): (1e-8, "its trigamma has 9 digits"),
    ("torch", "digamma"): (1e-8, "its trigamma has 9 digits"),
    ("torch", "log_ndtr"): (1e-9, "its slope has 10 digits below -1000"),
    ("torch", "sinc"): (1e-7, "its slope is a difference that cancels near 0"),
    ("jax", "sinc"): (1e-7, "its slope is a difference that cancels near 0"),
    ("jax", "betaln"): (1e-6, "its Stirling series, used from 8 on, has 7 digits"),
    ("jax", "beta"): (1e-6, "its Stirling series, used from 8 on, has 7 digits"),
}
# Why there is nothing to compare with.
ALONE: Mapping[str, str] = {
    "dropout": "what is dropped depends on how the seed is used",
    "bernoulli_like": "what is drawn depends on how the seed is used",
}


class Finding(NamedTuple):
    """How far an operator and its twin are apart: the worst of all values and the worst of all gradients."""

    cases: int
    value: float
    gradient: float
    where: str = ""

    @property
    def worst(self) -> float:
        return max(self.value, self.gradient)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare with the libraries that are named, or with both."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.oracles", description=__doc__)
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help="torch, jax; both, if none is given")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="operators; all, if none is given")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.libraries if name not in LIBRARIES]:
        parser.error(f"there is no library `{unknown[0]}`; there are {', '.join(LIBRARIES)}")
    warnings.simplefilter("ignore")  # of libraries, about arrays without elements and the like
    operators = standard()
    names = given.only or list(operators)
    if unknown := [name for name in names if name not in operators]:
        parser.error(f"there is no operator `{unknown[0]}`")
    found = {
        library: compare_all([operators[name] for name in names], operators, library, range(given.seeds))
        for library in given.libraries or LIBRARIES
    }
    print("\n".join([*format_table(found), "", *format_counts(found, names, operators)]))
    return int(any(_exceeds(library, name, item) for library in found for name, item in found[library].items()))


# --- one library ---


def compare_all(
    chosen: Iterable[Operator], operators: Operators, library: str, seeds: Iterable[int]
) -> dict[str, Finding]:
    """What is found, by operator, for those that the library has."""
    twins: Mapping[str, Callable[..., Any]] = import_module(f"tests.benchmarks.{library}_twins").TWINS
    pull = {"torch": pull_torch, "jax": pull_jax}[library]
    found = {}
    for operator in chosen:
        if operator.name in twins:
            print(f"{library} {operator.name} ...", file=sys.stderr, flush=True)
            finding = compare(operator, operators, pull, twins[operator.name], seeds)
            if finding.cases:
                found[operator.name] = finding
    return found


def compare(
    operator: Operator, operators: Operators, pull: Callable[..., Any], twin: Callable[..., Any], seeds: Iterable[int]
) -> Finding:
    """An operator and its twin at all examples of all seeds."""
    finding = Finding(0, 0.0, 0.0)
    for seed in seeds:
        for case in make_cases(operator, seed):
            if case.kind in ("example", "drawn"):
                try:
                    at_case = _compare_at(operator, operators, pull, twin, case, seed)
                except Exception as error:  # of ours or of theirs: it is shown, and the others still run
                    at_case = Finding(1, np.inf, np.inf, " ".join(f"{type(error).__name__}: {error}".split())[:300])
                finding = finding if at_case is None else _worse(finding, at_case)
    return finding


def _worse(one: Finding, other: Finding) -> Finding:
    where = other.where if other.worst > one.worst else one.where
    value, gradient = max(one.value, other.value), max(one.gradient, other.gradient)
    return Finding(one.cases + other.cases, value, gradient, where)


def _compare_at(
    operator: Operator, operators: Operators, pull: Callable[..., Any], twin: Callable[..., Any], case: Case, seed: int
) -> Finding | None:
    rng = np.random.default_rng((seed, case.number, 1))  # other numbers than those of the case
    with quiet():
        parts = operator.forward(Library(operators, numpy_arrays), *case.inputs, **case.attributes)
        shapes = [np.shape(part) for part in (parts if operator.outputs else (parts,))]
        g = [np.array(rng.normal(size=shape)) for shape in shapes]
        absent = 0 if operator.variadic else len(operator.inputs) - len(case.inputs)
        inputs = [*case.inputs, *[None] * absent]
        ours = pull_back(operator, operators, inputs, case.attributes, tuple(g) if operator.outputs else g[0])
        places = _find_differentiable(operator, case)
        theirs = pull(twin, case, places, g)
    if theirs is None:
        return None
    values = [apart(*pair) for pair in zip(ours.value if operator.outputs else [ours.value], theirs[0], strict=True)]
    slopes = [apart(_or_zeros(ours.cotangents[place], case.inputs[place]), slope)
              for place, slope in zip(places, theirs[1], strict=True)]  # fmt: skip
    shown = " ".join(["-" if x is None else str(list(x.shape)) for x in case.inputs])
    return Finding(1, max(values), max(slopes, default=0.0), f"{shown} {dict(case.attributes)} seed {seed}")


def _find_differentiable(operator: Operator, case: Case) -> list[int]:
    names = [name.partition("[")[0] for name in name_inputs(operator, len(case.inputs))]
    pairs = enumerate(zip(names, case.inputs, strict=True))
    return [place for place, (name, x) in pairs
            if name in operator.differentiable and x is not None and x.dtype.kind == "f"]  # fmt: skip


def _or_zeros(x: Any, like: Array) -> Array:
    return np.zeros_like(like) if x is None else np.asarray(x)


def apart(ours: Any, theirs: Any) -> float:
    """The largest difference relative to the largest element; inf where shapes or what is not finite differ.

    >>> apart([1.0, 4.0], [1.0, 5.0]), apart([np.inf], [np.inf]), apart([np.nan], [1.0]), apart([0.0], [0.0])
    (0.2, 0.0, inf, 0.0)
    """
    mine, other = np.asarray(ours, float), np.asarray(theirs, float)
    if mine.shape != other.shape or not np.array_equal(mine[~np.isfinite(other)], other[~np.isfinite(other)], True):
        return np.inf
    mine, other = mine[np.isfinite(other)], other[np.isfinite(other)]
    difference = float(np.max(np.abs(mine - other), initial=0.0))
    return difference / max(float(np.max(np.abs(other), initial=0.0)), LEAST)


def pull_torch(twin: Callable[..., Any], case: Case, places: Sequence[int], g: Sequence[Array]) -> Any:
    """Values and gradients by PyTorch."""
    torch: Any = import_module("torch")
    tensors: list[Any] = [None if x is None else torch.from_numpy(np.array(x)) for x in case.inputs]
    wanted = [tensors[place].requires_grad_() for place in places]
    z = twin(*tensors, **case.attributes)
    if z is NotImplemented:
        return None
    parts = list(z) if isinstance(z, tuple | list) else [z]
    pairs = [(part, torch.from_numpy(seed)) for part, seed in zip(parts, g, strict=True) if part.requires_grad]
    outputs, seeds = ([pair[place] for pair in pairs] for place in (0, 1))
    slopes = torch.autograd.grad(outputs, wanted, seeds, allow_unused=True) if pairs else [None] * len(wanted)
    given = zip(slopes, wanted, strict=True)
    return [part.detach().numpy() for part in parts], [
        (torch.zeros_like(x) if slope is None else slope).detach().numpy() for slope, x in given
    ]


def pull_jax(twin: Callable[..., Any], case: Case, places: Sequence[int], g: Sequence[Array]) -> Any:
    """Values and gradients by JAX."""
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_disable_most_optimizations", True)  # everything is compiled, and runs once
    given = [None if x is None else jax.numpy.asarray(np.array(x)) for x in case.inputs]

    def evaluate(*wanted: Any) -> tuple[list[Any], list[Any]]:
        """What is differentiated, and all of it."""
        inputs = list(given)
        for place, x in zip(places, wanted, strict=True):
            inputs[place] = x
        z = twin(*inputs, **case.attributes)
        if z is NotImplemented:
            return [], []
        parts = list(z) if isinstance(z, tuple | list) else [z]
        return [part for part in parts if part.dtype.kind == "f"], parts

    wanted = [given[place] for place in places]
    floats, pull, parts = jax.vjp(evaluate, *wanted, has_aux=True)
    if not parts:
        return None
    pairs = zip(parts, g, strict=True)
    slopes = (
        pull([jax.numpy.asarray(seed, part.dtype) for part, seed in pairs if part.dtype.kind == "f"]) if floats else ()
    )
    return parts, slopes or [jax.numpy.zeros_like(x) for x in wanted]


def format_table(found: Mapping[str, Mapping[str, Finding]]) -> list[str]:
    """A line an operator, those that are furthest apart first."""
    names = {name for findings in found.values() for name in findings}
    worst = {name: max(item[name].worst for item in found.values() if name in item) for name in names}
    lines = [f"{'operator':<38}" + "".join(f"{library + ' value':>14}{'gradient':>10}" for library in found)]
    for name in sorted(names, key=lambda name: (-worst[name], name)):
        cells = [found[library].get(name) for library in found]
        shown = "".join(f"{'':>24}" if item is None else f"{item.value:>14.1e}{item.gradient:>10.1e}" for item in cells)
        notes = [f"  {library}: {item.where}" for library, item in zip(found, cells, strict=True)
                 if item is not None and _exceeds(library, name, item)]  # fmt: skip
        lines.append(f"{name:<38}{shown}{''.join(notes)}")
    return lines


def format_counts(found: Mapping[str, Mapping[str, Finding]], names: Sequence[str], operators: Operators) -> list[str]:
    """How many operators were compared, which were not, and where more than the limit is let pass."""
    smooth = [name for name in names if operators[name].differentiable]
    lines = []
    for library, findings in found.items():
        count = sum(name in findings for name in smooth)
        cases = sum(item.cases for item in findings.values())
        missing = ", ".join(name for name in names if name not in findings) or "none"
        lines.append(
            f"{library}: {len(findings)} of {len(names)} operators, {count} of {len(smooth)} differentiable ones, at "
            f"{cases} points; not {missing}"
        )
    neither = [name for name in names if not any(name in findings for findings in found.values())]
    lines += [f"with none: {name}: {ALONE.get(name, 'no counterpart')}" for name in neither]
    for (library, name), (limit, reason) in KNOWN.items():
        item = found.get(library, {}).get(name)
        if item is not None and not item.worst <= LIMIT:
            lines.append(f"{library} {name}: {item.worst:.1e}, up to {limit:.0e} is known: {reason}")
    return lines


def _exceeds(library: str, name: str, item: Finding) -> bool:
    return not item.worst <= KNOWN.get((library, name), (LIMIT, ""))[0]


if __name__ == "__main__":
    sys.exit(main())
