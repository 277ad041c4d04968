"""``requires``: which plugins a graph needs, and in which versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dataflow.errors import Diagnostic, suggest

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {">=": ge, "<=": le, "==": eq, "!=": ne, ">": gt, "<": lt}
)
_PART = r"\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*"


def check_requirements(graph: Graph, operators: Operators) -> Iterator[Diagnostic]:
    """What a graph requires and the loaded plugins do not give.

    >>> from dataflow.graph import Graph
    >>> from dataflow.registry import standard
    >>> [problem.code for problem in check_requirements(Graph(requires={"my_ops": ">=1.2"}), standard())]
    ['DF0707']
    """
    if not graph.requires:
        return
    versions = {_normal(plugin.name): plugin.version for plugin in operators.plugins}
    for name, wanted in graph.requires.items():
        path = ("requires", name)
        try:
            fits = satisfies(versions.get(_normal(name), ""), wanted)
        except ValueError:
            hint = "write `>=1.2`, or `>=1.2,<2`"
            yield Diagnostic("DF0708", f"`{wanted}` is no version to compare with", path, hint=hint)
            continue
        if _normal(name) not in versions:
            meant = suggest(_normal(name), versions)
            hint = f"did you mean `{meant}`?" if meant else "install it, or name its file with --plugin"
            message = f"the graph requires the plugin `{name}`, which is not loaded"
            yield Diagnostic("DF0707", message, path, hint=hint)
        elif not fits:
            found = versions[_normal(name)] or "a plugin that states no version"
            yield Diagnostic("DF0709", f"the graph requires `{name}` {wanted}", path, found=found)


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version fits. Versions are compared number by number. Raises ValueError if `wanted` cannot be read.

    >>> satisfies("1.10.0", ">=1.9,<2"), satisfies("1.2", "==1.2.0"), satisfies("", "")
    (True, True, True)
    """
    found = _numbers(version)
    fits = True
    for part in filter(str.strip, wanted.split(",")):
        match = re.fullmatch(_PART, part)
        if match is None:
            raise ValueError(part)
        fits = fits and bool(found) and _COMPARE[match[1]](found, _numbers(match[2]))
    return fits


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers) or ((0,) if match else ())


def _normal(name: str) -> str:
    return name.replace("-", "_").lower()
