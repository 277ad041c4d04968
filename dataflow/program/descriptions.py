"""A program in words: its passes over the rows, and what stands in the way of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dataflow.shapes import count

if TYPE_CHECKING:
    from dataflow.program.blocks import BlockPass
    from dataflow.program.running import Program

MAX_NAMES = 8


def describe_program(program: Program) -> list[str]:
    """A line for what runs whole, lines for each pass, and one for each node that mixes rows."""
    return list(_list_lines(program))


def _list_lines(program: Program) -> Iterator[str]:
    whole = sum(map(len, program.schedule.between))
    if not program.passes:
        yield f"{count(whole, 'operation')} on whole values"
    else:
        plural = count(len(program.passes), "pass") + ("es" if len(program.passes) > 1 else "")
        yield f"{program.rows:,} rows in {plural.replace('passs', 'pass')}; {count(whole, 'operation')} between them"
    for number, blocks in enumerate(program.passes, 1):
        yield from _describe_pass(program, number, blocks)
    for name in program.lowered.mixing:
        node, label = program.lowered.nodes[name], program.lowered.labels.get(name, "")
        where = f"`{label}`" if label else "a derivative"
        yield f"mixes rows, so that it runs on whole values: `{node.op}` in {where}"


def _describe_pass(program: Program, number: int, blocks: BlockPass) -> Iterator[str]:
    if not blocks.plan.nodes and not blocks.plan.watched:
        return
    length = f"{min(blocks.length, blocks.rows):,}"
    yield (
        f"pass {number}: {count(len(blocks.plan.nodes), 'operation')} on blocks of {length} rows, "
        f"in {count(len(blocks.chunks), 'chunk')}"
    )
    names = {
        item: label[1] if label[0] == "value" else f"d{label[1]}" for label, item in program.lowered.outputs.items()
    }
    parts = (("reads", blocks.plan.read), ("adds up", tuple(blocks.plan.sums)), ("writes", blocks.plan.stored),
             ("summarises", blocks.plan.watched))  # fmt: skip
    for verb, items in parts:
        known = [names.get(item, item) for item in items if item in names or item[0] != "%"]
        if items:
            yield f"  {verb} {_list_names(known, len(items))}"


def _list_names(names: Sequence[str], number: int) -> str:
    shown = list(names[:MAX_NAMES])
    more = number - len(shown)
    if not shown:
        return count(number, "value")
    return ", ".join(shown) + (f" and {more} more" if more else "")
