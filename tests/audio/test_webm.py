"""A browser's WebM: the same packets as in Ogg, decoded by the same library."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from grokaem.audio import webm
from grokaem.audio.reading import read_waveform, seconds_of

OPEN = b"\x01" + b"\xff" * 7  # a length that is not known yet, as recorders leave it


def element(name, content, *, left_open=False):
    size = OPEN if left_open else (1 << 28 | len(content)).to_bytes(4, "big")
    return bytes.fromhex(name) + size + content


def opus_packets(sound, rate):
    """The header and the packets of an Ogg file that libsndfile wrote."""
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format="OGG", subtype="OPUS")
    content, place, packets, part = file.getvalue(), 0, [], b""
    while place < len(content):
        count = content[place + 26]
        lacing = content[place + 27 : place + 27 + count]
        place += 27 + count
        for size in lacing:
            part += content[place : place + size]
            place += size
            if size < 255:
                packets.append(part)
                part = b""
    return file.getvalue(), packets[0], packets[2:]


def recorded(head, packets, *, left_open=True, codec=b"A_OPUS"):
    """As Chromium's MediaRecorder writes it."""
    track = element("d7", b"\x01") + element("86", codec) + element("63a2", head)
    blocks = b"".join(
        element("a3", b"\x81" + struct.pack(">hB", 0, 0x80) + packet) if number % 2 else
        element("a0", element("a1", b"\x81" + struct.pack(">hB", 0, 0) + packet), left_open=False)
        for number, packet in enumerate(packets)
    )  # fmt: skip
    tracks = element("1654ae6b", element("ae", track))
    cluster = element("1f43b675", element("e7", b"\0") + blocks, left_open=left_open)
    return element("1a45dfa3", b"webm") + element("18538067", tracks + cluster, left_open=left_open)


@pytest.fixture
def sound():
    return 0.4 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000) * np.hanning(48_000)


@pytest.mark.parametrize("left_open", [True, False])
@pytest.mark.parametrize("name", ["clip.webm", "audio.wav"])
def test_a_recording_is_read_whatever_its_name_says(tmp_path, sound, name, left_open):
    ogg, head, packets = opus_packets(sound, 48_000)
    (tmp_path / "clip.ogg").write_bytes(ogg)
    (tmp_path / name).write_bytes(recorded(head, packets, left_open=left_open))
    expected = read_waveform(tmp_path / "clip.ogg", 48_000)
    found = read_waveform(tmp_path / name, 48_000)
    same = min(len(expected), len(found))  # where a recorder stops, Ogg's last page says how much of a packet sounds
    assert abs(len(found) - len(expected)) < 960 and same > 47_000
    np.testing.assert_allclose(found[:same], expected[:same], atol=1e-6)
    assert seconds_of(tmp_path / name) == pytest.approx(1, abs=0.03)


def test_the_checksum_is_that_of_ogg(sound):
    ogg, head, packets = opus_packets(sound, 48_000)
    page = bytearray(ogg[: 27 + 1 + len(head)])
    told = struct.unpack("<I", page[22:26])[0]
    page[22:26] = bytes(4)
    assert webm._checksum(bytes(page)) == told
    assert sum(map(webm.samples_of, packets)) == pytest.approx(48_000, abs=1_920)


def test_what_is_no_opus_says_so_and_nothing_crashes(tmp_path, sound):
    _, head, packets = opus_packets(sound, 48_000)
    whole = recorded(head, packets)
    random = np.random.default_rng(0)
    (tmp_path / "vorbis.webm").write_bytes(recorded(head, packets, codec=b"A_VORBIS"))
    with pytest.raises(ValueError, match="vorbis.webm cannot be read as sound .it holds no Opus sound.; convert it"):
        read_waveform(tmp_path / "vorbis.webm")
    for number in range(200):
        hurt = bytearray(whole[: random.integers(5, len(whole))] if number % 2 else whole)
        for place in random.integers(4, len(hurt), 5):
            hurt[place] = random.integers(256)
        (tmp_path / "hurt.webm").write_bytes(hurt)
        try:
            assert np.isfinite(read_waveform(tmp_path / "hurt.webm")).all()
        except ValueError as error:
            assert "hurt.webm" in str(error)


def test_mp4_is_refused_with_its_remedy(tmp_path):
    (tmp_path / "memo.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    with pytest.raises(ValueError, match="memo.m4a cannot be read as sound .it is MP4.*convert it to WAV"):
        read_waveform(tmp_path / "memo.m4a")
