"""What is formatted is the same graph with the same comments, in one form, and stays so when it is formatted again."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow import GraphError, loads, standard
from dataflow.document.formatter import FormatError, format_text, rewrite
from dataflow.document.spelling import respell

ROOT = Path(__file__).parent.parent.parent
GALLERY = sorted((ROOT / "graphs").glob("*.yaml"))
TEMPLATES = sorted((ROOT / "dataflow" / "templates").glob("*.yaml"))


def check(text: str) -> str:
    """The text formatted, once all that is promised has been seen to hold."""
    found = format_text(text)
    before, after = loads(text), loads(found)
    assert before == after
    assert before.description == after.description
    for part in ("inputs", "parameters", "nodes"):
        old, new = getattr(before, part), getattr(after, part)
        assert [(key, old[key].description) for key in old] == [(key, new[key].description) for key in new]
    assert format_text(found) == found
    assert sorted(re.findall(r"#\w+", text)) == sorted(re.findall(r"#\w+", found))
    return found


def entry(text: str) -> str:
    """The lines of a graph's nodes, formatted."""
    found = check(f"dataflow: 1\ninputs: {{a: 2, b: 3}}\nnodes:\n{text}\n")
    return found.partition("\nnodes:\n")[2]


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_gallery_is_in_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_text(text, folder=str(path.parent)) == text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_what_new_writes_is_in_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("@NAME@", "name")
    assert rewrite(text, standard()) == text


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "bad").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_broken_graph_is_refused_as_loading_refuses_it(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    try:
        loads(text)
    except GraphError as error:
        expected = str(error)
    else:  # wrong only when it runs
        check(text)
        return
    with pytest.raises(GraphError) as found:
        format_text(text)
    assert str(found.value) == expected


# --- the whole -----------------------------------------------------------------------------------------------------


def test_sections_stand_in_order_with_their_comments_and_one_blank_line_between() -> None:
    text = """\
# yaml-language-server: $schema=s.json
# the target
target:   y    # last


nodes :
    y: w*x # product
#    old
    # at the end of the nodes
parameters:
        w: 2
description: |
      Two
        lines.
name: n   # its name

inputs: {x: 3}
requires: {dataflow_std: ">=0.1"}
dataflow: 1
# the end
"""
    assert (
        check(text)
        == """\
# yaml-language-server: $schema=s.json
dataflow: 1
# the end
name: n   # its name
description: |
  Two
    lines.
requires: {dataflow_std: ">=0.1"}

inputs: {x: 3}

parameters:
  w: 2

nodes:
  y: w * x  # product
  #    old
  # at the end of the nodes

# the target
target: y      # last
"""
    )


def test_a_graph_that_is_indented_as_a_whole() -> None:
    head = "  dataflow: 1\n  # about the name\n  name: n\n  description: |2\n       a\n      b\n"
    text = f"{head}  nodes:\n    y: 2\n    #y\n  #t\n  target: y\n"
    expected = "dataflow: 1\n# about the name\nname: n\ndescription: |2\n     a\n    b\n"
    assert check(text) == f"{expected}\nnodes:\n  y: 2\n  #y\n\n#t\ntarget: y\n"


def test_a_header_stays_on_top() -> None:
    text = "# by me\n# and you\n\n# about the nodes\nnodes: {y: 1 + 1}\ndataflow: 1\n"
    assert check(text) == "# by me\n# and you\n\ndataflow: 1\n\n# about the nodes\nnodes: {y: 1 + 1}\n"


def test_blank_lines_are_kept_but_not_two_and_not_at_the_beginning_of_a_section() -> None:
    assert entry("\n\n    y: 1\n\n\n\n    z: 2\n    # c\n\n    w: 3\n\n\n") == "  y: 1\n\n  z: 2\n  # c\n\n  w: 3\n"


def test_the_last_line_ends() -> None:
    assert check("dataflow: 1\nnodes: {y: 2}") == "dataflow: 1\n\nnodes: {y: 2}\n"


def test_unknown_sections_stay_to_the_letter_before_the_target() -> None:
    """Such as later versions may have; the loader of this one refuses them, and so they are given to the layout."""
    part = "derivatives:\n    y :   b+c   #one\n    #two\n  #three\n    z: >-\n       a\n\n       b\n"
    text = f"target: y\n{part}\nnodes:\n   y: 1+1\ndataflow: 1\n"
    found = rewrite(text, standard())
    assert found == f"dataflow: 1\n\nnodes:\n  y: 1 + 1\n\n{part}\ntarget: y\n"
    assert rewrite(found, standard()) == found


def test_sections_stay_where_they_are_if_an_alias_would_come_before_its_anchor() -> None:
    found = check("nodes:\n    y: w*1\nparameters:\n    w: &v [1,2]\ninputs:\n    x: *v\ndataflow: 1\n")
    assert re.findall(r"^\w+", found, re.MULTILINE) == ["nodes", "parameters", "inputs", "dataflow"]
    found = check("nodes:\n    y: w*1\ninputs:\n    x: &v [1,2]\nparameters:\n    w: *v\ndataflow: 1\n")
    assert re.findall(r"^\w+", found, re.MULTILINE) == ["dataflow", "inputs", "parameters", "nodes"]


def test_an_expression_that_is_repeated_as_text_stays() -> None:
    assert entry("    y: &e a*b\n    z: {op: add, inputs: [a, b], description: *e }") == (
        "  y: &e a*b\n  z: {op: add, inputs: [a, b], description: *e}\n"
    )


def test_directives_and_marks_of_a_document_stay() -> None:
    text = "%YAML 1.2\n#a\n\n---   #b\n#c\n\ndataflow: 1\nnodes:\n    y: 1\n...   #d\n#e\n"
    assert check(text) == "%YAML 1.2\n#a\n\n---     #b\n#c\n\ndataflow: 1\n\nnodes:\n  y: 1\n...     #d\n#e\n".replace(
        "---     #b", "---   #b"
    ).replace("...     #d", "...   #d")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_ends_of_lines_are_those_of_the_first(end: str) -> None:
    text = f"dataflow: 1{end}description: >-\n  a\r\n  b\r  c\nnodes: {{y: 1+1}}"
    found = format_text(text)
    assert found == f"dataflow: 1{end}description: >-{end}  a{end}  b{end}  c{end}{end}nodes: {{y: 1 + 1}}{end}"
    assert loads(found).description == loads(text).description == "a b c"


# --- entries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    y   :   3*a", "  y: 3 * a"),
        ("    y:\t3\t#c", "  y: 3  #c"),
        ('    "y":  "3*a"', '  "y": "3 * a"'),
        ("    y: '3*(a)'", "  y: '3 * a'"),
        ('    y: "3*\\u0061"', '  y: "3*\\u0061"'),
        ("    y: (5)", "  y: (5)"),
        ('    y: "(5)"', '  y: "5"'),
        ("    y: 1e-3", "  y: 1e-3"),
        ("    y: !!str   3*a", "  y: !!str 3*a"),
        ("    y:\n      3*a", "  y:\n    3 * a"),
        ("    y:   #c\n      3*a", "  y:  #c\n    3 * a"),
        ("    y:   #c\n         #d\n      #e\n\n      3*a", "  y:   #c\n       #d\n    #e\n    3 * a"),
        ("    y: a +\n       b", "  y: a +\n     b"),
        ("    y: a +   \n      b", "  y: a +\n    b"),
        ("    y: >-   #c\n        a +\n        b\n\n", "  y: >-     #c\n    a +\n    b"),
        ("    y: |2-\n         a\n        + b", "  y: |2-\n       a\n      + b"),
        ("    ? y\n    :   3*a", "  ? y\n  : 3 * a"),
        ("    ? y  #c\n    #d\n    : #e\n      3*a", "  ? y  #c\n  #d\n  :  #e\n    3 * a"),
        ("    y: {op: add , inputs : [a,b,], }", "  y: {op: add, inputs: [a, b]}"),
        ('    y: {"op":"add","inputs":["a",  b]}', '  y: {"op": "add", "inputs": ["a", b]}'),
        ("    y: {op: add, inputs: [ &o a, *o ]}", "  y: {op: add, inputs: [&o a, *o]}"),
        ("    y: {op: add, inputs: &o   [a, b]}", "  y: {op: add, inputs: &o [a, b]}"),
        ("    y: {op: add,   #c\n        inputs: [a,b]}  #d", "  y: {op: add,   #c\n      inputs: [a, b]}  #d"),
        ("    y: {\n        op: add,\n        inputs: [a,b]\n    }",
         "  y: {\n      op: add,\n      inputs: [a, b]\n  }"),
        ("    y:\n        op: add\n        inputs:\n        - a\n        -   b",
         "  y:\n    op: add\n    inputs:\n      - a\n      - b"),
        ("    y:\n      #c\n      op: add   #d\n      inputs: {x:   a, y: b}\n      #e\n    #f",
         "  y:\n    #c\n    op: add   #d\n    inputs: {x: a, y: b}\n    #e\n  #f"),
    ],
)  # fmt: skip
def test_an_entry(text: str, expected: str) -> None:
    assert re.sub(r"(?<=\S) +#", " #", entry(text)) == re.sub(r"(?<=\S) +#", " #", expected + "\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[1,2],[ 3 ,4 ]]", "[[1, 2], [3, 4]]"),
        ("[[ 1, -2],\n       [-3,4]]", "[[ 1, -2],\n      [-3, 4]]"),
        ("[\n    [1,2],  #c\n    #d\n    [3,4],\n   ]", "[\n    [1, 2],  #c\n    #d\n    [3, 4],\n  ]"),
        ("\n    - [ 1, -2]\n    - [-3,4]", "\n    - [ 1, -2]\n    - [-3, 4]"),
        ("\n   - [1, 2]\n   - [3, 4]", "\n    - [1, 2]\n    - [3, 4]"),
        ("\n    -   - 1\n        - 2\n    -\n      - 3\n      - 4",
         "\n    - - 1\n      - 2\n    -\n      - 3\n      - 4"),
        ("{value: [1,\n   2], shape: [2]}", "{value: [1,\n    2], shape: [2]}"),
    ],
)  # fmt: skip
def test_lists(text: str, expected: str) -> None:
    found = check(f"dataflow: 1\ninputs:\n   M: {text}\nnodes: {{y: sum(M)}}\n")
    assert found == f"dataflow: 1\n\ninputs:\n  M: {expected}\n\nnodes: {{y: sum(M)}}\n".replace("M: \n", "M:\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [("|\n   a\n     b", "a\n  b"), ("|+\n   a\n\n\n", "a\n\n\n"), (">-\n   a\n   b\n\n", "a b"), ("|", ""),
     ("|2+\n     a\n   b\n\n", "   a\n b\n\n"), ("|\n\n   a\n\n    \n", "\na\n\n \n"), ("|+\n   a\n\n  ", "a\n\n"),
     ("'it''s\n\n   long'", "it's\nlong"), ('"a \\\n    \\ b"', "a  b"), ("a\n\n   b  \n   c", "a\nb c")],
)  # fmt: skip
@pytest.mark.parametrize("after", ["", "#c\n", "target: y\n", "#c\n\ntarget: y\n", "\n\n#c\ntarget: y\n"])
def test_long_texts_keep_their_meaning(text: str, value: str, after: str) -> None:
    end = "" if not after or text.endswith("\n") else "\n"
    whole = f"dataflow: 1\nnodes: {{y: 2}}\ndescription: {text}{end}{after}"
    if text.endswith(" ") and after:  # the blanks would be those of a line of its own
        return
    expected = loads(whole).description
    assert after or expected == value
    assert loads(check(whole)).description == expected


