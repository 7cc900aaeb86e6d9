"""Fitting a fine-tuning run into the memory at hand: the levers, what a step costs, and the solver."""
