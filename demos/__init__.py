"""The tabs of the app: a file that lays out and wires each, and beside it the functions that its buttons call."""