# --- comments ------------------------------------------------------------------------------------------------------


def test_comments_of_neighbours_stand_in_one_column() -> None:
    assert entry("    y: 3*a #c\n    why: 4   #d\n    z: 5     #e\n    w: 6\n    v: 7 #f").splitlines() == [
        "  y: 3 * a  #c", "  why: 4    #d", "  z: 5      #e", "  w: 6", "  v: 7  #f",
    ]  # fmt: skip


def test_comments_that_stand_far_keep_their_column() -> None:
    assert entry("    y: 3*a          #c\n    z: 5 #d\n\n    v: 7            #e").splitlines() == [
        "  y: 3 * a          #c", "  z: 5              #d", "", "  v: 7              #e",
    ]  # fmt: skip


def test_a_comment_that_goes_on_below_moves_with_its_line() -> None:
    assert entry("    y: 12*a #c\n            #d\n    z: 5").splitlines() == [
        "  y: 12 * a  #c", "             #d", "  z: 5",
    ]  # fmt: skip


def test_no_comment_is_pushed_far_away_by_a_long_line() -> None:
    long = " + ".join(["a"] * 20)
    assert entry(f"    y: 3 #c\n    z: {long} #d").splitlines() == ["  y: 3  #c", f"  z: {long}  #d"]


def test_columns_are_those_that_are_seen() -> None:
    found = check("dataflow: 1\ninputs:\n    宽: 1 #c\n    ab: 2  #d\nnodes: {y: 宽 + ab}\n")
    assert found.splitlines()[3:5] == ["  宽: 1  #c", "  ab: 2  #d"]


