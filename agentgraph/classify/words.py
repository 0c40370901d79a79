"""How a text is cut into words; not what any word means.

Rules of this file:

1. Two texts that differ in case, in the way Unicode writes a sign, or in the space and
   punctuation around words have the same words.
2. A word is a run of letters, digits, marks and underscores. An apostrophe inside belongs to
   it ("don't"), an English possessive does not ("card's" is "card"), a hyphen parts two words.
3. Chinese characters and Japanese kana are written without spaces: each is a word by itself.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import category, normalize

from agentgraph.errors import InvalidAgent

_ASCII_WORD = re.compile(r"[\w']+", re.ASCII)
_ALONE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_APOSTROPHES = "'\u2019\u02bc"
# Soft hyphens, joiners and variation selectors change how a word looks, not which word it is.
_INVISIBLE = dict.fromkeys([0xAD, 0x200C, 0x200D, 0x2060, *range(0xFE00, 0xFE10)])


def words(text: str) -> list[str]:
    """Return the words of `text` in order, folded so that equal words are equal strings."""
    if text.isascii():
        runs = _ASCII_WORD.findall(text.casefold())
    else:
        shown = normalize("NFKC", normalize("NFKC", text).casefold()).translate(_INVISIBLE)
        runs = "".join(map(_spaced, shown)).split()
    return [word for run in runs if (word := _bare(run))]


def check_texts(label: object, texts: Sequence[object], where: str, one: str) -> None:
    """Refuse what is no list of texts for a label; it is often read from a file, untyped."""
    # A lone string is a sequence of strings too, one for each letter; no type checker sees that.
    if isinstance(texts, str) or not texts:
        what = f"the {one.split()[1]}s of {label!r} are {texts!r}"
        fix = f"write a list with at least one text: {{{label!r}: [{texts or 'text'!r}]}}"
        raise InvalidAgent(what, where=where, fix=fix)
    for text in texts:
        if not isinstance(text, str):
            what = f"{one} of {label!r} is {text!r}"
            raise InvalidAgent(what, where=where, fix="write it as a string")


def _bare(run: str) -> str:
    word = run.strip("'").removesuffix("'s")
    return word if any(map(str.isalnum, word)) else ""


@lru_cache(maxsize=4096)
def _spaced(sign: str) -> str:
    """Return the sign as it stands in a word, or a space where it ends one."""
    if sign in _APOSTROPHES:
        return "'"
    if _ALONE.match(sign):
        return f" {sign} "
    # `\w` knows no combining marks, so it would cut Hindi or Arabic words into pieces.
    return sign if sign.isalnum() or sign == "_" or category(sign)[0] == "M" else " "
