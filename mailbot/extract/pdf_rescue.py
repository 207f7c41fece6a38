"""Mends a PDF whose end is missing (a download or mail that was cut off), so that PDFium opens what is left of it.

PDFium looks for the objects of a broken file itself (ISO 32000-1 annex C.2), but must be told where to begin: what stood in the
trailer is written anew here, and a list of the pages when that is gone too.
"""

from __future__ import annotations

import re

_OBJECT = re.compile(rb"(?:^|[\r\n])\s*(\d{1,9})\s+\d{1,5}\s+obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
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
    catalog, pages, highest = None, [], 0
    for (start, number), (stop, _) in zip(starts, [*starts[1:], (len(content), 0)], strict=True):
        head = content[start : min(stop, start + _HEAD)]
        highest = max(highest, number)
        if _CATALOG.search(head):
            catalog = number
        elif _PAGE.search(head) and b"endobj" in content[start:stop]:
            pages.append(number)
    whole = content[: content.rfind(b"endobj") + 6] if b"endobj" in content else content
    if catalog is not None and _has_its_pages(content, catalog):
        return whole + b"\ntrailer\n<</Root %d 0 R>>\nstartxref\n0\n%%%%EOF" % catalog
    if not pages:
        return None
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    tree = b"\n%d 0 obj<</Type/Pages/Count %d/Kids[%s]>>endobj" % (highest + 1, len(pages), kids)
    root = b"\n%d 0 obj<</Type/Catalog/Pages %d 0 R>>endobj" % (highest + 2, highest + 1)
    return whole + tree + root + b"\ntrailer\n<</Root %d 0 R>>\nstartxref\n0\n%%%%EOF" % (highest + 2)


def _has_its_pages(content: bytes, catalog: int) -> bool:
    """Return whether the tree of pages that the catalog names is in the file."""
    own = re.search(rb"(?:^|[\r\n])\s*%d\s+\d{1,5}\s+obj\b.{0,4000}?/Pages\s+(\d{1,9})\s" % catalog, content, re.DOTALL)
    return bool(own and re.search(rb"(?:^|[\r\n])\s*%s\s+\d{1,5}\s+obj\b" % own[1], content))
