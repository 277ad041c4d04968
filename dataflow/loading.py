"""How a plugin is loaded: its module imported, its hook called, and what it hands over looked at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from keyword import iskeyword
from types import ModuleType
from typing import Any, NamedTuple

import pluggy

from dataflow import hookspecs
from dataflow.errors import Diagnostic, PluginError, suggest
from dataflow.operators import Operator

HOOK = hookspecs.dataflow_operators.__name__
OFFER = "return a list of dataflow.Operator values"
NOT_IMPORTED = "it cannot be imported"


class Plugin(NamedTuple):
    """Where operators come from: the plugin's name, its version ("" if it states none), its file.

    >>> Plugin("my_ops", "1.0", "my_ops.py").name
    'my_ops'
    """

    name: str
    version: str
    file: str


class Deferred:
    """Operators of a module that is imported when one of them is first asked for."""

    __slots__ = ("_loaded", "module", "names", "plugin")

    def __init__(self, module: str, names: Sequence[str], plugin: Plugin) -> None:
        self.module = module
        self.names = names
        self.plugin = plugin
        self._loaded: Mapping[str, Operator] | None = None

    def load(self, name: str) -> Operator:
        """One of the operators. Raises `PluginError` if the module does not give exactly those that it is to give."""
        if self._loaded is None:
            self._loaded = self._import()
        return self._loaded[name]

    def _import(self) -> dict[str, Operator]:
        from importlib import import_module

        module = run_plugin(self.plugin.name, NOT_IMPORTED, lambda: import_module(self.module))
        given = run_plugin(self.plugin.name, f"`{self.module}.operators` raised", lambda: list(module.operators()))
        loaded = {item.name: item for item in _check_operators(given, self.plugin)}
        if differing := sorted(loaded.keys() ^ set(self.names)):
            what = "which it is not said to offer" if differing[0] in loaded else "which it does not have"
            message = f": its hook names the operators of `{self.module}`, and it differs in `{differing[0]}`, {what}"
            raise _refuse(self.plugin.name, "DF0703", message, "name in the hook what `operators()` gives")
        return loaded


def _refuse(plugin: str, code: str, message: str, hint: str | None, file: str | None = None) -> PluginError:
    return PluginError(Diagnostic(code, f"plugin `{plugin}`{message}", file=file, hint=hint))


def call_hook(module: ModuleType, plugin: Plugin) -> Sequence[tuple[str, Operator | Deferred]]:
    """What a plugin's hook hands over, by name."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        message = f": its hook does not fit: {' '.join(str(error).split())}"
        raise _refuse(plugin.name, "DF0702", message, f"write it as `def {HOOK}():`") from error
    hooks = [hook.name for hook in manager.get_hookcallers(module) or ()]
    if not hooks:
        raise _refuse_hookless(module, plugin)
    if unknown := [name for name in hooks if name != HOOK]:
        message = f" implements a hook `{unknown[0]}` that does not exist"
        raise _refuse(plugin.name, "DF0702", message, f"did you mean `{suggest(unknown[0], [HOOK]) or HOOK}`?")
    parts = run_plugin(plugin.name, f"its hook `{HOOK}` raised", manager.hook.dataflow_operators)
    return _check_offered(parts[0] if parts else None, plugin)


def _check_offered(offered: Any, plugin: Plugin) -> Sequence[tuple[str, Operator | Deferred]]:
    """What a hook returned: operators, or by module the names of those that it gives when it is imported."""
    if isinstance(offered, Mapping) and all(isinstance(names, tuple | list) for names in offered.values()):
        parts = [Deferred(module, names, plugin) for module, names in offered.items()]
        return [(_check_name(name, plugin), part) for part in parts for name in part.names]
    if isinstance(offered, str | Mapping) or not isinstance(offered, Iterable):
        shown = "nothing" if offered is None else f"{offered!r}, which is no list"
        raise _refuse(plugin.name, "DF0703", f" hands over {shown}", OFFER)
    operators = run_plugin(plugin.name, "what its hook gave raised", lambda: list(offered))
    return [(item.name, item) for item in _check_operators(operators, plugin)]