def test_a_comment_goes_where_its_column_says() -> None:
    text = """\
    y:
        op: add
        inputs:
          - a
          - b
          #in the list
        #in y
    #before z

    z: 1
       #of z
    #end
#after"""
    assert (
        entry(text)
        == """\
  y:
    op: add
    inputs:
      - a
      - b
      #in the list
    #in y
  #before z

  z: 1
    #of z
  #end
#after
"""
    )


def test_a_comment_below_a_long_text_does_not_become_part_of_it() -> None:
    text = "        description: |\n            text\n          #c"
    found = entry(f"    y:\n        op: exp\n        inputs: [a]\n{text}\n    z: 1")
    assert found.splitlines()[3:6] == ["    description: |", "      text", "    #c"]


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_stays_json() -> None:
    text = """{"target":"y", "nodes":{"y":"3*(a)", "z":{"op":"add","inputs":["a",1e-3]}, "w": "\\u0061*2"},
 "inputs":{"a":5,
   "M":[[ 1,2],
        [30,4]]},"description":"[\\"1,2\\":3]","dataflow":1,"requires":{}}"""
    assert (
        check(text)
        == """\
{
  "dataflow": 1,
  "description": "[\\"1,2\\":3]",
  "requires": {},
  "inputs": {
    "a": 5,
    "M": [[ 1, 2],
          [30, 4]]
  },
  "nodes": {
    "y": "3 * a",
    "z": {"op": "add", "inputs": ["a", 1e-3]},
    "w": "\\u0061*2"
  },
  "target": "y"
}
"""
    )


