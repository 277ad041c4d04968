"""What an explanation says in words, in English and in Chinese; the derivation itself is the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Words(NamedTuple):
    """Sentences with places for names and numbers. `name` stands for a value, `label` for its gradient."""

    forward: str = "Forward, left to right"
    forward_to: str = "Forward, from {name} to {target}"
    reverse: str = "In reverse, right to left"
    short: str = "{label} is short for {derivative}"
    reverse_to: str = "In reverse, from {target} back to {name}"
    left_out: str = "... {count} more; --all shows them"
    uses_left_out: str = "... and {count} more"
    reused: str = "{label} is computed once and used {count} times"
    several: str = "{name} is used {count} times: what comes back along each use adds up"
    through: str = "through {formula}"
    operand: str = "{formula}, operand {number}"
    adding: str = "their sum"
    seed_given: str = "as given"
    since: str = "since {cases}"
    holds: str = "{condition}"
    holds_not: str = "{condition} does not hold"
    nothing: str = "it is not taken, so nothing comes back"
    bracket: str = "{bracket} is 1 where that holds, else 0"
    missing: str = "nothing comes back to {count} of {size} elements, which are not taken"
    copies: str = "every element of {name} is used {count} times, and what comes back adds up"
    copies_of_one: str = "{name} is used in {count} places, and what comes back adds up"
    opaque: str = "the backward rule of {operator} cannot be followed, so that its number alone is known: {reason}"
    constant: str = "a constant of the rule"
    separator: str = ", "
    conjunction: str = " and "
    colon: str = ": "
    stop: str = "."
    semicolon: str = "; "
    brackets: str = "({remarks})"
    gradients: str = "{gradients} in {steps}, each of them an upstream gradient times a local slope"
    gradient: tuple[str, str] = ("{count} gradient", "{count} gradients")
    step: tuple[str, str] = ("{count} step", "{count} steps")
    each_used: str = "{labels} are computed once and used {count} times each"
    one_used: str = "{labels} is computed once and used {count} times"
    differently_used: str = "Computed once and used several times: {labels}"
    times: str = "{label} {count}"
    more_labels: str = "{count} more"
    alone: str = "Without reuse, each gradient by itself along every path from {target}, it would be {steps}"
    about: str = "about {count}"
    paths: str = (
        "There are {count} paths from {target} to {name}, and the steps above follow all of them at once; "
        "path by path it would be {steps}"
    )
    nudge_up: str = "{label} = {gradient}: if {name} grows by 0.001, {target} grows by about {change}"
    nudge_down: str = "{label} = {gradient}: if {name} grows by 0.001, {target} falls by about {change}"
    nudge_none: str = "{label} = 0: if {name} changes a little, {target} does not change"
    unreached: str = "{target} does not depend on {names}: the gradient is 0"
    blocked: str = "{target} depends on {names} only through what has no derivative: the gradient is 0"
    dtype: str = "{names}: no gradient, since integers and truth values have none"
    data: str = "{names}: no gradient, since data from a file has none unless it is `differentiable: true`"
    fixed: str = "{names}: no gradient, since `differentiable: false` says so"
    constant_node: str = "{names}: no gradient, since nothing that goes in has one"
    unproved: str = "not proved: {names}"
    no_target: str = "There is no target, so there is nothing to differentiate: name one with --target"


ENGLISH = Words()

CHINESE = Words(
    forward="前向，从左到右",
    forward_to="前向，从 {name} 到 {target}",
    reverse="反向，从右到左",
    short="{label} 是 {derivative} 的简写",
    reverse_to="反向，从 {target} 回到 {name}",
    left_out="…… 还有 {count} 步，用 --all 全部列出",
    uses_left_out="…… 还有 {count} 处",
    reused="{label} 只算一次，用了 {count} 次",
    several="{name} 被用到 {count} 次，各条路上传回来的梯度相加",
    through="经过 {formula}",
    operand="{formula} 的第 {number} 个操作数",
    adding="以上各项之和",
    seed_given="由命令行给定",
    since="因为 {cases}",
    holds_not="{condition} 不成立",
    nothing="没有被选中，所以什么也不传回来",
    bracket="{bracket} 在括号内成立处为 1，否则为 0",
    missing="{size} 个元素中有 {count} 个没有被选中，什么也不传给它们",
    copies="{name} 的每个元素被用到 {count} 次，传回来的相加",
    copies_of_one="{name} 被用在 {count} 处，传回来的相加",
    opaque="{operator} 的反向规则无法逐步跟踪，只知道它算出的数：{reason}",
    constant="规则自带的常数",
    separator="、",
    conjunction="、",
    colon="：",
    stop="。",
    semicolon="；",
    brackets="（{remarks}）",
    gradients="{gradients}，共 {steps}，每一步是上游梯度 × 局部导数",
    gradient=("{count} 个梯度", "{count} 个梯度"),
    step=("{count} 步", "{count} 步"),
    each_used="{labels} 都只算一次，各用了 {count} 次",
    one_used="{labels} 只算一次，用了 {count} 次",
    differently_used="只算一次、用了多次的有：{labels}",
    times="{label} {count}",
    more_labels="另外 {count} 个",
    alone="若不重用，每个梯度都单独从 {target} 出发、沿每条路重算一遍，需要 {steps}",
    about="约 {count}",
    paths="从 {target} 到 {name} 有 {count} 条路，上面的步骤一次走完所有的路；一条一条地走需要 {steps}",
    nudge_up="{label} = {gradient}：{name} 增加 0.001，{target} 大约增加 {change}",
    nudge_down="{label} = {gradient}：{name} 增加 0.001，{target} 大约减少 {change}",
    nudge_none="{label} = 0：{name} 稍有变化时，{target} 不变",
    unreached="{target} 不依赖 {names}，梯度为 0",
    blocked="{target} 只经由没有导数的运算依赖 {names}，梯度为 0",
    dtype="{names} 没有梯度：整数和真假值没有梯度",
    data="{names} 没有梯度：来自文件的数据没有梯度，除非写上 `differentiable: true`",
    fixed="{names} 没有梯度：写明了 `differentiable: false`",
    constant_node="{names} 没有梯度：它不是由有梯度的值算出来的",
    unproved="未经证明的算子：{names}",
    no_target="没有目标节点，也就没有什么可求导的：用 --target 指定一个",
)

LANGUAGES: Mapping[str, Words] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})
