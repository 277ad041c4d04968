"""The colours of pictures: blue forward and orange back, which those who see no red or green tell apart too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dataflow.drawing.picture import INPUT, NODE, PARAMETER, PART

INK = "#1e293b"
WIRE = "#64748b"  # arrows where no values are known
FORWARD, BACK = "#1d4ed8", "#c2410c"
FILLS: Mapping[str, tuple[str, str]] = MappingProxyType({  # by kind of box: inside, outline
    INPUT: ("#eef2f7", "#475569"),
    PARAMETER: ("#fef3c7", "#b45309"),
    NODE: ("#ffffff", "#475569"),
    PART: ("#ffffff", "#94a3b8"),
})  # fmt: skip
