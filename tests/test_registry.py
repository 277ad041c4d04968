"""Plugins become a read-only table of operators; what is wrong with one is said when it is loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dataflow
from dataflow.errors import Diagnostic, PluginError
from dataflow.registry import BUILT_IN, Operators, standard

HEAD = "from dataflow import Operator, hookimpl\n"
SQUARE = """Operator("%s", "z = x * x", forward=lambda xp, x: x * x, broadcasts=True,
    backward={"x": lambda xp, g, z, x: g * (2 * x)})"""


def plugin(*names: str, more: str = "") -> str:
    operators = ", ".join(SQUARE % name for name in names)
    return f"{HEAD}{more}\n@hookimpl\ndef dataflow_operators():\n    return [{operators}]\n"


def write(folder: Path, text: str, name: str = "my_ops.py") -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def refuse(files: list[str]) -> Diagnostic:
    with pytest.raises(PluginError) as caught:
        standard().with_files(files)
    assert caught.value.exit_code == 4
    (problem,) = caught.value.diagnostics
    return problem


def test_the_standard_table() -> None:
    table = standard()
    assert not table.scanned
    assert table.failures == ()
    assert [item.name for item in table.plugins] == list(BUILT_IN)
    assert {table.owner(name).name for name in table} == set(BUILT_IN)
    assert all(item.version and Path(item.file).is_file() for item in table.plugins)
    assert "exp" in table
    assert len(table) == len(list(table))
    with pytest.raises(KeyError):
        table["no_such"]
    with pytest.raises(KeyError):
        table.owner("no_such")


def test_a_table_is_read_only_and_each_is_a_new_one(tmp_path: Path) -> None:
    table = standard()
    with pytest.raises(TypeError):
        table["exp"] = table["log"]  # type: ignore[index]
    more = table.with_files([write(tmp_path, plugin("sqr"))])
    assert "sqr" in more
    assert "sqr" not in table
    assert "sqr" not in standard()


def test_a_plugin_file(tmp_path: Path) -> None:
    file = write(tmp_path, plugin("sqr", "quad", more="__version__ = '2.1'"))
    table = standard().with_files([file])
    assert table.owner("quad") == ("my_ops", "2.1", file)
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: sqr(x)}, target: y}", operators=table)
    result = dataflow.execute(graph)
    assert result.gradients["x"] == 6.0
    assert result.unproved == ("sqr",)
    assert result.versions["my_ops"] == "2.1"


def test_several_files_and_one_that_offers_nothing(tmp_path: Path) -> None:
    files = [write(tmp_path, plugin(), "empty.py"), write(tmp_path, plugin("sqr"), "first.py"),
             write(tmp_path, plugin("cub"), "second.py")]  # fmt: skip
    table = standard().with_files(files)
    assert (table.owner("sqr").name, table.owner("cub").name) == ("first", "second")


def test_a_plugin_file_leaves_nothing_in_the_interpreter(tmp_path: Path) -> None:
    before = set(sys.modules), list(sys.path)
    standard().with_files([write(tmp_path, plugin("sqr"))])
    assert set(sys.modules) - before[0] == set()
    assert sys.path == before[1]


def test_what_a_plugin_prints_does_not_mix_with_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = plugin("sqr", more="print('imported')").replace("    return", "    print('asked')\n    return")
    standard().with_files([write(tmp_path, text)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "imported" in captured.err
    assert "asked" in captured.err


HOOK = "@hookimpl\ndef dataflow_operators():\n    return"
SQR = plugin("sqr")

BROKEN = [  # text of the file, code, part of the message, part of the hint, line
    ("def broken(:\n", "DF0701", "cannot be imported: SyntaxError", None, 1),
    ("import no_such_module\n", "DF0701", "ModuleNotFoundError: No module named 'no_such_module'", None, 1),
    ("\nraise LookupError('odd')\n", "DF0701", "cannot be imported: LookupError: odd", None, 2),
    ("import sys\nsys.exit(0)\n", "DF0701", "it called sys.exit", None, 2),
    ("x = 1\n", "DF0702", "has no hook `dataflow_operators`", "@dataflow.hookimpl", None),
    ("", "DF0702", "has no hook `dataflow_operators`", "@dataflow.hookimpl", None),
    ("def dataflow_operators():\n    return []\n", "DF0702", "has no hook", "mark it with `@dataflow.hookimpl`", None),
    (SQR.replace("def dataflow_operators", "def dataflow_operator"), "DF0702",
     "hook `dataflow_operator` that does not exist", "did you mean `dataflow_operators`?", None),
    (SQR.replace("@hookimpl\n", "").replace("def dataflow_operators", "def dataflow_operater"), "DF0702",
     "has no hook", "`dataflow_operater` looks like it", None),
    (SQR.replace("operators():", "operators(extra):"), "DF0702", "its hook does not fit", "def dataflow_op", None),
    (SQR.replace("return [", "return 1 / 0 and ["), "DF0701", "its hook `dataflow_operators` raised: Zero", None, 5),
    (SQR.replace("return [", "raise SystemExit; return ["), "DF0701", "it called sys.exit", None, 5),
    (f"{HEAD}{HOOK} [1]\n", "DF0703", "hands over 1, which is no Operator", "dataflow.Operator", None),
    (f"{HEAD}{HOOK}\n", "DF0703", "hands over nothing", "return a list", None),
    (f"{HEAD}{HOOK} 3\n", "DF0703", "hands over 3", "return a list", None),
    (f"{HEAD}{HOOK} {{'sqr': 1}}\n", "DF0703", "hands over {'sqr': 1}, which is", "return a list", None),
    (SQR.replace("return [", "return (").replace("})]", "}))"), "DF0703", "hands over <Operator sqr(x)",
     "return a list", None),
    (plugin("my sqr"), "DF0703", "`my sqr` cannot be an operator's name", "letters", None),
    (plugin("lambda"), "DF0703", "`lambda` cannot be an operator's name", None, None),
    (plugin(""), "DF0703", "`` cannot be an operator's name", None, None),
    (SQR.replace('"sqr"', "7"), "DF0703", "`7` cannot be an operator's name", None, None),
    (plugin("sqr", "sqr"), "DF0705", "operator `sqr` is offered twice: by `my_ops`", "rename", None),
    (plugin("exp"), "DF0705", "operator `exp` is offered twice: by `dataflow_std`", "one owner", None),
    (SQR.replace("g, z, x: g", "g, z: g"), "DF0704", "`my_ops`: operator `sqr`: its rule", "expected", None),
    (SQR.replace('"x": lambda', '"y": lambda'), "DF0704", "`my_ops`: operator `sqr`", "its inputs are x", None),
    (SQR.replace(", broadcasts", ", broadcast"), "DF0701", "unexpected keyword argument 'broadcast'", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "said", "hint", "line"), BROKEN, ids=[f"{row[1]} {row[2]}" for row in BROKEN])
def test_a_broken_plugin_file(
    tmp_path: Path, text: str, code: str, said: str, hint: str | None, line: int | None
) -> None:
    file = write(tmp_path, text)
    problem = refuse([file])
    assert problem.code == code
    assert said in problem.message
    assert "my_ops" in problem.message
    if hint is not None:
        assert hint in str(problem.hint)
    if line is not None:
        assert (problem.file, problem.line) == (file, line)


def test_a_name_offered_by_two_plugins_names_both_and_their_files(tmp_path: Path) -> None:
    files = [write(tmp_path, plugin("sqr"), "first.py"), write(tmp_path, plugin("sqr"), "second.py")]
    problem = refuse(files)
    assert problem.code == "DF0705"
    assert f"`first` ({files[0]}) and by `second` ({files[1]})" in problem.message


@pytest.mark.parametrize(("name", "said"), [("missing.py", "does not exist"), ("my-ops.py", "is no Python module"),
                                            ("ops.txt", "is no Python module"), (".", "is a folder")])  # fmt: skip
def test_what_is_no_plugin_file(tmp_path: Path, name: str, said: str) -> None:
    if name not in ("missing.py", "."):
        write(tmp_path, plugin("sqr"), name)
    problem = refuse([str(tmp_path / name)])
    assert problem.code == "DF0706"
    assert said in problem.message


def test_the_name_of_a_file_that_was_meant(tmp_path: Path) -> None:
    write(tmp_path, plugin("sqr"))
    assert refuse([str(tmp_path / "my_op.py")]).hint == "did you mean `my_ops.py`?"


def test_an_error_deep_in_what_a_plugin_imports_names_the_line(tmp_path: Path) -> None:
    write(tmp_path, "\n\nraise RuntimeError('deep')\n", "deep_part_of_my_ops.py")
    head = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\ntry:\n    import deep_part_of_my_ops\n"
    problem = refuse([write(tmp_path, head + "finally:\n    sys.path.pop(0)\n")])
    assert "RuntimeError: deep" in problem.message
    assert (problem.file, problem.line) == (str(tmp_path / "deep_part_of_my_ops.py"), 3)


# --- installed plugins ---------------------------------------------------------------------------------------


class Site:
    """A folder like site-packages, in which plugins are installed by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, text: str, point: str | None = None) -> None:
        (self.folder / f"{name}.py").write_text(text)
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[dataflow]\n{name} = {point or name}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def test_an_installed_plugin_is_loaded_when_an_operator_is_unknown(site: Site) -> None:
    site.install("fake_ops_a", plugin("sqr_a", more="__version__ = '1.2'"))
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: sqr_a(x)}, target: y}")
    assert graph.operators.scanned
    result = dataflow.execute(graph)
    assert result.gradients["x"] == 6.0
    assert result.versions["fake_ops_a"] == "1.2"
    assert result.unproved == ("sqr_a",)


