"""A linear model of rows of numbers as an OpenVINO graph: what a new kind brings to exporting/."""

from __future__ import annotations

import json
from functools import cached_property

from exporting.kind_card import KindCard
from exporting.source import Source


class NumberCard(KindCard):
    task = "tabular-classification"
    packages = ("openvino", "numpy", "huggingface_hub")

    def snippet(self, report, repo_id):
        return "The graph takes an array of numbers."

    def given(self, report):
        return " ".join(["0"] * report["config"]["n_inputs"])

    def takes(self, report):
        return f"It takes {report['config']['n_inputs']} numbers"

    def cut(self, report):
        return "Nothing is cut."


class NumberSource(Source):
    card = NumberCard()

    @cached_property
    def model(self):
        from grokaem.memory.number_workload import NumbersModel

        return NumbersModel.from_pretrained(self.run.path).eval()

    def convert(self, folder):
        import openvino
        import torch

        class Scores(torch.nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, numbers):
                return self.model(input_values=numbers).logits

        size = self.model.config.n_inputs
        graph = openvino.convert_model(Scores(self.model), example_input=torch.zeros(2, size), input=[-1, size])
        openvino.save_model(graph, folder / "openvino_model.xml", compress_to_fp16=False)

    def read(self, rows):
        from grokaem.inference.number_classifier import numbers_of

        scale = self.run.report["config"]["scale"]
        return [scale * numbers_of(row) for row in rows]

    def quantized(self, folder, method, calibration, reference):
        import openvino

        from exporting.quantization import quantize_graph

        graph = openvino.Core().read_model(folder / "openvino_model.xml")
        return quantize_graph(graph, method, [row[None] for row in self.read(calibration)], False)

    def original_logits(self, rows):
        import numpy as np
        import torch

        with torch.inference_mode():
            return self.model(torch.from_numpy(np.stack(self.read(rows)))).logits.numpy()

    def write_rest(self, folder):
        config = json.loads((self.run.path / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps(config | {"task": self.run.task}), encoding="utf-8")
