"""The audio tab's functions and its example sounds, without a server."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import soundfile

from demos import audio_features as tab
from demos import example_sounds
from demos.audio_panels import clip as clip_room
from demos.audio_panels import features as feature_room
from demos.audio_panels.linked_plot import linked_plot
from demos.served_model import ServedModel
from demos.wording import speaking
from grokaem.audio.reading import read_waveform
from grokaem.figure import typed_array
from tests.app.test_topics_tab import event

RATE = clip_room.SAMPLE_RATE


def tone(hertz, seconds=1.0, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def decoded(spec):
    types = {"f4": "<f4", "i1": "i1", "i2": "<i2", "i4": "<i4"}
    values = np.frombuffer(base64.b64decode(spec["bdata"]), types[spec["dtype"]])
    return values.reshape([int(n) for n in spec["shape"].split(",")]) if "shape" in spec else values


@pytest.mark.parametrize(
    "seconds, amplitude, message",
    [(30.6, 0.5, "longer than 30 seconds"), (0.02, 0.5, "lasts 20 ms"), (1.0, 0.0, "silent")],
)
def test_clips_beyond_the_limits_are_refused(tmp_path, seconds, amplitude, message):
    soundfile.write(tmp_path / "clip.wav", tone(440, seconds, amplitude), RATE)
    with pytest.raises(ValueError, match=message):
        clip_room.read_clip(str(tmp_path / "clip.wav"), read_waveform)


def test_no_clip_and_no_sound_file_get_one_sentence(tmp_path, monkeypatch):
    demo = tab.create_demo(ServedModel("audio", "NO_MODEL", tmp_path), read_waveform)
    with pytest.raises(gr.Error, match="There is no sound yet"):
        event(demo, "audio_features")(None)
    (tmp_path / "notes.wav").write_text("not a sound")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with pytest.raises(gr.Error, match="^'notes.wav cannot be read as sound"):
        event(demo, "audio_features")({"path": str(tmp_path / "notes.wav")})


def test_stereo_is_averaged_over_channels_not_over_time(tmp_path):
    stereo = np.stack([tone(440), tone(440, amplitude=0.1)], axis=1)
    soundfile.write(tmp_path / "clip.wav", stereo, RATE, subtype="FLOAT")
    waveform = clip_room.read_clip(str(tmp_path / "clip.wav"), read_waveform)
    np.testing.assert_allclose(waveform, tone(440, amplitude=0.3), atol=1e-6)


def test_the_numbers_of_a_tone_are_the_tones():
    waveform = tone(1000, 2.0)
    numbers = clip_room.describe(waveform, feature_room.extract(waveform))
    assert numbers["seconds"] == 2 and numbers["sample_rate"] == RATE
    assert numbers["peak_dbfs"] == pytest.approx(-6.02, abs=0.01)
    assert numbers["rms_dbfs"] == pytest.approx(-9.03, abs=0.01)
    assert numbers["centroid_hz"] == pytest.approx(1000, abs=20)
    assert len(numbers["mfcc"]["mean"]) == len(numbers["gfcc"]["deviation"]) == 13


def figure_of(waveform):
    features = feature_room.extract(waveform)
    found = tab.Measured(waveform, features, clip_room.describe(waveform, features), None, 0.0)
    return json.loads(tab.show(found).views.plot)


def rows_of(figure):
    """The pictures by title: trace and vertical axis."""
    titles = [
        note["text"].removeprefix("<b>").removesuffix("</b>") for note in figure["layout"]["annotations"]
    ]
    axes = [key for key in figure["layout"] if key.startswith("yaxis")]
    return {
        title: (trace, figure["layout"][axis])
        for title, trace, axis in zip(titles, figure["data"], axes, strict=True)
    }


@pytest.mark.parametrize("hertz", [500, 2000])
@pytest.mark.parametrize("title", ["Spectrogram", "Mel spectrogram", "Gammatone spectrogram"])
def test_a_tone_stands_at_its_frequency_on_the_axis(title, hertz):
    if title == "Spectrogram":
        hertz = 2000
    trace, axis = rows_of(figure_of(tone(hertz)))[title]
    position = trace["y0"] + decoded(trace["z"])[:, 50].argmax() * trace["dy"]
    tick = axis["tickvals"][axis["ticktext"].index(f"{hertz:,}")]
    assert abs(position - tick) <= trace["dy"]
    assert axis["range"][0] < tick < axis["range"][1]


def test_six_views_share_one_time_axis_that_spans_the_clip():
    figure = figure_of(tone(300, 20.0))
    assert list(rows_of(figure)) == ["Waveform", *map(feature_room.title, feature_room.drawn())]
    assert {trace.get("xaxis", "x") for trace in figure["data"]} == {"x"}
    assert len({trace.get("yaxis", "y") for trace in figure["data"]}) == 6
    assert figure["layout"]["xaxis"]["range"] == [0, 20.0]
    for trace in figure["data"][1:]:
        frames = decoded(trace["z"]).shape[1]
        assert frames <= feature_room.COLUMNS
        assert trace["x0"] + (frames - 0.5) * trace["dx"] == pytest.approx(20.0)
    domains = sorted(figure["layout"][key]["domain"] for key in figure["layout"] if key.startswith("yaxis"))
    assert all(lower[1] < upper[0] for lower, upper in zip(domains, domains[1:], strict=False))


def test_narrowing_averages_frames():
    values = np.arange(2 * 2000, dtype=np.float64).reshape(2, 2000)
    narrow = feature_room._narrowed(values)
    assert narrow.shape[1] == 667
    np.testing.assert_allclose(narrow[:, 0], values[:, :3].mean(axis=1))
    np.testing.assert_allclose(narrow[:, -1], values[:, 1998:].mean(axis=1))


def test_the_waveform_keeps_its_peaks():
    waveform = tone(50, 10.0)
    waveform[77_777] = 0.99
    trace = linked_plot(waveform, RATE, [])["data"][0]
    assert decoded(trace["y"]).max() == pytest.approx(0.99)
    assert decoded(trace["x"])[decoded(trace["y"]).argmax()] == pytest.approx(77_777 / RATE, abs=0.01)


@pytest.mark.parametrize("dtype", ["float32", "int8", "int16", "int32"])
def test_typed_arrays_come_back_as_they_went(dtype):
    values = np.arange(-6, 6).reshape(3, 4).astype(dtype).T
    np.testing.assert_array_equal(decoded(typed_array(values)), values)


def test_a_type_that_plotly_lacks_is_refused():
    with pytest.raises(ValueError, match="float64"):
        typed_array(np.zeros(3))


def test_the_rising_tone_is_where_its_formula_says():
    sound = example_sounds.rising_tone(3.0)
    for second in (0.5, 1.5, 2.5):
        start = int(second * RATE)
        spectrum = np.abs(np.fft.rfft(sound[start : start + 1024] * np.hanning(1024)))
        expected = 80 * (7000 / 80) ** ((second + 0.032) / 3.0)
        assert spectrum.argmax() * RATE / 1024 == pytest.approx(expected, rel=0.08, abs=20)


def test_the_sounds_are_written_once_and_can_be_read(tmp_path):
    paths = example_sounds.write_sounds(tmp_path)
    written = [path.stat().st_mtime_ns for path in paths]
    assert [path.stem for path in paths] == list(example_sounds.SOUNDS)
    for path in paths:
        waveform = read_waveform(path, RATE)
        assert 0.79 < np.abs(waveform).max() <= 0.801
    assert [path.stat().st_mtime_ns for path in example_sounds.write_sounds(tmp_path)] == written
    assert sorted(tmp_path.iterdir()) == sorted(paths), "no half-written file stays"


def test_the_served_classifier_is_told_with_the_digits_it_has(tmp_path, monkeypatch):
    served = ServedModel("audio", "NO_MODEL", tmp_path)
    monkeypatch.setattr(served, "name", lambda: "model")
    answer = SimpleNamespace(scores={"<b>": 0.9959, "hat": 0.0041}, milliseconds=2.0)
    monkeypatch.setattr(served, "load", lambda: SimpleNamespace(sample_rate=RATE, predict=lambda clips: [answer]))
    path = example_sounds.write_sounds(tmp_path)[0]
    shown = tab.show(tab.AudioMeter(served, read_waveform).measure(str(path)))
    assert "0.9959" in shown.scores and "&lt;b&gt;" in shown.scores and "Classified in 2.0 ms" in shown.note
    with speaking("ru"):
        russian = tab.show(tab.AudioMeter(served, read_waveform).measure(str(path)))
    assert "середина энергии" in russian.note and "Мел-спектрограмма" in json.loads(russian.views.plot)["layout"][
        "annotations"
    ][2]["text"]