def _check_operators(given: Sequence[Any], plugin: Plugin) -> Sequence[Operator]:
    for item in given:
        if not isinstance(item, Operator):
            raise _refuse(plugin.name, "DF0703", f" hands over {item!r}, which is no Operator", OFFER)
        _check_name(item.name, plugin)
    return given


def _check_name(name: Any, plugin: Plugin) -> str:
    """The name of an operator, if a graph can use it."""
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        message = f": `{name}` cannot be an operator's name"
        raise _refuse(plugin.name, "DF0703", message, "use letters, digits and underscores")
    return name


def _refuse_hookless(module: ModuleType, plugin: Plugin) -> PluginError:
    functions = [name for name, value in vars(module).items() if callable(value)]
    meant = HOOK if HOOK in functions else suggest(HOOK, [name for name in functions if name.startswith("dataflow")])
    hint = f"add `@dataflow.hookimpl def {HOOK}(): return [...]`"
    if meant:
        same = meant == HOOK
        hint = "mark it with `@dataflow.hookimpl`" if same else f"`{meant}` looks like it: the name is `{HOOK}`"
    message = f" offers no operators: it has no hook `{HOOK}`"
    return _refuse(plugin.name, "DF0702", message, hint, plugin.file or None)


def refuse_entry_point(name: str, value: str) -> PluginError:
    hint = f"name the module in which `{HOOK}` stands: `{value.partition(':')[0]}`"
    return _refuse(name, "DF0702", f": its entry point `{value}` is no module", hint)


def _describe_raised(name: str, what: str, error: BaseException) -> Diagnostic:
    """A failure inside a plugin, with the line of the plugin where it happened."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if isinstance(error, SyntaxError):
        file, line = error.filename, error.lineno
    else:
        file = place.tb_frame.f_code.co_filename if place else None
        line = place.tb_lineno if place else None
    described = "it called sys.exit" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
    return Diagnostic("DF0701", f"plugin `{name}`: {what}: {described}", file=file, line=line)


def run_plugin(name: str, what: str, function: Callable[[], Any]) -> Any:
    """Call a part of a plugin; `what` says what went wrong if it raises. What it prints does not mix with results."""
    try:
        with redirect_stdout(sys.stderr):
            return function()
    except PluginError as error:
        told = [item._replace(message=f"plugin `{name}`: {item.message}") for item in error.diagnostics]
        raise PluginError(told) from error
    except (Exception, SystemExit) as error:
        raise PluginError(_describe_raised(name, what, error)) from error


def import_file(file: str) -> ModuleType:
    import os
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    def refuse(message: str, hint: str | None) -> PluginError:
        return PluginError(Diagnostic("DF0706", message, hint=hint))

    path = Path(file)
    if os.path.isdir(file):
        raise refuse(f"plugin file `{file}` is a folder", "name a Python file in it, such as my_ops.py")
    if not os.path.exists(file):
        known = [item.name for item in path.parent.glob("*.py")] if os.path.isdir(path.parent) else []
        near = suggest(path.name, known)
        raise refuse(f"plugin file `{file}` does not exist", f"did you mean `{near}`?" if near else None)
    name = path.stem
    spec = spec_from_file_location(name, path) if os.path.isfile(path) else None
    if spec is None or spec.loader is None or not name.isidentifier():
        raise refuse(f"`{file}` is no Python module", "a plugin is a file like my_ops.py")
    module = module_from_spec(spec)
    loader = spec.loader
    registered = sys.modules.setdefault(name, module)  # dataclasses look there for the module that they stand in
    try:
        run_plugin(name, NOT_IMPORTED, lambda: loader.exec_module(module))
    finally:
        if registered is module:
            del sys.modules[name]
    return module
