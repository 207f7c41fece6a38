"""Office files written by hand for tests: slides and OpenDocument files, whose writers are no dependency, and Excel 2003's XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def package(parts: Mapping[str, str], *, mimetype: str = "") -> bytes:
    """Return a zip of XML parts; OpenDocument has its media type first."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def slides(*bodies: str, order: Sequence[int] = ()) -> bytes:
    """Return a pptx with a slide for each body, shown in an order that need not be that of their names."""
    numbers = range(1, len(bodies) + 1)
    listed = "".join(f'<p:sldId id="{255 + at}" r:id="rId{at}"/>' for at in order or numbers)
    related = "".join(f'<Relationship Id="rId{at}" Type="{_REL}/slide" Target="slides/slide{at}.xml"/>' for at in numbers)
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": (
            f'<Relationships xmlns="{_RELS}"><Relationship Id="a" Type="{_REL}/officeDocument" Target="ppt/presentation.xml"/>'
            "</Relationships>"
        ),
        "ppt/presentation.xml": (
            f'<p:presentation xmlns:p="{_P}" xmlns:r="{_REL}"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>'
        ),
        "ppt/_rels/presentation.xml.rels": f'<Relationships xmlns="{_RELS}">{related}</Relationships>',
    }
    for at, body in enumerate(bodies, 1):
        tree = f"<p:cSld><p:spTree>{body}</p:spTree></p:cSld>"
        parts[f"ppt/slides/slide{at}.xml"] = f'<p:sld xmlns:p="{_P}" xmlns:a="{_A}">{tree}</p:sld>'
    return package(parts)


def shape(*lines: str) -> str:
    """Return a shape of a slide with a paragraph for each line."""
    paragraphs = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in lines)
    return f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="Title"/></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>'


def slide_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of a slide."""
    cells = "".join(
        "<a:tr>" + "".join(f"<a:tc><a:txBody><a:p><a:r><a:t>{cell}</a:t></a:r></a:p></a:txBody></a:tc>" for cell in row) + "</a:tr>"
        for row in rows
    )
    return f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{cells}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"


def open_document(kind: str, body: str, *, styles: str = "") -> bytes:
    """Return an odt (`text`) or odp (`presentation`) with this content, and these headers and footers."""
    names = " ".join(f'xmlns:{name}="{_ODF}{name}:1.0"' for name in ("office", "text", "table", "style", "draw"))
    inside = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    parts = {"content.xml": f"<office:document-content {names}>{inside}</office:document-content>"}
    if styles:
        parts["styles.xml"] = f"<office:document-styles {names}>{styles}</office:document-styles>"
    return package(parts, mimetype=f"application/vnd.oasis.opendocument.{kind}")


def workbook_xml(rows: str) -> bytes:
    """Return a workbook of one sheet as Excel 2003 writes it in XML."""
    name = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        f'<Workbook xmlns="{name}" xmlns:ss="{name}"><Worksheet ss:Name="Orders"><Table>{rows}</Table></Worksheet></Workbook>'
    ).encode()