def test_an_installed_plugin_that_is_not_needed_is_not_imported(site: Site) -> None:
    site.install("fake_ops_b", "raise RuntimeError('imported')")
    graph = dataflow.load(Path(__file__).parent.parent / "graphs" / "lecture.yaml")
    assert not graph.operators.scanned
    assert dataflow.execute(graph).values["J"] == 33
    assert "fake_ops_b" not in sys.modules


def test_a_required_plugin_is_loaded_though_no_operator_of_it_is_used(site: Site) -> None:
    site.install("fake_ops_c", plugin("sqr_c", more="__version__ = '1.2'"))
    text = "{dataflow: 1, requires: {fake-ops-c: '%s'}, inputs: {x: 3}, nodes: {y: x * x}}"
    graph = dataflow.loads(text % ">=1.1,<2")
    assert graph.operators.scanned
    assert "sqr_c" in graph.operators
    with pytest.raises(dataflow.GraphError) as caught:
        dataflow.loads(text % ">=2")
    assert [item.code for item in caught.value.diagnostics] == ["DF0709"]
    assert caught.value.diagnostics[0].found == "1.2"


def test_a_broken_installed_plugin_spoils_only_the_graphs_that_need_it(site: Site) -> None:
    site.install("fake_ops_d", "raise RuntimeError('odd')")
    site.install("fake_ops_e", plugin("sqr_e"))
    site.install("fake_ops_f", plugin("exp"))
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: sqr_e(x)}, target: y}")
    assert dataflow.execute(graph).gradients["x"] == 6.0
    codes = {item.code for item in graph.operators.failures}
    assert codes == {"DF0701", "DF0705"}
    with pytest.raises(dataflow.GraphError) as caught:
        dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: unheard_of(x)}}")
    assert {item.code for item in caught.value.diagnostics} == {"DF0401", "DF0701", "DF0705"}
    assert any("RuntimeError: odd" in item.message for item in caught.value.diagnostics)