def test_what_becomes_json_without_its_last_comma_is_laid_out_as_json() -> None:
    assert check('{"dataflow": 1,"nodes": {"y": 2,}}') == check('{"dataflow": 1,"nodes": {"y": 2}}')


def test_a_graph_in_braces_that_is_not_json_stays_so() -> None:
    assert check("#a\n{dataflow: 1,nodes: {y: 1+2, z: {op: exp, inputs: [y]}},}   #b\n#c") == (
        "#a\n{dataflow: 1, nodes: {y: 1 + 2, z: {op: exp, inputs: [y]}}}   #b\n#c\n"
    )
    assert check("{dataflow: 1,   #a\n nodes: {y: 1+2}}") == "{dataflow: 1,   #a\n nodes: {y: 1 + 2}}\n"


# --- expressions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3*v", "3 * v"), ("((a))", "a"), ("-(x**2)", "-(x ** 2)"), ("-x**2", "-x ** 2"), ("(-x)**2", "(-x) ** 2"),
        ("a**(b**c)", "a ** (b ** c)"), ("a**b**c", "a ** b ** c"), ("(a**b)**c", "(a ** b) ** c"),
        ("a*(-b)", "a * (-b)"), ("a*-b", "a * -b"), ("--x", "-(-x)"), ("+ x", "+x"), ("x ** -1", "x ** -1"),
        ("(a*b)/c", "a * b / c"), ("a/(b*c)", "a / (b * c)"), ("(a*b)+c", "a * b + c"), ("a-(b-c)", "a - (b - c)"),
        ("(a@b)*c", "(a @ b) * c"), ("a@b*c", "a @ b * c"), ("(a<b)==(c)", "(a < b) == c"), ("(a+b)<c", "a + b < c"),
        ("x[ 1:3,0 ]", "x[1:3, 0]"), ("x[: :2]", "x[::2]"), ("x[(1,2)]", "x[1, 2]"), ("x[i,]", "x[i,]"),
        ("x[...,None]", "x[..., None]"), ("(a+b)[ -1 ]", "(a + b)[-1]"), ("x[(i)]", "x[i]"),
        ("softmax( z,axis = -1 )", "softmax(z, axis=-1)"), ("concat( [a,b] , axis=0)", "concat([a, b], axis=0)"),
        ("reshape(x,shape=(1,8))", "reshape(x, shape=(1, 8))"), ("f(x,s='a  b')", "f(x, s='a  b')"),
        ("1E-3*x1e-3+0x1F+1_000", "1E-3 * x1e - 3 + 0x1F + 1_000"),
        ("where(a>b,true,None)", "where(a > b, true, None)"),
        ("é*(ü+ 数)", "é * (ü + 数)"), ("a\t+\u00a0b", "a + b"), ("divide(y=b,x=a)", "divide(y=b, x=a)"),
        ("x if y else z", "x if y else z"), ("not  an expression", "not  an expression"), ("x1e-3", "x1e - 3"),
        ("f(a == b,c=1)", "f(a == b, c=1)"),
    ],
)  # fmt: skip
def test_the_spelling_of_an_expression(text: str, expected: str) -> None:
    assert respell(text, {}) == expected
    assert respell(expected, {}) == expected


