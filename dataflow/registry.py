"""Plugins make a read-only table of operators; there is no global state.

`standard()` is the table of the two built-in packages. `with_files` adds plugins named on the command
line, `with_entry_points` those that are installed; each gives a new table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from keyword import iskeyword
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import pluggy

from dataflow import hookspecs
from dataflow.errors import Diagnostic, PluginError, suggest
from dataflow.operators import Operator

GROUP = "dataflow"
BUILT_IN = ("dataflow_std", "dataflow_nn")
HOOK = hookspecs.dataflow_operators.__name__
NOT_IMPORTED = "it cannot be imported"


class Plugin(NamedTuple):
    """Where operators come from: the plugin's name, its version ("" if it states none), its file.

    >>> standard().plugins[0].name
    'dataflow_std'
    """

    name: str
    version: str
    file: str


class Operators(Mapping[str, Operator]):
    """Operators by name, and which plugin owns each. Read-only; `scanned` says that installed plugins are in it.

    >>> table = standard()
    >>> table["multiply"].formula, table.owner("multiply").name
    ('z = x * y', 'dataflow_std')
    """

    __slots__ = ("_operators", "_owners", "failures", "scanned")

    def __init__(
        self,
        operators: Mapping[str, Operator],
        owners: Mapping[str, Plugin],
        *,
        failures: tuple[Diagnostic, ...] = (),
        scanned: bool = False,
    ) -> None:
        self._operators = MappingProxyType(dict(operators))
        self._owners = MappingProxyType(dict(owners))
        self.failures = failures  # installed plugins that could not be loaded
        self.scanned = scanned

    def __getitem__(self, name: str) -> Operator:
        return self._operators[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._operators)

    def __len__(self) -> int:
        return len(self._operators)

    def __contains__(self, name: object) -> bool:
        return name in self._operators

    def owner(self, name: str) -> Plugin:
        """The plugin that offers an operator. Raises KeyError for an unknown name."""
        return self._owners[name]

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The plugins in the order in which they were loaded."""
        return tuple(dict.fromkeys(self._owners.values()))

    def replaced(self, operator: Operator) -> Operators:
        """This table with another operator in the place of the one of the same name, or added under that owner.

        >>> table = standard()
        >>> table.replaced(table["exp"].replaced(version=2))["exp"].version
        2
        """
        owner = self._owners.get(operator.name, Plugin("", "", ""))
        return Operators(
            {**self._operators, operator.name: operator}, {**self._owners, operator.name: owner},
            failures=self.failures, scanned=self.scanned,
        )  # fmt: skip

    def with_modules(self, modules: Iterable[ModuleType], *, scanned: bool = False) -> Operators:
        """This table and the operators of further plugin modules.

        Raises `PluginError` for a module that is no plugin, and for a name that has an owner already.
        """
        operators, owners = dict(self._operators), dict(self._owners)
        for module in modules:
            version, file = str(getattr(module, "__version__", "")), getattr(module, "__file__", None) or ""
            plugin = Plugin(module.__name__, version, file)
            for operator in _call_hook(module, plugin):
                if operator.name in operators:
                    raise PluginError(_describe_duplicate(operator.name, owners[operator.name], plugin))
                operators[operator.name] = operator
                owners[operator.name] = plugin
        return Operators(operators, owners, failures=self.failures, scanned=scanned or self.scanned)

    def with_files(self, files: Iterable[str]) -> Operators:
        """This table and the plugins in these Python files. Raises `PluginError` for one that cannot be used."""
        return self.with_modules([_import_file(file) for file in files])

    def with_entry_points(self) -> Operators:
        """This table and the installed plugins. One that fails to load is remembered in `failures`, not raised."""
        if self.scanned:
            return self
        from importlib.metadata import entry_points  # a scan of everything installed: 17 ms

        table = self
        failures: list[Diagnostic] = []
        for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
            try:
                module = _run(point.name, NOT_IMPORTED, point.load)
                if not isinstance(module, ModuleType):
                    raise _refuse_entry_point(point.name, point.value)
                if module.__name__ not in {plugin.name for plugin in table.plugins}:
                    table = table.with_modules([module])
            except PluginError as error:
                failures += error.diagnostics
        return Operators(table, table._owners, failures=(*self.failures, *failures), scanned=True)


