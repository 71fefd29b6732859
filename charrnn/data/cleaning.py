"""A text's line ends and typography made plain as it is read, and what was changed counted."""

from collections import Counter

LINE_ENDS = ("keep", "unix")
"""What can be done with line ends."""

_CR = "\r"
_LINE_END = "line end"
# What word processors write, to what a keyboard does.
_TYPOGRAPHY = {
    "quote": {"'": "‘’‚‛", '"': "“”„‟"},
    "dash": {"-": "‐‑‒–", "--": "—―"},
    "ellipsis mark": {"...": "…"},
    "space": {" ": "\u00a0\u202f\u205f" + "".join(map(chr, range(0x2000, 0x200B)))},
    _LINE_END: {"\n": "\v\f\u0085\u2028\u2029"},
    "invisible character": {"": "\u00ad\u200b\u2060\ufeff"},
}
_CHANGES = [
    (odd, plain, noun)
    for noun, plains in _TYPOGRAPHY.items()
    for plain, odds in plains.items()
    for odd in odds
]
_ASCII = [change for change in _CHANGES if change[0].isascii()]


class Cleaner:
    """Changes the characters of one text.

    Args:
        newlines: "unix" to make CR LF and CR line feeds.
        clean: to make the typography of word processors plain too; implies "unix".

    Attributes:
        counts: how many characters, or pairs of CR and LF, were changed, by what they are.
    """

    def __init__(self, newlines: str, *, clean: bool) -> None:
        self.counts: Counter[str] = Counter()
        self._unix, self._clean = clean or newlines == "unix", clean
        self._held = ""  # a CR at a piece's end, which an LF may follow

    def add(self, piece: str) -> str:
        """The next characters, changed; all but a last one that may be half of a line end."""
        if self._unix:
            piece = self._join_line_ends(self._held + piece)
        return self._change(piece) if self._clean else piece

    def finish(self) -> str:
        """What was held back."""
        held, self._held = self._held, ""
        return self._replace(held, _CR, "\n", _LINE_END)

    def _join_line_ends(self, piece: str) -> str:
        self._held = _CR if piece.endswith(_CR) else ""
        whole = piece.removesuffix(_CR)
        for end in (_CR + "\n", _CR):
            whole = self._replace(whole, end, "\n", _LINE_END)
        return whole

    def _change(self, piece: str) -> str:
        for odd, plain, noun in _ASCII if piece.isascii() else _CHANGES:
            piece = self._replace(piece, odd, plain, noun)
        return piece

    def _replace(self, piece: str, odd: str, plain: str, noun: str) -> str:
        count = piece.count(odd)
        if not count:
            return piece
        self.counts[noun] += count
        return piece.replace(odd, plain)
