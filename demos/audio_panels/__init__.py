"""The parts of the audio tab, one concept a file: plain functions first, then the panel that shows them."""
