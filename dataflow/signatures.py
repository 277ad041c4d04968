"""What the rules of an operator take, read off their code, and whether they fit each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.errors import Diagnostic, PluginError, suggest

if TYPE_CHECKING:
    from types import CodeType

    from dataflow.operators import Operator

Rule = Callable[..., Any]

TAKES = ("float", "numeric", "any", "bool", "integer")
CO_VARARGS, CO_VARKEYWORDS = 0x04, 0x08  # as in `inspect`, whose import costs 4 ms


class OperatorInput(NamedTuple):
    """One input: optional if its default is None, variadic if it stands for any number of inputs.

    >>> from dataflow.operators import Operator
    >>> concat = Operator("concat", "", forward=lambda xp, *xs: xs, backward={"xs": None})
    >>> concat.inputs
    (OperatorInput(name='xs', optional=False, variadic=True),)
    """

    name: str
    optional: bool = False
    variadic: bool = False


class Attribute(NamedTuple):
    """One attribute: a keyword of the rules, never differentiated. `annotation` says what it may be."""

    name: str
    annotation: Any
    default: Any
    required: bool


def _fault(name: str, message: str, hint: str | None = None) -> PluginError:
    return PluginError(Diagnostic("DF0704", f"operator `{name}`: {message}", hint=hint))


def read_signature(name: str, forward: Rule) -> tuple[tuple[OperatorInput, ...], tuple[Attribute, ...]]:
    """Inputs and attributes of a forward rule, read off its code."""
    code = _code_of(name, "forward", forward)
    if not code.co_argcount:
        raise _fault(name, "its forward rule takes no `xp`", "write forward=lambda xp, x: ...")
    names = code.co_varnames
    positional, keywords = names[1 : code.co_argcount], names[code.co_argcount :][: code.co_kwonlyargcount]
    defaults = getattr(forward, "__defaults__", None) or ()
    if any(default is not None for default in defaults):
        raise _fault(name, "an input's default may only be None (optional)", "make it keyword-only to be an attribute")
    required = len(positional) - len(defaults)
    inputs = [OperatorInput(item, optional=index >= required) for index, item in enumerate(positional)]
    if code.co_flags & CO_VARARGS:
        inputs.append(OperatorInput(names[code.co_argcount + code.co_kwonlyargcount], variadic=True))
    known = getattr(forward, "__kwdefaults__", None) or {}
    annotations = getattr(forward, "__annotations__", {})
    attributes = [Attribute(key, annotations.get(key), known.get(key), key not in known) for key in keywords]
    return tuple(inputs), tuple(attributes)


def _code_of(name: str, role: str, rule: Rule) -> CodeType:
    code: CodeType | None = getattr(rule, "__code__", None)
    if code is None:
        raise _fault(name, f"its {role} rule is no plain function", f"wrap it: {role}=lambda xp, ...: ...")
    return code


def check_kinds(operator: Operator) -> None:
    """Raise `PluginError` for kinds of inputs that there are not, and for words that are none of TAKES."""
    names = [item.name for item in operator.inputs]
    if stray := [key for key in operator.kinds if key not in names]:
        raise _fault(operator.name, f"`kinds` names `{stray[0]}`, which is not an input")
    for word in (operator.takes, *operator.kinds.values()):
        if word not in TAKES:
            raise _fault(operator.name, f"it cannot take `{word}`", f"write one of {', '.join(TAKES)}")


def check_backward(operator: Operator) -> None:
    """Raise `PluginError` for backward rules that do not fit the inputs and attributes of the forward rule."""
    rules = operator.backward
    if rules is None:
        if operator.kernels is not None:
            raise _fault(operator.name, "a primitive without backward rules", "write None for each input without one")
        return
    if callable(rules):
        _check_rule(operator, "backward", rules)
        return
    names = [item.name for item in operator.inputs]
    if not isinstance(rules, Mapping):
        raise _fault(operator.name, "its `backward` is no mapping", 'write backward={"x": lambda xp, g, z, x: ...}')
    for key in rules:
        if key not in names:
            meant = suggest(key, names)
            raise _fault(
                operator.name,
                f"backward rule for `{key}`, which is not an input",
                f"did you mean `{meant}`?" if meant else f"its inputs are {', '.join(names)}",
            )
    for key in names:
        if key not in rules:
            raise _fault(operator.name, f"no backward rule for input `{key}`", "write None if it is not differentiable")
        if (rule := rules[key]) is not None:
            _check_rule(operator, f"backward[{key!r}]", rule)


def _check_rule(operator: Operator, role: str, rule: Rule) -> None:
    """A rule takes (xp, g, z, *inputs) and every attribute as a keyword."""
    code = _code_of(operator.name, role, rule)
    names = code.co_varnames
    expected = 3 + len(operator.inputs) - operator.variadic
    wanted = ", ".join(["xp", "g", "z", *(("*" if item.variadic else "") + item.name for item in operator.inputs)])
    takes_any = bool(code.co_flags & CO_VARARGS)
    exact = code.co_argcount == expected and not operator.variadic
    if not exact and not (takes_any and code.co_argcount <= expected):
        taken = ", ".join(names[: code.co_argcount])
        raise _fault(operator.name, f"its rule {role} takes ({taken})", f"expected ({wanted})")
    keywords = set(names[code.co_argcount :][: code.co_kwonlyargcount])
    attributes = {item.name for item in operator.attributes}
    if stray := sorted(keywords - attributes):
        raise _fault(operator.name, f"its rule {role} asks for `{stray[0]}`, which is no attribute of the forward rule")
    missing = [] if code.co_flags & CO_VARKEYWORDS else sorted(attributes - keywords)
    if missing:
        raise _fault(
            operator.name,
            f"its rule {role} does not take the attribute `{missing[0]}`",
            f"add the keywords: lambda {wanted}, *, {', '.join(sorted(attributes))}: ...",
        )
