"""Prove backward rules, or show where they are wrong: of operators, of a plugin, or every gradient of a graph.

dataflow verify
dataflow verify softmax divide --seeds 5
dataflow verify --plugin my_ops.py
dataflow verify --plugin my_ops.py saturate --case 12 --seed 7
dataflow verify model.yaml
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.cli.common import Once, load_operators
from dataflow.cli.reports import print_json, print_lines, warn
from dataflow.cli.verify_graph import add_graph_options, run_graph
from dataflow.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    import argparse

    from dataflow.proof import Failure, Proof
    from dataflow.registry import Operators

MANY = 20  # operators, from which on those that are proved are not listed one by one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="operators, or one graph file; all operators if there is none"
    )
    parser.add_argument("--seeds", action=Once, type=int, default=1, metavar="K", help="try K seeds, from --seed on")
    parser.add_argument("--case", action=Once, type=int, metavar="N", help="try one case alone, of one operator")
    add_graph_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prove, and print what came of it. The exit code is 1 if anything is not proved."""
    files = [name for name in arguments.names if _is_file(name)]
    if files:
        if len(arguments.names) > 1:
            raise UsageError(Diagnostic("DF0901", "a graph is verified alone", hint=f"dataflow verify {files[0]}"))
        if arguments.case is not None or arguments.seeds != 1:
            raise UsageError(Diagnostic("DF0901", "--case and --seeds are of operators, not of a graph"))
        return int(run_graph(files[0], arguments))
    operators = load_operators(arguments, everything=not arguments.names and not arguments.plugin)
    names = _choose(arguments, operators)
    proofs = list(_prove_all(names, operators, arguments))
    if arguments.format == "json":
        print_json({"operators": [_as_data(name, parts) for name, parts in _group(proofs).items()]})
    else:
        for item in operators.failures:
            warn(str(item._replace(severity="warning")))
        print_lines(*_report(_group(proofs), arguments.plugin))
    return int(not all(proof.proved for proof in proofs))


def _is_file(name: str) -> bool:
    from os.path import isfile

    return name == "-" or name.endswith((".yaml", ".yml", ".json")) or isfile(name)


def _choose(arguments: argparse.Namespace, operators: Operators) -> Sequence[str]:
    """The operators to prove. Raises `UsageError` for a name that there is not, and a case of no single operator."""
    from dataflow.cli.ops import describe_unknown
    from dataflow.registry import BUILT_IN

    if unknown := [name for name in arguments.names if name not in operators]:
        scanned = operators.with_entry_points()
        if any(name not in scanned for name in unknown):
            raise UsageError(describe_unknown(name, scanned) for name in unknown)
    names: Sequence[str] = arguments.names or list(operators)
    if arguments.plugin and not arguments.names:
        names = [name for name in operators if operators.owner(name).name not in BUILT_IN]
    if arguments.seeds < 1:
        raise UsageError(Diagnostic("DF0901", f"--seeds is a number of tries, not {arguments.seeds}"))
    if arguments.case is not None:
        _check_case(arguments, names, operators)
    return names


def _check_case(arguments: argparse.Namespace, names: Sequence[str], operators: Operators) -> None:
    from dataflow.proof.cases import make_cases

    if len(names) != 1:
        raise UsageError(Diagnostic("DF0901", "--case is a case of one operator", hint="name the operator"))
    count = len(make_cases(operators[names[0]], _seed_of(arguments)))
    if not 0 <= arguments.case < count:
        message = f"`{names[0]}` has the cases 0 to {count - 1}, not {arguments.case}"
        raise UsageError(Diagnostic("DF0901", message))


def _seed_of(arguments: argparse.Namespace) -> int:
    from dataflow.proof.operators import SEED

    return SEED if arguments.seed is None else int(arguments.seed)


def _prove_all(names: Sequence[str], operators: Operators, arguments: argparse.Namespace) -> Iterator[Proof]:
    from dataflow.proof import verify_operator

    first = _seed_of(arguments)
    table = operators if all(name in operators for name in names) else operators.with_entry_points()
    for name in _track(names):
        for seed in range(first, first + arguments.seeds):
            yield verify_operator(table[name], table, seed=seed, case=arguments.case)


def _track(names: Sequence[str]) -> Iterator[str]:
    """The names, with a bar on a terminal that shows how far the work is if there is much of it."""
    import sys

    if len(names) <= MANY or sys.stderr is None or not sys.stderr.isatty():
        yield from names
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(names, "proving", console=Console(stderr=True), transient=True)


def _group(proofs: Sequence[Proof]) -> dict[str, list[Proof]]:
    grouped: dict[str, list[Proof]] = {}
    for proof in proofs:
        grouped.setdefault(proof.operator, []).append(proof)
    return grouped


def _report(grouped: dict[str, list[Proof]], plugins: Sequence[str]) -> Iterator[str]:
    """What failed, a line for each operator if they are few, and how many are proved."""
    from dataflow.proof import describe_failure
    from dataflow.proof.operators import ENOUGH

    again = "".join(f" --plugin {plugin}" for plugin in plugins)
    wrong = 0
    for name, proofs in grouped.items():
        if all(proof.proved for proof in proofs):
            if len(grouped) <= MANY:
                yield _summarise(name, proofs)
            continue
        wrong += 1
        failures = [failure for proof in proofs for failure in proof.failures]
        telling = _choose_telling(failures)
        for failure in telling:
            yield from describe_failure(failure, plugin=again)
            yield ""
        if more := len(failures) - len(telling):
            yield f"... and {more} more of `{name}`; --format json has up to {ENOUGH} of each seed"
            yield ""
    if len(grouped) > 1 or wrong:
        cases = sum(proof.cases for proofs in grouped.values() for proof in proofs)
        told = sum(proof.comparisons for proofs in grouped.values() for proof in proofs)
        outcome = f"{wrong} not proved" if wrong else "all proved"
        plural = "s" * (len(grouped) != 1)
        plurals = "s" * (cases != 1)
        yield f"{len(grouped):,} operator{plural}, {cases:,} case{plurals}, {told:,} slopes compared: {outcome}"


def _choose_telling(failures: Sequence[Failure]) -> list[Failure]:
    """For each input the first failure that suggests what is wrong, or else the first."""
    chosen: dict[str | None, Failure] = {}
    for failure in failures:
        before = chosen.get(failure.input)
        if before is None or (failure.hint and not before.hint):
            chosen[failure.input] = failure
    return list(chosen.values())


def _summarise(name: str, proofs: Sequence[Proof]) -> str:
    cases, told = sum(proof.cases for proof in proofs), sum(proof.comparisons for proof in proofs)
    inputs = f"slopes in {', '.join(proofs[0].inputs)}, {told:,} compared" if proofs[0].inputs else "no slopes"
    return f"{name}: proved ({cases:,} cases; {inputs})"


def _as_data(name: str, proofs: Sequence[Proof]) -> dict[str, Any]:
    from dataflow.cli.operator_data import plain

    return {
        "name": name,
        "proved": all(proof.proved for proof in proofs),
        "seeds": [proof.seed for proof in proofs],
        "cases": sum(proof.cases for proof in proofs),
        "comparisons": sum(proof.comparisons for proof in proofs),
        "inputs": list(proofs[0].inputs),
        "constants": list(proofs[0].constants),
        "failures": [
            plain({**failure._asdict(), "ratio": failure.ratio}) for proof in proofs for failure in proof.failures
        ],
    }
