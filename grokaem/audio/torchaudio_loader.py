"""The one place that imports torchaudio, also where its optional C++ extension cannot be loaded.

The torchaudio wheel of PyPI links that extension against CUDA, so ``import torchaudio`` raises OSError on
a CPU-only torch. torchaudio itself treats the extension as optional (its ``_load_lib`` returns False when
the file is absent) and everything used here is plain torch, so "present but not loadable" is made to count
as "absent". Where the extension loads, nothing is patched.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_EXTENSION_LOADER = "torchaudio._extension.utils"


def load_torchaudio() -> ModuleType:
    """Imports torchaudio, without its C++ extension where that does not fit the installed torch.

    Returns:
        module: torchaudio.

    Raises:
        ModuleNotFoundError: torchaudio is not installed.
        OSError: it cannot be loaded for another reason than its extension.
    """
    try:
        return importlib.import_module("torchaudio")
    except OSError:
        # The failed import leaves the extension's loader, which had no part in the failure, in sys.modules;
        # the second import takes it from there, with the tolerant function in place.
        loader = sys.modules.get(_EXTENSION_LOADER)
        if loader is None:
            raise
    strict = loader._load_lib

    def tolerant(library: str) -> bool:
        try:
            return strict(library)
        except OSError:
            return False

    loader._load_lib = tolerant  # pyright: ignore[reportAttributeAccessIssue]  # a module's function, replaced
    return importlib.import_module("torchaudio")


torchaudio = load_torchaudio()