# --- any graph -----------------------------------------------------------------------------------------------------

SYMBOLS = {"+": 2, "-": 2, "*": 3, "/": 3}


def draw_expression(rng: random.Random, names: list[str], depth: int) -> tuple[str, str, int]:
    """An expression as it should be and as somebody might write it, and how tightly it binds."""
    kind = rng.random() if depth else 1.0
    if kind < 0.55:
        symbol = rng.choice("+-*/")
        own = SYMBOLS[symbol]
        parts = [draw_expression(rng, names, depth - 1) for _ in range(2)]
        good, bad = [], []
        for index, (clean, wild, binds) in enumerate(parts):
            needed = binds < own + index
            good.append(f"({clean})" if needed else clean)
            bad.append(f"({wild})" if needed or rng.random() < 0.2 else wild)
        blank, other = rng.choice(["", " ", "  "]), rng.choice(["", " ", "   "])
        return f"{good[0]} {symbol} {good[1]}", f"{bad[0]}{blank}{symbol}{other}{bad[1]}", own
    if kind < 0.75:
        clean, wild, _ = draw_expression(rng, names, depth - 1)
        blank = rng.choice(["", " "])
        return f"tanh({clean})", f"tanh({blank}{wild}{blank})", 6
    leaf = rng.choice([*names, "2", "1e-3", "0.50"])
    return leaf, leaf, 6


def draw_graph(rng: random.Random) -> tuple[str, str]:
    """A graph as it should be and as somebody might write it."""
    clean, wild = [], []
    sections: dict[str, list[tuple[str, str, str]]] = {
        "inputs": [(f"x{i}", str(i), f"{i} ") for i in range(rng.randint(1, 3))],
        "parameters": [(f"w{i}", f"[{i}, 1]", f"[ {i},1 ]") for i in range(rng.randint(0, 2))],
    }
    names = [name for entries in sections.values() for name, *_ in entries]
    sections["nodes"] = []
    for i in range(rng.randint(1, 6)):
        good, bad, _ = draw_expression(rng, names, 3)
        sections["nodes"].append((f"n{i}", good, bad))
        names.append(f"n{i}")
    for section, entries in sections.items():
        if entries:
            good, bad = draw_section(rng, section, entries)
            clean.append(good)
            wild.append(bad)
    parts = ["dataflow: 1\n", f"target: n0{rng.choice(['', '   #end'])}\n"]
    mixed = [f"dataflow:{rng.choice([' ', '    '])}1\n", *wild, parts[1]]
    rng.shuffle(mixed)
    return "\n".join([parts[0], *clean, parts[1]]), "".join(mixed)


