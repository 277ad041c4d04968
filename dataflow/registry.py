"""Plugins make a read-only table of operators; there is no global state.

`standard()` is the table of the two built-in packages. `with_files` adds plugins named on the command
line, `with_entry_points` those that are installed; each gives a new table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from dataflow.errors import Diagnostic, PluginError
from dataflow.loading import NOT_IMPORTED, Deferred, Plugin, call_hook, import_file, refuse_entry_point, run_plugin
from dataflow.operators import Operator

GROUP = "dataflow"
BUILT_IN = ("dataflow_std", "dataflow_nn")


class Operators(Mapping[str, Operator]):
    """Operators by name, and which plugin owns each. Read-only; `scanned` says that installed plugins are in it.

    >>> table = standard()
    >>> table["multiply"].formula, table.owner("multiply").name
    ('z = x * y', 'dataflow_std')
    """

    __slots__ = ("_operators", "_owners", "failures", "scanned")

    def __init__(
        self,
        operators: Mapping[str, Operator | Deferred],
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
        found = self._operators[name]
        return found.load(name) if found.__class__ is Deferred else found  # type: ignore[return-value]

    def get(self, name: str, default: Any = None) -> Any:
        """The operator of that name, or the default. What looks up thousands of nodes calls this."""
        found = self._operators.get(name, default)
        return found.load(name) if found.__class__ is Deferred else found

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
            for name, operator in call_hook(module, plugin):
                if name in operators:
                    raise PluginError(_describe_duplicate(name, owners[name], plugin))
                operators[name] = operator
                owners[name] = plugin
        return Operators(operators, owners, failures=self.failures, scanned=scanned or self.scanned)

    def with_files(self, files: Iterable[str]) -> Operators:
        """This table and the plugins in these Python files. Raises `PluginError` for one that cannot be used."""
        return self.with_modules([import_file(file) for file in files])

    def with_entry_points(self) -> Operators:
        """This table and the installed plugins. One that fails to load is remembered in `failures`, not raised."""
        if self.scanned:
            return self
        from importlib.metadata import entry_points  # a scan of everything installed: 17 ms

        table = self
        failures: list[Diagnostic] = []
        for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
            try:
                module = run_plugin(point.name, NOT_IMPORTED, point.load)
                if not isinstance(module, ModuleType):
                    raise refuse_entry_point(point.name, point.value)
                if module.__name__ not in {plugin.name for plugin in table.plugins}:
                    table = table.with_modules([module])
            except PluginError as error:
                failures += error.diagnostics
        return Operators(table._operators, table._owners, failures=(*self.failures, *failures), scanned=True)


def standard() -> Operators:
    """The table of the operators that come with dataflow. Raises `PluginError` if they do not load.

    >>> standard()["exp"]
    <Operator exp(x): z = e ** x>
    """
    from importlib import import_module

    return Operators({}, {}).with_modules(map(import_module, BUILT_IN))


def _describe_duplicate(name: str, first: Plugin, second: Plugin) -> Diagnostic:
    def place(plugin: Plugin) -> str:
        return f"`{plugin.name}` ({plugin.file})" if plugin.file else f"`{plugin.name}`"

    return Diagnostic(
        "DF0705",
        f"operator `{name}` is offered twice: by {place(first)} and by {place(second)}",
        hint="rename one of them; an operator has one owner",
    )
