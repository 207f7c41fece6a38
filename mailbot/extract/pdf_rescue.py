"""Mends a PDF whose end is missing (a download or mail that was cut off), so that PDFium opens what is left of it.

PDFium looks for the objects of a broken file itself (ISO 32000-1 annex C.2), but must be told where to begin: what stood in the
trailer is written anew here, and a list of the pages when that is gone too.
"""

from __future__ import annotations

import re

_OBJECT = re.compile(rb"(?<!\S)(\d{1,9})\s+\d{1,5}\s+obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_TREE = re.compile(rb"/Pages\s+(\d{1,9})\s")
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
_HEAD = 4_000
"""Bytes of an object in which its type is looked for."""
MOST_OBJECTS = 200_000


def rescued(content: bytes) -> bytes | None:
    """Return the file with a new end, or None when neither its catalog nor a page is left."""
    starts = []
    for match in _OBJECT.finditer(content):
        starts.append((match.end(), int(match[1])))
        if len(starts) == MOST_OBJECTS:
            return None
    if not starts:
        return None
    catalog, tree, pages = None, None, []
    for (start, number), (stop, _) in zip(starts, [*starts[1:], (len(content), 0)], strict=True):
        head = content[start : min(stop, start + _HEAD)]
        if _CATALOG.search(head):
            catalog, tree = number, _TREE.search(head)
        elif _PAGE.search(head) and b"endobj" in content[start:stop]:
            pages.append(number)
    numbers = {number for _, number in starts}
    whole = content[: content.rfind(b"endobj") + 6] if b"endobj" in content else content
    if catalog is not None and tree and int(tree[1]) in numbers:
        return whole + b"\ntrailer\n<</Root %d 0 R>>\nstartxref\n0\n%%%%EOF" % catalog
    if not pages:
        return None
    free = max(numbers) + 1
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    made = b"\n%d 0 obj<</Type/Pages/Count %d/Kids[%s]>>endobj" % (free, len(pages), kids)
    root = b"\n%d 0 obj<</Type/Catalog/Pages %d 0 R>>endobj" % (free + 1, free)
    return whole + made + root + b"\ntrailer\n<</Root %d 0 R>>\nstartxref\n0\n%%%%EOF" % (free + 1)
