"""The command line: a module a command, imported when it is called; errors become text and exit codes.

Exit codes: 0 done; 1 the graph or its data is wrong; 2 the command line is wrong; 3 an operator failed while
running, or ``--strict`` found what it forbids; 4 the environment refused; 130, 143 interrupted; 70 a bug in dataflow.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from dataflow.cli.common import Once
from dataflow.cli.reports import OutputError, flush_output, print_lines, print_problems, warn
from dataflow.errors import DataflowError, Diagnostic, ResourceError, UsageError, escape, suggest

if TYPE_CHECKING:
    from types import FrameType

BUG = 70

COMMANDS: Mapping[str, tuple[str, str]] = {  # name: module, what it does
    "exec": ("execute", "run a graph: every value and every gradient"),
    "validate": ("validate", "check graphs without running them: every problem of every file"),
    "verify": ("verify", "prove backward rules, of operators or of a graph, or show where they are wrong"),
    "explain": ("explain", "show the chain rule behind a gradient, step by step, in symbols and in numbers"),
    "grad": ("grad", "write the reverse sweep down as a graph of its own"),
    "fmt": ("fmt", "write graphs in one form, comments kept"),
    "diff": ("diff", "say which equations of two graphs differ, and how their values moved"),
    "draw": ("draw", "draw a graph as SVG, DOT or Mermaid, with values and gradients"),
    "ops": ("ops", "list the operators, or describe one"),
    "new": ("new", "write a graph or a plugin to start from"),
    "schema": ("schema", "print the JSON Schema of graphs, with all installed operators, for editors"),
    "errors": ("errors", "explain an error code"),
}


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are diagnostics."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` in place of printing and leaving."""
        raise UsageError(Diagnostic("DF0901", message, hint=f"`{self.prog} --help` lists what there is"))


def run_process() -> int:
    """Run the command that this process was started for, without the garbage collector: a fifth of a short run."""
    gc.disable()
    try:
        return main()
    finally:
        gc.freeze()  # what is left ends with the process


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; nothing it meets becomes a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = _asks_for_json(given)
    with suppress(ValueError):  # not in the main thread: who embeds the command keeps its own handler
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(given)
        flush_output()
        return code
    except OutputError as error:
        _close_output()
        return _finish(partial(print_problems, error.diagnostics, as_json=False), error.exit_code)
    except DataflowError as error:
        return _finish(partial(print_problems, error.diagnostics, as_json=as_json), error.exit_code)
    except KeyboardInterrupt:
        return _finish(partial(warn, "interrupted"), 130)
    except Terminated:
        return _finish(partial(warn, "terminated"), 143)
    except BrokenPipeError:
        _close_output()
        return ResourceError.exit_code
    except SystemExit as error:  # argparse, after --help
        return error.code if isinstance(error.code, int) else 0
    except OSError as error:
        return _finish(partial(print_problems, [_explain(error)], as_json=as_json), ResourceError.exit_code)
    except MemoryError:
        problem = Diagnostic("DF0810", "no memory")
        return _finish(partial(print_problems, [problem], as_json=as_json), ResourceError.exit_code)
    except Exception as error:
        return _finish(partial(warn, _describe_bug(error)), BUG)


def _run(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still shows every name
    if sys.stdout is None:
        raise OutputError(Diagnostic("DF0811", "standard output is closed"))
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print_lines(*_usage())
        return 0 if arguments else UsageError.exit_code
    if arguments[0] in ("-V", "--version"):
        from dataflow import __version__

        print_lines(f"dataflow {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        meant = suggest(name, COMMANDS)
        hint = f"did you mean `dataflow {meant}`?" if meant else f"commands are {', '.join(COMMANDS)}"
        if name.endswith((".yaml", ".yml", ".json")):
            hint = f"did you mean `dataflow exec {name}`?"
        raise UsageError(Diagnostic("DF0902", f"there is no command `{name}`", hint=hint))
    from importlib import import_module

    command: Any = import_module(f"dataflow.cli.{COMMANDS[name][0]}")
    parser = Parser(
        prog=f"dataflow {name}",
        description=command.__doc__,
        formatter_class=_make_formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--format",
        action=Once,
        choices=getattr(command, "FORMATS", ("text", "json")),
        default="text",
        help="how to print listings and problems",
    )
    command.add_arguments(parser)
    code: int = command.run(parser.parse_intermixed_args(arguments[1:]))
    return code


def _make_formatter(prog: str) -> argparse.HelpFormatter:
    """Help as wide as the terminal. Told its width, argparse need not import shutil for it, at 5 ms a start."""
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else 80
    with suppress(OSError, ValueError, AttributeError):
        width = os.get_terminal_size(sys.stdout.fileno()).columns
    return argparse.RawDescriptionHelpFormatter(prog, width=max(width - 2, 40))


def _usage() -> list[str]:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    return ["usage: dataflow COMMAND [...]", "", *lines, "", "`dataflow COMMAND --help` says more."]


def _asks_for_json(arguments: Sequence[str]) -> bool:
    return "--format=json" in arguments or any(pair == ("--format", "json") for pair in pairwise(arguments))


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _finish(say: Callable[[], None], code: int) -> int:
    """Say the last word, if anybody still listens."""
    try:
        say()
        sys.stdout.flush()
    except (OSError, OutputError):
        _close_output()
    except (AttributeError, ValueError):
        pass  # closed from the start
    return code


def _close_output() -> None:
    """Let nothing more reach a closed pipe, not even the interpreter's last flush."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: OSError) -> Diagnostic:
    """The diagnostic for what the system refused where nothing else was said about it."""
    from dataflow.places import describe_lost_folder

    return describe_lost_folder() or Diagnostic("DF0814", f"the system refused: {error}")


def _describe_bug(error: Exception) -> str:
    import traceback

    lines = "".join(traceback.format_exception(error)).splitlines()
    shown = "\n".join(map(escape, lines))
    return f"{shown}\n\nthis is a bug in dataflow: please report it, with the graph and the lines above"