def draw_section(rng: random.Random, section: str, entries: list[tuple[str, str, str]]) -> tuple[str, str]:
    indent, noted = " " * rng.randint(1, 6), rng.choice(["", f"  #{section}"])
    good, bad = [f"{section}:{noted}"], [f"{section}:{noted}"]
    for number, (name, clean, wild) in enumerate(entries):
        if number and rng.random() < 0.2:
            good.append("")
            bad += [rng.choice(["", "    "])] * rng.randint(1, 3)
        if rng.random() < 0.3:
            good.append(f"  #above_{name}")
            bad.append(f"{indent}#above_{name}{rng.choice(['', '  '])}")
        beside = rng.choice(["", f"  #beside_{name}"])
        good.append(f"  {name}: {clean}{beside}")
        bad.append(f"{indent}{name}{rng.choice(['', ' '])}:{rng.choice([' ', '   '])}{wild}{beside and ' ' + beside}")
    if rng.random() < 0.3:
        good.append(f"  #end_{section}")
        bad.append(f"{indent}#end_{section}")
    return "\n".join([*good, ""]), "\n".join([*bad, ""])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_a_graph_comes_out_as_it_should_be(seed: int) -> None:
    clean, wild = draw_graph(random.Random(seed))
    found = check(wild)
    assert re.sub(r"(?<=\S) +#", "  #", found) == re.sub(r"(?<=\S) +#", "  #", clean)
    assert loads(found) == loads(clean)


def put(lines: list[str], rng: random.Random, number: int) -> None:
    """A comment or blank lines somewhere between lines or at the end of one, outside of brackets and texts."""
    place = rng.randrange(len(lines))
    kind = rng.random()
    if kind < 0.5:
        lines.insert(place, " " * rng.choice([0, 1, 2, 4, 6, 12]) + f"#c{number}")
    elif kind < 0.8:
        lines[place] += " " * rng.randint(1, 30) + f"#c{number}"
    else:
        lines[place:place] = [""] * rng.randint(1, 3)


@given(st.sampled_from([*GALLERY, *TEMPLATES]), st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_comments_anywhere(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    lines = path.read_text(encoding="utf-8").replace("@NAME@", "name").splitlines()[:60]
    if path.stem == "chain":
        lines[-1] = "target: x3"
    for number in range(rng.randint(1, 12)):
        put(lines, rng, number)
    text = "\n".join(lines)
    try:
        loads(text)
    except GraphError:  # a comment in the middle of a text, an operator of a plugin
        return
    check(text)


# --- what must not happen ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda text: text.replace("3 * a", "4 * a"), "`nodes`"),
        (lambda text: text.replace("#c", ""), "its comments"),
        (lambda text: text.replace("target: y", ""), "its sections"),
        (lambda text: text.replace("description: d", "description: e"), "`description`"),
        (lambda text: text.replace("target:", "target"), "this is not YAML"),
    ],
)
def test_another_graph_is_never_given_out(
    wrong: Callable[[str], str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "dataflow: 1\ndescription: d\ninputs: {a: 5}\nnodes:\n  y: 3*a  #c\ntarget: y\n"
    monkeypatch.setattr("dataflow.document.formatter.rewrite", lambda text, operators: wrong(rewrite(text, operators)))
    with pytest.raises(FormatError) as found:
        format_text(text)
    problem = found.value.diagnostics[0]
    assert problem.code == "DF0920"
    assert what in problem.message
    assert found.value.exit_code == 70


def test_a_long_chain() -> None:
    """Nothing here recurses over the nodes of a graph."""
    lines = [f"    x{i} :  x{i - 1}+ 1 # c" for i in range(1, 20_001)]
    text = "\n".join(["dataflow: 1", "inputs: {x0: 1}", "nodes:", *lines, ""])
    found = rewrite(text, standard())
    assert found.splitlines()[5:7] == ["  x1: x0 + 1" + " " * 10 + "# c", "  x2: x1 + 1" + " " * 10 + "# c"]
    assert rewrite(found, standard()) == found
