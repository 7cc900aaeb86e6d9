"""Fine-tuning: from a corpus and a base model to a run folder."""
