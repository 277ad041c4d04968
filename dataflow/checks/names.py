"""Which names a value may have, and what to answer to the others."""

from __future__ import annotations

from keyword import iskeyword

RESERVED = frozenset({"pi", "inf", "nan", "true", "false", "null", "Infinity", "NaN"})

# Letters of other scripts that look like a Latin one (Unicode TR39, the pairs that print alike).
_LOOKALIKES = str.maketrans(
    "авеікмнорсстухѕјԁɡһԛԝАВЕІКМНОРСТХЅЈαορνιυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abeikmhopcctyxsjdghqwABEIKMHOPCTXSJaopviukABEZHIKMNOPTYX",
)


def fault_of(name: str) -> tuple[str, str] | None:
    """Why a text cannot be a name, and the likely cure; None if it can.

    >>> fault_of("x1"), fault_of("lambda")[0]
    (None, '`lambda` is a word of the expression language')
    """
    if name.isidentifier() and name.isascii():
        if iskeyword(name) or name in RESERVED:
            return f"`{name}` is a word of the expression language", f"call it `{name}_`"
        if name.startswith("__"):
            return (
                f"`{name}` begins with two underscores",
                "such names have a meaning of their own in the programs that read results",
            )
        return None
    if not name:
        return "a name is empty", "give it one: letters, digits and underscores"
    if not name.isidentifier():
        if any(mark in name for mark in "()=,"):
            return (
                f"`{_shown(name)}` is no name",
                "within {...} YAML splits an expression at its commas: put it in quotes, or on a line of its own",
            )
        return f"`{_shown(name)}` is no name", f"a name has letters, digits and underscores: `{_cleaned(name)}`"
    from unicodedata import normalize

    if (normal := normalize("NFKC", name)) != name:
        return (
            f"`{name}` is not in normal form (NFKC)",
            f"write `{normal}`; it looks the same and is {len(normal)} characters",
        )
    return None


def looks_of(name: str) -> str:
    """A name with every letter replaced by the Latin one that it looks like.

    >>> looks_of("\\u0430bc") == "abc"
    True
    """
    return name.translate(_LOOKALIKES)


def spell_out(name: str) -> str:
    """The letters of a name that are not ASCII, by their Unicode names.

    >>> spell_out("\\u0430b")
    'U+0430 CYRILLIC SMALL LETTER A'
    """
    from unicodedata import name as unicode_name

    return ", ".join(
        f"U+{ord(letter):04X} {unicode_name(letter, '?')}" for letter in dict.fromkeys(name) if not letter.isascii()
    )


def _shown(name: str) -> str:
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= 60 else name[:57] + "..."


def _cleaned(name: str) -> str:
    cleaned = "".join(letter if ("_" + letter).isidentifier() else "_" for letter in name[:60]).strip("_") or "x"
    return cleaned if cleaned.isidentifier() else f"x{cleaned}"
