"""From a run folder to a quantized export whose accuracy is proven, its model card, and the Hub."""
