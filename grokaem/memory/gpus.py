"""Graphics cards by name: what each holds and what its arithmetic offers; one table, as of the date in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grokaem.memory.cuda_account import CONTEXT_MIB
from grokaem.memory.settings import MemorySettings

AS_OF = "2026-11-28"


@dataclass(frozen=True)
class Gpu:
    """A card, or what a service lends.

    Attributes:
        key (str): the name that ``--gpu`` takes.
        title (str): what it is called.
        memory_mib (int): what ``nvidia-smi`` shows as its whole memory, of which the context takes its part.
        architecture (str): NVIDIA's name of its generation.
        capability (float): CUDA's compute capability.
        context_mib (float): memory of the CUDA context; measured on none of them: ``--context`` overrides it.
        note (str): what else a reader should know.
    """

    key: str
    title: str
    memory_mib: int
    architecture: str
    capability: float
    context_mib: float = CONTEXT_MIB
    note: str = ""

    @property
    def bf16(self) -> bool:
        """It multiplies bf16 and tf32 itself: from Ampere on (CUDA C++ Programming Guide, arithmetic instructions)."""
        return self.capability >= 8.0

    @property
    def int8(self) -> bool:
        """It holds int8 weights as bitsandbytes multiplies them: from Turing on (bitsandbytes' documentation)."""
        return self.capability >= 7.5

    def refused(self, settings: MemorySettings) -> str | None:
        """Why it cannot run these settings: a sentence with the remedy, or None."""
        if settings.precision in ("bf16", "bf16-pure", "tf32") and not self.bf16:
            return (
                f"--precision {settings.precision}: a {self.title} ({self.architecture}) multiplies neither bf16 nor "
                "tf32 itself: use --precision fp16."
            )
        if settings.load_in_8bit and not self.int8:
            return f"--load-in-8bit: a {self.title} ({self.architecture}) has no int8 products: leave it out."
        return None


_OLD = "PyTorch's builds for CUDA 12.6 only, and none from 2.15 on"  # pytorch/pytorch 157517, 172352, 190385
_CARDS = (
    Gpu("rtx3060", "GeForce RTX 3060", 12_288, "Ampere", 8.6),
    Gpu("t4", "Tesla T4", 15_360, "Turing", 7.5),
    Gpu("colab", "Colab's free T4", 15_360, "Turing", 7.5),
    Gpu("kaggle", "Kaggle's T4, one of two", 15_360, "Turing", 7.5),
    Gpu("p100", "Tesla P100", 16_384, "Pascal", 6.0, note=_OLD),
    Gpu("v100", "Tesla V100", 16_384, "Volta", 7.0, note=_OLD),
    Gpu("a10g", "A10G", 23_028, "Ampere", 8.6),
    Gpu("l4", "L4", 23_034, "Ada Lovelace", 8.9),
    Gpu("rtx4090", "GeForce RTX 4090", 24_564, "Ada Lovelace", 8.9),
    Gpu("a100-40", "A100 with 40 GB", 40_960, "Ampere", 8.0),
    Gpu("zerogpu", "ZeroGPU's half of an RTX Pro 6000", 45_776, "Blackwell", 12.0, note="lent for seconds at a time"),
    Gpu("h100", "H100 with 80 GB", 81_559, "Hopper", 9.0),
    Gpu("a100-80", "A100 with 80 GB", 81_920, "Ampere", 8.0),
)
GPUS: Mapping[str, Gpu] = {card.key: card for card in _CARDS}
