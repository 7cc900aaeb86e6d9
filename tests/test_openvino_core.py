"""Several threads that use OpenVINO for the first time at once; without grokaem/openvino_core.py they wait for ever."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EIGHT_AT_ONCE = """
import sys, threading
from grokaem.openvino_core import core
core()
import openvino
from openvino import opset13 as ops

numbers = ops.parameter([4, 4], openvino.Type.i64)
graph = openvino.compile_model(openvino.Model([ops.result(ops.add(numbers, numbers))], [numbers]), "CPU")
tensors = [graph.create_infer_request().get_input_tensor() for _ in range(8)]
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(8)

def read(tensor):
    barrier.wait()
    tensor.data

threads = [threading.Thread(target=read, args=(tensor,)) for tensor in tensors]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_eight_threads_may_read_their_first_tensor_at_once():
    for _ in range(2):
        subprocess.run([sys.executable, "-c", EIGHT_AT_ONCE], cwd=ROOT, check=True, timeout=60)
