"""The options that ask for derivatives beside those of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataflow.cli.common import Once, read_value
from dataflow.entries import Derivative
from dataflow.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    import argparse

    from dataflow.graph import Graph

KINDS = ("jacobian", "hessian", "vjp", "jvp", "hvp")
WITH_WRT = ("jacobian", "hessian", "vjp", "hvp")
MATRICES = ("jacobian", "hessian")
MOVING = ("jvp", "hvp")


def add_derivative_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of what else is computed besides values and the gradient of the target."""
    group = parser.add_argument_group("derivatives", "each is called in the result as its option is")
    helps = {
        "jacobian": ("NAME,...", "the derivatives of all elements of these values"),
        "hessian": ("NAME", "the second derivatives of one number"),
        "vjp": ("NAME=VALUE", "the gradient of a value weighed by VALUE"),
        "jvp": ("NAME,...", "how fast these values change along the direction of --along"),
        "hvp": ("NAME", "how fast the gradient of one number changes along the direction of --along"),
        "wrt": ("NAME,...", "in which values; in all that is differentiable, if not given"),
    }
    for kind, (metavar, text) in helps.items():
        group.add_argument(f"--{kind}", action=Once, metavar=metavar, help=text)
    group.add_argument(
        "--along",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the direction of an input or parameter: a number, a list, or @FILE; may be repeated",
    )
    group.add_argument("--sparse", action="store_true", help="hold only those elements of matrices that may not be 0")
    group.add_argument("--dense", action="store_true", help="hold all of them; chosen by size, if neither is given")


def read_derivatives(arguments: argparse.Namespace, graph: Graph) -> dict[str, Derivative]:
    """What the options ask for, by kind. Raises `UsageError` for options that do not go together."""
    asked = [kind for kind in KINDS if getattr(arguments, kind) is not None]
    _check_company(arguments, asked)
    along = _read_along(arguments.along, graph)
    wrt = () if arguments.wrt is None else _split_names("--wrt", arguments.wrt)
    sparse = True if arguments.sparse else False if arguments.dense else None
    found: dict[str, Derivative] = {}
    for kind in asked:
        given: str = getattr(arguments, kind)
        cotangent = None
        if kind == "vjp":
            given, cotangent = _read_setting("--vjp", given, graph.dtype, "--vjp y='[1, 0]'")
        found[kind] = Derivative(
            kind,
            _split_names(f"--{kind}", given),
            wrt=wrt if kind in WITH_WRT else (),
            along=along if kind in MOVING else {},
            cotangent=cotangent,
            sparse=sparse if kind in MATRICES else None,
        )
    return found


def _check_company(arguments: argparse.Namespace, asked: list[str]) -> None:
    for option, given, kinds in (
        ("--along", bool(arguments.along), MOVING),
        ("--wrt", arguments.wrt is not None, WITH_WRT),
        ("--sparse", arguments.sparse, MATRICES),
        ("--dense", arguments.dense, MATRICES),
    ):
        if given and not any(kind in asked for kind in kinds):
            options = " or ".join(f"--{kind}" for kind in kinds)
            hint = f"add {options}, or leave it out"
            raise UsageError(Diagnostic("DF0916", f"`{option}` belongs to {options}, and there is none", hint=hint))
    if arguments.sparse and arguments.dense:
        raise UsageError(Diagnostic("DF0918", "both `--sparse` and `--dense` are given", hint="keep one of them"))
    for kind in MOVING:
        if kind in asked and not arguments.along:
            hint = "say for each input or parameter that moves how, as in --along w='[1, 0]'"
            raise UsageError(Diagnostic("DF0917", f"`--{kind}` needs a direction", hint=hint))


def _split_names(option: str, given: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if not names:
        raise UsageError(Diagnostic("DF0915", f"`{option}` names no value", hint=f"write it as {option} y"))
    return names


def _read_along(settings: list[str], graph: Graph) -> dict[str, Any]:
    along: dict[str, Any] = {}
    for setting in settings:
        name, value = _read_setting("--along", setting, graph.dtype, "--along w='[1, 0]'")
        if name in along:
            raise UsageError(Diagnostic("DF0915", f"`--along {name}` is given twice", hint="keep one of them"))
        along[name] = value
    return along


def _read_setting(option: str, setting: str, dtype: str, example: str) -> tuple[str, Any]:
    name, equals, text = setting.partition("=")
    name = name.strip()
    if not equals or not name or not text.strip():
        raise UsageError(Diagnostic("DF0915", f"`{option} {setting}` gives no value", hint=f"write it as {example}"))
    return name, read_value(f"{option} {name}", text.strip(), dtype)
