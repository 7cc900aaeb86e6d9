"""PyTorch's CUDA caching allocator, replayed: how much device memory is reserved for a trace of tensors.

The rules are those of c10/cuda/CUDACachingAllocator.cpp with its default settings: requests are rounded to 512
bytes; up to 1 MiB they come from segments of 2 MiB, below 10 MiB from segments of 20 MiB, above from a segment
of their own rounded to 2 MiB; the best-fitting free block is taken and split; neighbours merge when freed; and
segments are never returned while memory lasts. What is reserved is what the driver, and nvidia-smi, see.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from grokaem.memory.trace import MIB, Trace

ROUND = 512
SMALL = MIB  # largest request served from the small pool
SMALL_SEGMENT = 2 * MIB
LARGE_SEGMENT = 20 * MIB
LARGE_ALONE = 10 * MIB  # from this size on a request gets a segment of its own
ALONE_ROUND = 2 * MIB


class CachingAllocator:
    """The allocator's free blocks and segments; addresses are numbers of their own."""

    def __init__(self) -> None:
        self.reserved = 0
        self.most_reserved = 0
        self.allocated = 0
        self._free: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        # Blocks in the order of addresses within a segment: address -> [size, previous, next, free, small].
        self._blocks: dict[int, list] = {}
        self._next_segment = 0

    def allocate(self, size: int) -> int:
        """Takes a block of at least ``size`` bytes.

        Returns:
            int: its address.
        """
        size = max(ROUND, -(-size // ROUND) * ROUND)
        small = size <= SMALL
        free = self._free[small]
        position = bisect_left(free, (size, -1))
        if position < len(free):
            _, address = free.pop(position)
        else:
            address = self._segment(size, small)
        block = self._blocks[address]
        rest = block[0] - size
        if rest >= ROUND if small else rest > SMALL:
            self._split(address, size, small)
        block[3] = False
        self.allocated += block[0]
        return address

    def release(self, address: int) -> None:
        """Gives a block back; it merges with free neighbours."""
        block = self._blocks[address]
        self.allocated -= block[0]
        block[3] = True
        small = block[4]
        following = block[2]
        if following is not None and self._blocks[following][3]:
            self._take(following)
            self._merge(address, following)
        before = block[1]
        if before is not None and self._blocks[before][3]:
            self._take(before)
            self._merge(before, address)
            address = before
        insort(self._free[small], (self._blocks[address][0], address))

    def _segment(self, size: int, small: bool) -> int:
        if small:
            length = SMALL_SEGMENT
        elif size < LARGE_ALONE:
            length = LARGE_SEGMENT
        else:
            length = -(-size // ALONE_ROUND) * ALONE_ROUND
        address = self._next_segment
        self._next_segment += length + 1
        self._blocks[address] = [length, None, None, True, small]
        self.reserved += length
        self.most_reserved = max(self.most_reserved, self.reserved)
        return address

    def _split(self, address: int, size: int, small: bool) -> None:
        block = self._blocks[address]
        rest = address + size
        self._blocks[rest] = [block[0] - size, address, block[2], True, small]
        if block[2] is not None:
            self._blocks[block[2]][1] = rest
        block[0], block[2] = size, rest
        insort(self._free[small], (self._blocks[rest][0], rest))

    def _take(self, address: int) -> None:
        size, small = self._blocks[address][0], self._blocks[address][4]
        free = self._free[small]
        free.pop(bisect_left(free, (size, address)))

    def _merge(self, first: int, second: int) -> None:
        block, gone = self._blocks[first], self._blocks.pop(second)
        block[0] += gone[0]
        block[2] = gone[2]
        if gone[2] is not None:
            self._blocks[gone[2]][1] = first


def reserved_bytes(trace: Trace, workspace: int = 0) -> tuple[int, int]:
    """Replays a trace.

    Args:
        trace (Trace): of a run from the building of the model on.
        workspace (int, optional): bytes that libraries take through the allocator before the first product,
            and keep. (Default: 0)

    Returns:
        tuple of int: bytes reserved at most, and bytes allocated at most.
    """
    allocator = CachingAllocator()
    address: dict[int, int] = {}
    most = 0
    if workspace:
        allocator.allocate(workspace)
    for event in trace.events:
        if event >= 0:
            if trace.sizes[event]:
                address[event] = allocator.allocate(trace.sizes[event])
                most = max(most, allocator.allocated)
        elif ~event in address:
            allocator.release(address.pop(~event))
    return allocator.most_reserved, most