def test_an_entry_point_to_nowhere(site: Site) -> None:
    site.install("fake_ops_g", "x = 1", point="fake_ops_g:nothing")
    site.install("fake_ops_h", "", point="no_such_fake_ops")
    failures = standard().with_entry_points().failures
    assert [item.code for item in failures] == ["DF0701", "DF0701"]
    assert "fake_ops_g" in failures[0].message
    assert "no_such_fake_ops" in failures[1].message


def test_an_entry_point_to_what_is_no_module(site: Site) -> None:
    site.install("fake_ops_i", plugin("sqr_i"), point="fake_ops_i:dataflow_operators")
    failures = standard().with_entry_points().failures
    assert [item.code for item in failures] == ["DF0702"]
    assert "fake_ops_i" in failures[0].message


def test_a_second_scan_is_none(site: Site) -> None:
    site.install("fake_ops_j", plugin("sqr_j"))
    table = standard().with_entry_points()
    assert table.with_entry_points() is table


def test_a_plugin_named_on_the_command_line_wins_over_itself_installed(site: Site, tmp_path: Path) -> None:
    """An author who tries a new version of an installed plugin is not told that its operators exist twice."""
    site.install("fake_ops_k", plugin("sqr_k", more="__version__ = '1.0'"))
    file = write(tmp_path, plugin("sqr_k", more="__version__ = '1.1'"), "fake_ops_k.py")
    table = standard().with_files([file]).with_entry_points()
    assert table.failures == ()
    assert table.owner("sqr_k").version == "1.1"


