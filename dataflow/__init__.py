"""dataflow: computation graphs as text, with every value and every gradient.

>>> import dataflow
>>> graph = dataflow.loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b*c, v: a + u, J: 3*v}, target: J}")
>>> result = dataflow.execute(graph, {"a": 7})
>>> result.values["J"], result.gradients["b"]
(39.0, 6.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dataflow.asked import AlongRows as AlongRows
    from dataflow.compilation import Compiled as Compiled
    from dataflow.compilation import compile as compile
    from dataflow.derivative_functions import derive as derive
    from dataflow.document import dump as dump
    from dataflow.document import load as load
    from dataflow.document import loads as loads
    from dataflow.errors import DataError as DataError
    from dataflow.errors import DataflowError as DataflowError
    from dataflow.errors import Diagnostic as Diagnostic
    from dataflow.errors import GraphError as GraphError
    from dataflow.errors import OperatorError as OperatorError
    from dataflow.errors import PluginError as PluginError
    from dataflow.errors import ResourceError as ResourceError
    from dataflow.errors import StrictError as StrictError
    from dataflow.errors import UsageError as UsageError
    from dataflow.execution import execute as execute
    from dataflow.functions import trace as trace
    from dataflow.gradients import write_gradient as write_gradient
    from dataflow.graph import Derivative as Derivative
    from dataflow.graph import Graph as Graph
    from dataflow.graph import Input as Input
    from dataflow.graph import Node as Node
    from dataflow.hookspecs import hookimpl as hookimpl
    from dataflow.operators import Interval as Interval
    from dataflow.operators import Operator as Operator
    from dataflow.registry import Operators as Operators
    from dataflow.registry import standard as standard
    from dataflow.result import Result as Result

_HOMES = {  # imported when first asked for: a start pays only for what it uses
    "dump": "document", "load": "document", "loads": "document",
    "DataError": "errors", "DataflowError": "errors", "Diagnostic": "errors", "GraphError": "errors",
    "OperatorError": "errors", "PluginError": "errors", "ResourceError": "errors", "StrictError": "errors",
    "UsageError": "errors", "execute": "execution", "derive": "derivative_functions", "Derivative": "graph",
    "Graph": "graph", "Input": "graph", "Node": "graph",
    "hookimpl": "hookspecs", "Interval": "operators", "Operator": "operators", "Operators": "registry",
    "standard": "registry", "Result": "result", "write_gradient": "gradients",
    "trace": "functions", "AlongRows": "asked", "compile": "compilation", "Compiled": "compilation",
}  # fmt: skip

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dataflow' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"dataflow.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
