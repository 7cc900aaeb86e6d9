"""WebM with Opus, as browsers record it, put into Ogg, which libsndfile reads: the packets stay as they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

MAGIC = b"\x1a\x45\xdf\xa3"  # of EBML, which WebM and Matroska are written in
RATE = 48_000  # Hz, of Opus' clock

# Elements that hold others. A recorder that does not know their lengths yet leaves them open, so what is in them is
# read as if it stood beside them.
_HOLDERS = {0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xA0}  # segment, tracks, track, cluster, group of blocks
_TRACK, _NUMBER, _CODEC, _PRIVATE = 0xAE, 0xD7, 0x86, 0x63A2
_BLOCKS = {0xA3, 0xA1}
_LACED = 0x06  # flag of a block that holds several packets
# Milliseconds of a frame by the first five bits of a packet (RFC 6716, table 2).
_SILK, _HYBRID, _CELT = (10.0, 20.0, 40.0, 60.0), (10.0, 20.0), (2.5, 5.0, 10.0, 20.0)

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def as_ogg(content: bytes) -> bytes:
    """The first Opus track of a WebM file as an Ogg file.

    Args:
        content (bytes): the whole file; its end may be missing.

    Raises:
        ValueError: it is no WebM, or holds no Opus.
    """
    head, packets = _opus(content)
    pages = [_page(head, 0, 0, first=True), _page(b"OpusTags" + bytes(8), 1, 0)]  # nobody's
    position = 0
    for number, packet in enumerate(packets):
        position += samples_of(packet)
        pages.append(_page(packet, number + 2, position, last=number == len(packets) - 1))
    return b"".join(pages)


def samples_of(packet: bytes) -> int:
    """How long an Opus packet sounds, in samples of 48 kHz.

    Raises:
        ValueError: it is no packet.
    """
    if not packet:
        raise ValueError("an Opus packet is empty.")
    kind, frames = packet[0] >> 3, (1, 2, 2, 0)[packet[0] & 3]
    if not frames:
        if len(packet) < 2:
            raise ValueError("an Opus packet ends before its count of frames.")
        frames = packet[1] & 0x3F
    milliseconds = _SILK[kind % 4] if kind < 12 else _HYBRID[kind % 2] if kind < 16 else _CELT[kind % 4]
    return round(milliseconds * frames * RATE / 1000)


def _opus(content: bytes) -> tuple[bytes, list[bytes]]:
    """The header of the first Opus track, and its packets."""
    track = wanted = None
    codec, head, packets = b"", b"", []
    for name, value in _elements(content):
        if name == _TRACK:
            track, codec = None, b""
        elif name == _NUMBER:
            track = int.from_bytes(value, "big")
        elif name == _CODEC:
            codec = value.rstrip(b"\0")
        elif name == _PRIVATE and value.startswith(b"OpusHead") and not head:
            head = value
        elif name in _BLOCKS and value:
            number, start = _number(value, 0)
            if number == wanted and len(value) > start + 3:
                if value[start + 2] & _LACED:
                    raise ValueError("several packets share a block, which no browser writes.")
                packets.append(value[start + 3 :])
        if wanted is None and track is not None and codec == b"A_OPUS":
            wanted = track
    if not head or wanted is None or not packets:
        raise ValueError("it holds no Opus sound.")
    return head, packets


def _elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Every element that holds no others, and the beginnings of those that do, in order; an unfinished end is left."""
    place = 0
    while place < len(content):
        length = 9 - content[place].bit_length()
        name = int.from_bytes(content[place : place + length], "big")
        try:
            size, start = _number(content, place + length)
        except ValueError:
            return
        if name in _HOLDERS:
            yield name, b""
            place = start
        elif start + size > len(content):
            return
        else:
            yield name, content[start : start + size]
            place = start + size


def _number(content: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and the place after it."""
    if place >= len(content) or not content[place]:
        raise ValueError("the file ends within a number.")
    length = 9 - content[place].bit_length()
    found = int.from_bytes(content[place : place + length], "big")
    return found & ~(1 << (7 * length)), place + length


def _page(packet: bytes, number: int, position: int, *, first: bool = False, last: bool = False) -> bytes:
    """One packet as a page of Ogg (RFC 3533)."""
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    if len(lacing) > 255:
        raise ValueError("an Opus packet is longer than any is.")
    kind = 2 * first + 4 * last
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, position, 1, number, 0, len(lacing))
    page = bytearray(head + lacing + packet)
    page[22:26] = struct.pack("<I", _checksum(bytes(page)))
    return bytes(page)


def _checksum(page: bytes) -> int:
    """Ogg's checksum: zlib's polynomial over mirrored bits, without its inversions."""
    mirrored = ~zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) & 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
