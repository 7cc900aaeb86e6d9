"""The charts' colours against both grounds, and what no chart may bring along."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from grokaem import charts, figure
from grokaem.curves import curves
from grokaem.figure import Axis
from grokaem.stacked_bars import Limit, Stack, stacked_bars
from tests.contrast import DARK, LIGHT, MARK, TEXT, contrast

Y = np.arange(3.0)
EVERY_CHART = {
    "bars": lambda: charts.bars(["a", "b"], [1.0, -2.0], title="t", spread=[0.1, 0.2]),
    "bar grid": lambda: charts.bar_grid([charts.Bars(f"topic {n}", ["a", "b"], [2.0, 1.0]) for n in range(9)]),
    "points": lambda: charts.points([charts.Points(f"g{n}", np.zeros((2, 2)), ["a", "b"]) for n in range(9)]),
    "many points": lambda: charts.points([charts.Points("g", np.zeros((4000, 2)), ["a"] * 4000)]),
    "matrix": lambda: charts.matrix(
        np.eye(3), charts.Names("row"), charts.Names("column"), value_title="v", bounds=(-1, 1)
    ),
    "stacked bars": lambda: stacked_bars(
        [Stack(f"b{n}", [1.0] * 6, "6 GB") for n in range(3)], list("abcdef"), title="t", limit=Limit(2.0, "budget")
    ),
    "curves": lambda: curves(
        Y, {f"s{n}": Y for n in range(7)}, Axis("x"), Axis("y"), mark=(1, 1), mark_name="m", at={1.0: "F1"}
    ),
    "many curves": lambda: curves(Y + 1, {f"s{n}": Y for n in range(24)}, Axis("x", log=True), Axis("y")),
}


def test_black_on_white_is_21_and_grey_is_what_the_guidelines_say():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("rgb(255, 0, 0)", "#ffffff") == pytest.approx(4.0, abs=0.01)
    assert contrast("rgba(0, 0, 0, 0)", "#ffffff") == pytest.approx(1)
    assert contrast("rgba(0, 0, 0, 0.5)", "#ffffff") == pytest.approx(contrast("rgb(127.5, 127.5, 127.5)", "#ffffff"))


@pytest.mark.parametrize("ground", [*LIGHT, *DARK])
def test_every_mark_stands_out_on_light_and_dark(ground):
    for colour in (*figure.SERIES, figure.INK, figure.SECOND_INK, figure.POINTER):
        assert contrast(colour, ground) >= MARK, f"{colour} on {ground}"


def _colours(part, key=""):
    """(key, colour) of every colour in a figure but those of colour scales, which make a ground of their own."""
    if isinstance(part, dict):
        for name, each in part.items():
            if name != "colorscale":
                yield from _colours(each, name)
    elif isinstance(part, list):
        for each in part:
            yield from _colours(each, key)
    elif isinstance(part, str) and re.fullmatch(r"#[0-9a-f]{6}|(rgb|hsl)a?\(.*\)", part):
        yield key, part


@pytest.mark.parametrize("name", EVERY_CHART)
def test_a_chart_has_no_ground_and_no_colour_of_its_own(name):
    drawn = EVERY_CHART[name]()
    layout = drawn["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)" and "template" not in layout
    label = layout["hoverlabel"]
    assert contrast(label["font"]["color"], label["bgcolor"]) >= TEXT
    clear = {"rgba(0,0,0,0)", figure.GRID, label["font"]["color"], label["bgcolor"], label["bordercolor"]}
    used = {colour for _, colour in _colours(drawn)} - clear
    assert used <= {*figure.SERIES, figure.TEXT, figure.POINTER}, "a colour whose contrast nobody looks at"
    json.dumps(drawn, allow_nan=False)


def test_no_series_is_told_by_its_colour_alone():
    styles = [figure.series_style(number) for number in range(36)]
    for other in ("dash", "symbol"):
        assert len({(style["color"], style[other]) for style in styles}) == 36
    for first, second in zip(styles[:6], styles[1:6], strict=False):
        assert not set(first.values()) & set(second.values())
    traces = curves(Y, {f"s{n}": Y for n in range(6)}, Axis("x"), Axis("y"), markers=True)["data"]
    assert len({trace["line"]["dash"] for trace in traces}) == len({trace["marker"]["symbol"] for trace in traces}) == 6


def _rules(style):
    """Selector -> custom property -> value, of a style sheet's ``:root`` rules: light, then dark."""
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", body)) for body in re.findall(r":root \{([^}]*)\}", style)]


def test_the_text_of_a_report_is_read_in_the_light_and_in_the_dark():
    light, dark = _rules(figure.REPORT_STYLE)
    assert light["ground"] in LIGHT and dark["ground"] in DARK
    for colours in (light, dark):
        for name in ("text", "subdued"):
            assert contrast(colours[name], colours["ground"]) >= TEXT
    assert ".main-svg text { fill: var(--text) !important }" in figure.REPORT_STYLE


def test_the_page_has_the_grounds_that_are_looked_at_and_text_that_is_read_on_them():
    from demos.style import CSS, theme

    shown = theme()

    def value(name, dark):
        found = getattr(shown, f"{name}_dark" if dark else name)
        while found.startswith("*"):
            key = found.removeprefix("*")
            found = (dark and getattr(shown, f"{key}_dark", None)) or getattr(shown, key)
        return {"white": "#ffffff"}.get(found, found)

    for dark, expected in ((False, LIGHT), (True, DARK)):
        grounds = {value(name, dark) for name in ("body_background_fill", "block_background_fill")}
        assert grounds == set(expected)
        for ground in grounds:
            assert contrast(value("body_text_color", dark), ground) >= TEXT
            assert contrast(value("body_text_color_subdued", dark), ground) >= TEXT
    assert ".main-svg text { fill: var(--body-text-color) !important; }" in CSS


def test_a_figure_in_a_report_needs_no_network_and_its_script_comes_once():
    drawn = charts.bars(["a"], [1.0], title="t")
    first, second = figure.to_html(drawn, with_script=True), figure.to_html(drawn, with_script=False)
    assert len(first) > 1_000_000 > 20_000 > len(second)
    assert "<script src=" not in first + second and "Plotly.newPlot" in second


def test_stacked_bars_add_up_and_the_limit_is_across():
    drawn = stacked_bars(
        [Stack("one <b>", [1.0, 2.0], "3 GB"), Stack("two", [0.5, 0.0], "0.5 GB")], ["a", "b"], title="GB",
        limit=Limit(2.5, "budget 2.5"),
    )  # fmt: skip
    assert [trace["name"] for trace in drawn["data"]] == ["a", "b"] and drawn["layout"]["barmode"] == "stack"
    (line,) = drawn["layout"]["shapes"]
    assert line["x0"] == line["x1"] == 2.5
    notes = {note["text"]: note for note in drawn["layout"]["annotations"]}
    assert notes["3 GB"]["x"] == 3.0 and notes["0.5 GB"]["x"] == 0.5
    assert {"one &lt;b&gt;", "two", "budget 2.5"} <= notes.keys()
    assert drawn["layout"]["xaxis"]["range"][1] > 3.0
    with pytest.raises(ValueError, match="every bar needs 2 values"):
        stacked_bars([Stack("one", [1.0], "")], ["a", "b"], title="")