def standard() -> Operators:
    """The table of the operators that come with dataflow. Raises `PluginError` if they do not load.

    >>> standard()["exp"]
    <Operator exp(x): z = e ** x>
    """
    from importlib import import_module

    return Operators({}, {}).with_modules(map(import_module, BUILT_IN))


def _refuse(plugin: str, code: str, message: str, hint: str | None, file: str | None = None) -> PluginError:
    return PluginError(Diagnostic(code, f"plugin `{plugin}`{message}", file=file, hint=hint))


def _call_hook(module: ModuleType, plugin: Plugin) -> list[Operator]:
    """What a plugin's hook hands over, checked to be operators."""
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
    parts = _run(plugin.name, f"its hook `{HOOK}` raised", manager.hook.dataflow_operators)
    return _check_offered(parts[0] if parts else None, plugin)


def _check_offered(offered: Any, plugin: Plugin) -> list[Operator]:
    """What a hook returned, if it is a list of operators with names that a graph can use."""
    hint = "return a list of dataflow.Operator values"
    if isinstance(offered, str | Mapping) or not isinstance(offered, Iterable):
        shown = "nothing" if offered is None else f"{offered!r}, which is no list"
        raise _refuse(plugin.name, "DF0703", f" hands over {shown}", hint)
    operators: list[Operator] = _run(plugin.name, "what its hook gave raised", lambda: list(offered))
    for item in operators:
        if not isinstance(item, Operator):
            raise _refuse(plugin.name, "DF0703", f" hands over {item!r}, which is no Operator", hint)
        if not isinstance(item.name, str) or not item.name.isidentifier() or iskeyword(item.name):
            message = f": `{item.name}` cannot be an operator's name"
            raise _refuse(plugin.name, "DF0703", message, "use letters, digits and underscores")
    return operators


def _refuse_hookless(module: ModuleType, plugin: Plugin) -> PluginError:
    functions = [name for name, value in vars(module).items() if callable(value)]
    meant = HOOK if HOOK in functions else suggest(HOOK, [name for name in functions if name.startswith("dataflow")])
    hint = f"add `@dataflow.hookimpl def {HOOK}(): return [...]`"
    if meant:
        same = meant == HOOK
        hint = "mark it with `@dataflow.hookimpl`" if same else f"`{meant}` looks like it: the name is `{HOOK}`"
    message = f" offers no operators: it has no hook `{HOOK}`"
    return _refuse(plugin.name, "DF0702", message, hint, plugin.file or None)


def _refuse_entry_point(name: str, value: str) -> PluginError:
    hint = f"name the module in which `{HOOK}` stands: `{value.partition(':')[0]}`"
    return _refuse(name, "DF0702", f": its entry point `{value}` is no module", hint)


def _describe_duplicate(name: str, first: Plugin, second: Plugin) -> Diagnostic:
    def place(plugin: Plugin) -> str:
        return f"`{plugin.name}` ({plugin.file})" if plugin.file else f"`{plugin.name}`"

    return Diagnostic(
        "DF0705",
        f"operator `{name}` is offered twice: by {place(first)} and by {place(second)}",
        hint="rename one of them; an operator has one owner",
    )


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


def _run(name: str, what: str, function: Callable[[], Any]) -> Any:
    """Call a part of a plugin; `what` says what went wrong if it raises. What it prints does not mix with results."""
    try:
        with redirect_stdout(sys.stderr):
            return function()
    except PluginError as error:
        told = [item._replace(message=f"plugin `{name}`: {item.message}") for item in error.diagnostics]
        raise PluginError(told) from error
    except (Exception, SystemExit) as error:
        raise PluginError(_describe_raised(name, what, error)) from error


def _import_file(file: str) -> ModuleType:
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
        _run(name, NOT_IMPORTED, lambda: loader.exec_module(module))
    finally:
        if registered is module:
            del sys.modules[name]
    return module
