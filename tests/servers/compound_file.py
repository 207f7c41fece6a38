"""Writes compound files ([MS-CFB], version 3) and Outlook's messages in them, since no library does."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Folder = Mapping[str, "bytes | Folder"]
"""Names of streams and storages, and what they hold."""

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT_SECTOR, NOTHING = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


@dataclass
class _Entry:
    name: str
    kind: int
    child: int = NOTHING
    right: int = NOTHING
    start: int = END
    content: bytes = b""


@dataclass
class _Writer:
    entries: list[_Entry] = field(default_factory=list)
    sectors: list[bytes] = field(default_factory=list)
    table: list[int] = field(default_factory=list)
    mini: bytes = b""
    mini_table: list[int] = field(default_factory=list)

    def add(self, name: str, kind: int, inside: Folder) -> int:
        """Add a storage and what is in it; return its number."""
        number = len(self.entries)
        self.entries.append(_Entry(name, kind))
        children = []
        for child, content in inside.items():
            if isinstance(content, bytes):
                children.append(len(self.entries))
                self.entries.append(_Entry(child, 2, content=content))
            else:
                children.append(self.add(child, 1, content))
        for one, following in zip(children, [*children[1:], NOTHING], strict=True):
            self.entries[one].right = following
        self.entries[number].child = children[0] if children else NOTHING
        return number

    def store(self, content: bytes) -> int:
        """Put bytes into sectors; return the first one's number."""
        if not content:
            return END
        first = len(self.sectors)
        pieces = [content[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(content), SECTOR)]
        self.sectors += pieces
        self.table += [*range(first + 1, first + len(pieces)), END]
        return first


def compound(root: Folder) -> bytes:
    """Return a compound file with these storages and streams."""
    writer = _Writer()
    writer.add("Root Entry", 5, root)
    for entry in writer.entries:
        if entry.kind == 2 and len(entry.content) < CUTOFF:
            first, count = len(writer.mini_table), -(-len(entry.content) // MINI)
            writer.mini += entry.content.ljust(count * MINI, b"\0")
            writer.mini_table += [*range(first + 1, first + count), END] if count else []
            entry.start = first if count else END
        elif entry.kind == 2:
            entry.start = writer.store(entry.content)
    top = writer.entries[0]
    top.content, top.start = writer.mini, writer.store(writer.mini)
    mini_table = struct.pack(f"<{len(writer.mini_table)}I", *writer.mini_table)
    mini_sectors = -(-len(mini_table) // SECTOR)
    mini_start = writer.store(mini_table.ljust(mini_sectors * SECTOR, b"\xff"))
    directory = b"".join(map(_directory_entry, writer.entries))
    directory_start = writer.store(directory + _directory_entry(_Entry("", 0)) * (-len(writer.entries) % 4))
    fat_sectors = 1
    while (len(writer.table) + fat_sectors) * 4 > fat_sectors * SECTOR:
        fat_sectors += 1
    fat = writer.table + [FAT_SECTOR] * fat_sectors
    fat += [FREE] * (fat_sectors * SECTOR // 4 - len(fat))
    places = [*range(len(writer.sectors), len(writer.sectors) + fat_sectors)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, fat_sectors, directory_start, 0, CUTOFF, mini_start, mini_sectors, END, 0)
    header += struct.pack("<109I", *places, *[FREE] * (109 - len(places)))
    return header + b"".join(writer.sectors) + struct.pack(f"<{len(fat)}I", *fat)


def _directory_entry(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le") + b"\0\0" if entry.name else b""
    head = name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name), entry.kind, 1, NOTHING, entry.right, entry.child)
    return head + bytes(36) + struct.pack("<IQ", entry.start, len(entry.content))


def outlook_message(
    properties: Mapping[int, str | bytes | int],
    recipients: Sequence[Mapping[int, str | bytes | int]] = (),
    attachments: Sequence[Mapping[int, str | bytes | int | Folder]] = (),
    header: int = 32,
) -> dict[str, bytes | Folder]:
    """Return the storages of a message ([MS-OXMSG] 2.2); an attachment whose 0x3701 is a folder is a message of its own."""
    folder: dict[str, bytes | Folder] = _properties(properties, header)
    folder["__nameid_version1.0"] = {"__substg1.0_00020102": b""}
    for number, one in enumerate(recipients):
        folder[f"__recip_version1.0_#{number:08X}"] = _properties(one, 8)
    for number, one in enumerate(attachments):
        inner = {key: value for key, value in one.items() if not isinstance(value, Mapping)}
        stored = _properties(inner, 8)
        stored |= {f"__substg1.0_{key:04X}000D": value for key, value in one.items() if isinstance(value, Mapping)}
        folder[f"__attach_version1.0_#{number:08X}"] = stored
    return folder


def _properties(properties: Mapping[int, str | bytes | int], header: int) -> dict[str, bytes | Folder]:
    folder: dict[str, bytes | Folder] = {}
    stream = bytes(header)
    for number, value in properties.items():
        if isinstance(value, int):
            kind, fixed = (0x0040, value.to_bytes(8, "little")) if value >= 1 << 32 else (0x0003, value.to_bytes(8, "little"))
        else:
            kind = 0x001F if isinstance(value, str) else 0x0102
            content = value.encode("utf-16-le") if isinstance(value, str) else value
            folder[f"__substg1.0_{number:04X}{kind:04X}"] = content
            fixed = struct.pack("<II", len(content), 0)
        stream += struct.pack("<HHI", kind, number, 6) + fixed
    return {"__properties_version1.0": stream, **folder}
