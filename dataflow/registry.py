"""Plugins make a read-only table of operators; there is no global state.

`standard()` is the table of the two built-in packages. `with_files` adds plugins named on the command
line, `with_entry_points` those that are installed; each gives a new table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, redirect_stdout
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


class Plugin(NamedTuple):
    """Where operators come from: the plugin's name, its version ("" if it states none), its file."""

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

    def with_modules(self, modules: Iterable[ModuleType], *, scanned: bool = False) -> Operators:
        """This table and the operators of further plugin modules.

        Raises `PluginError` for a module that is no plugin, and for a name that has an owner already.
        """
        operators, owners = dict(self._operators), dict(self._owners)
        for module in modules:
            plugin = Plugin(
                module.__name__, str(getattr(module, "__version__", "")), getattr(module, "__file__", "") or ""
            )
            for operator in _call_hook(module, plugin):
                if operator.name in operators:
                    raise PluginError(_describe_duplicate(operator.name, owners[operator.name], plugin))
                operators[operator.name] = operator
                owners[operator.name] = plugin
        return Operators(operators, owners, failures=self.failures, scanned=scanned or self.scanned)

    def with_files(self, files: Iterable[str]) -> Operators:
        """This table and the plugins in these Python files."""
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
                module = _run_import(point.name, point.load)
                if not isinstance(module, ModuleType):
                    raise PluginError(_describe_no_module(point.name, point.value))
                if module.__name__ not in {plugin.name for plugin in table.plugins}:
                    table = table.with_modules([module])
            except PluginError as error:
                failures += error.diagnostics
        return Operators(table, table._owners, failures=(*self.failures, *failures), scanned=True)


def standard() -> Operators:
    """The table of the operators that come with dataflow. Raises `PluginError` if they do not load."""
    from importlib import import_module

    return Operators({}, {}).with_modules(map(import_module, BUILT_IN))


def _call_hook(module: ModuleType, plugin: Plugin) -> list[Operator]:
    """What a plugin's hook hands over, checked to be operators."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        raise PluginError(
            Diagnostic(
                "DF0702",
                f"plugin `{plugin.name}`: its hook does not fit: {' '.join(str(error).split())}",
                hint=f"write it as `def {HOOK}():`",
            )
        ) from error
    if not manager.get_hookcallers(module):
        raise PluginError(_describe_hookless(module, plugin))
    if unknown := [hook.name for hook in manager.get_hookcallers(module) or () if hook.name != HOOK]:
        meant = suggest(unknown[0], [HOOK])
        raise PluginError(
            Diagnostic(
                "DF0702",
                f"plugin `{plugin.name}` implements a hook `{unknown[0]}` that does not exist",
                hint=f"did you mean `{meant or HOOK}`?",
            )
        )
    try:
        with _print_elsewhere():
            parts = manager.hook.dataflow_operators()
    except PluginError as error:
        raise PluginError(
            item._replace(message=f"plugin `{plugin.name}`: {item.message}") for item in error.diagnostics
        ) from error
    except (Exception, SystemExit) as error:
        raise PluginError(_describe_raised(plugin.name, f"its hook `{HOOK}` raised", error)) from error
    return _check_offered(parts[0] if parts else None, plugin)


def _check_offered(offered: Any, plugin: Plugin) -> list[Operator]:
    """What a hook returned, if it is a list of operators with names that a graph can use."""

    def fault(message: str, hint: str) -> PluginError:
        return PluginError(Diagnostic("DF0703", f"plugin `{plugin.name}`{message}", hint=hint))

    if isinstance(offered, str | Mapping) or not isinstance(offered, Iterable):
        shown = "nothing" if offered is None else f"{offered!r}, which is no list"
        raise fault(f" hands over {shown}", "return a list of dataflow.Operator values")
    operators: list[Operator] = list(offered)
    for item in operators:
        if not isinstance(item, Operator):
            raise fault(f" hands over {item!r}, which is no Operator", "return a list of dataflow.Operator values")
        if not isinstance(item.name, str) or not item.name.isidentifier() or iskeyword(item.name):
            raise fault(f": `{item.name}` cannot be an operator's name", "use letters, digits and underscores")
    return operators


def _describe_hookless(module: ModuleType, plugin: Plugin) -> Diagnostic:
    functions = [name for name, value in vars(module).items() if callable(value)]
    meant = HOOK if HOOK in functions else suggest(HOOK, [name for name in functions if name.startswith("dataflow")])
    hint = (
        "mark it with `@dataflow.hookimpl`" if meant == HOOK
        else f"`{meant}` looks like it: the name is `{HOOK}`" if meant
        else f"add `@dataflow.hookimpl def {HOOK}(): return [...]`"
    )  # fmt: skip
    return Diagnostic(
        "DF0702",
        f"plugin `{plugin.name}` offers no operators: it has no hook `{HOOK}`",
        file=plugin.file or None,
        hint=hint,
    )


def _describe_no_module(name: str, value: str) -> Diagnostic:
    return Diagnostic(
        "DF0702",
        f"plugin `{name}`: its entry point `{value}` is no module",
        hint=f"name the module in which `{HOOK}` stands: `{value.partition(':')[0]}`",
    )


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


def _print_elsewhere() -> AbstractContextManager[Any]:
    """Within it what a plugin prints goes to standard error, lest it mix with results."""
    return redirect_stdout(sys.stderr)


def _run_import(name: str, load: Any) -> Any:
    """Import a plugin."""
    try:
        with _print_elsewhere():
            return load()
    except PluginError as error:
        raise PluginError(
            item._replace(message=f"plugin `{name}`: {item.message}") for item in error.diagnostics
        ) from error
    except (Exception, SystemExit) as error:
        raise PluginError(_describe_raised(name, "it cannot be imported", error)) from error


def _import_file(file: str) -> ModuleType:
    import os
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    path = Path(file)
    if os.path.isdir(file):
        hint = "name a Python file in it, such as my_ops.py"
        raise PluginError(Diagnostic("DF0706", f"plugin file `{file}` is a folder", hint=hint))
    if not os.path.exists(file):
        known = [item.name for item in path.parent.glob("*.py")] if os.path.isdir(path.parent) else []
        near = suggest(path.name, known)
        raise PluginError(
            Diagnostic(
                "DF0706", f"plugin file `{file}` does not exist", hint=f"did you mean `{near}`?" if near else None
            )
        )
    name = path.stem
    spec = spec_from_file_location(name, path) if os.path.isfile(file) else None
    if spec is None or spec.loader is None or not name.isidentifier():
        raise PluginError(
            Diagnostic("DF0706", f"`{file}` is no Python module", hint="a plugin is a file like my_ops.py")
        )
    module = module_from_spec(spec)
    _run_import(name, lambda: spec.loader.exec_module(module))
    return module