def test_a_graph_built_in_python_finds_installed_plugins_too(site: Site) -> None:
    site.install("fake_ops_l", plugin("sqr_l"))
    graph = dataflow.Graph(inputs={"x": 3}, nodes={"y": dataflow.Node("sqr_l", ("x",))}, target="y")
    assert dataflow.execute(graph).gradients["x"] == 6.0


def test_a_module_may_be_made_by_hand() -> None:
    module = ModuleType("by_hand")
    exec(plugin("sqr"), vars(module))
    table = standard().with_modules([module])
    assert table.owner("sqr") == ("by_hand", "", "")
    assert isinstance(table, Operators)


def test_a_plugin_file_with_a_dataclass(tmp_path: Path) -> None:
    more = "from dataclasses import dataclass\n\n@dataclass\nclass Held:\n    number: int\n"
    text = "from __future__ import annotations\n" + plugin("sqr_d", more=more)
    assert "sqr_d" in standard().with_files([write(tmp_path, text, "my_dataclass.py")])
    assert "my_dataclass" not in sys.modules


def test_a_hook_that_fails_while_it_hands_over(tmp_path: Path) -> None:
    text = HEAD + "@hookimpl\ndef dataflow_operators():\n    yield 1 / 0\n"
    problem = refuse([write(tmp_path, text)])
    assert (problem.code, problem.line) == ("DF0701", 4)


CURVES = """from dataflow import Operator
def operators():
    return [Operator("cub", "z = x ** 3", forward=lambda xp, x: x * x * x, broadcasts=True)]
"""


def deferring(folder: Path, names: str) -> list[str]:
    """A plugin that says which of its modules gives which operators; the module has a name of its own each time."""
    module = f"curves_{folder.name}"
    (folder / f"{module}.py").write_text(CURVES)
    text = f"{HEAD}\n@hookimpl\ndef dataflow_operators():\n    return {{'{module}': {names}}}\n"
    return [write(folder, text)]


def test_a_module_is_imported_when_its_operator_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    table = standard().with_files(deferring(tmp_path, "['cub']"))
    assert "cub" in table
    assert table.owner("cub").name == "my_ops"
    assert f"curves_{tmp_path.name}" not in sys.modules
    assert table["cub"].formula == "z = x ** 3"
    assert table["cub"] is table.with_files([])["cub"]
    assert (
        dataflow.execute(
            dataflow.loads("{dataflow: 1, inputs: {x: 2}, nodes: {y: cub(x)}, target: y}", operators=table)
        ).gradients["x"]
        == 12.0
    )


@pytest.mark.parametrize("names", ["['cub', 'quad']", "['quad']", "[]"])
def test_a_module_that_gives_other_operators_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    table = standard().with_files(deferring(tmp_path, names))
    if names == "[]":
        assert "cub" not in table
        return
    with pytest.raises(PluginError, match="differs in `cub`" if "cub" not in names else "differs in `quad`"):
        table["quad"]


def test_a_module_that_does_not_import_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    text = f"{HEAD}\n@hookimpl\ndef dataflow_operators():\n    return {{'no_such_module': ['cub']}}\n"
    table = standard().with_files([write(tmp_path, text)])
    with pytest.raises(PluginError, match="cannot be imported"):
        table["cub"]
