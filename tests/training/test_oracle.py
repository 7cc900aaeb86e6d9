"""The recipe against transformers' Trainer: the same losses and weights, step for step."""

import pytest
import torch
from transformers import Trainer, TrainingArguments

from training.config import parse
from training.memory_choice import MemoryChoice, Planner
from training.order import order_of
from training.recipe import Training, fit
from training.run_folder import RunFolder
from training.schedule import Schedule

STEPS = 20


class InOrder(Trainer):
    """The Trainer, given the batches of the recipe: an epoch's order is data, and no matter of what is compared."""

    def __init__(self, *args, orders, **kwargs):
        super().__init__(*args, **kwargs)
        self.orders = orders

    def get_train_dataloader(self):
        orders = iter(self.orders)

        class Sampler(torch.utils.data.Sampler):
            def __iter__(self):
                return iter(next(orders))

            def __len__(sampler):
                return len(self.train_dataset)

        loader = torch.utils.data.DataLoader(
            self.train_dataset, batch_size=self.args.per_device_train_batch_size, sampler=Sampler(),
            collate_fn=self.data_collator,
        )  # fmt: skip
        return self.accelerator.prepare(loader)


@pytest.fixture
def prepared(calm_bert, case_inputs, tmp_path):
    """A task, its sets and its settings, of the tiny encoder without dropout."""
    from grokaem import corpora
    from grokaem.hub.base_model import resolve
    from training.text_task import TextTask

    def prepare(rate, *flags):
        flags = ("--learning-rate", rate, "--head-learning-rate", rate, *flags)  # the Trainer knows one rate
        words = ["--dataset", case_inputs / "reviews.csv", "--base-model", calm_bert, "--precision", "fp32"]
        words += ["--output-dir", tmp_path / "run", "--max-steps", STEPS, "--logging-steps", 1]
        config = parse([str(word) for word in (*words, *flags)])
        corpus = corpora.load(config.dataset, task="text")
        task = TextTask(config, corpus, resolve(str(calm_bert), False, None))
        return config, task, (task.train_set(), task.evaluation_set(corpus.validation)[0])

    return prepare


def ours(config, task, sets, tmp_path):
    settings = config.memory
    folder = RunFolder(tmp_path / "run")
    folder.open(config.to_json(), False)
    schedule = Schedule.plan(len(sets[0]), settings.effective_batch_size, config.learning_rate, 2.0, STEPS)
    training, _ = fit(config, task, folder, MemoryChoice(settings, []), Planner(task, "cpu"), sets, schedule, None)
    return training


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param([1e-3, "--batch-size", 16], id="plain"),
        # 290 texts in steps of 32 are 9 steps and one of 2 texts: twice in 20 steps.
        pytest.param(
            [1e-3, "--batch-size", 8, "--gradient-accumulation-steps", 4], id="accumulation, a short last batch"
        ),
        pytest.param([2e-2, "--batch-size", 16, "--lora-rank", 4], id="LoRA"),
    ],
)
def test_losses_and_weights_are_those_of_the_trainer(flags, prepared, tmp_path, monkeypatch):
    from grokaem.memory.apply import apply_to_model

    config, task, sets = prepared(*flags)
    settings = config.memory
    last, end_epoch = {}, Training.end_epoch

    def look(self, epoch):  # the weights of the last step, before the best ones take their place
        last.update({name: value.detach().clone() for name, value in self.task.model.named_parameters()})
        end_epoch(self, epoch)

    monkeypatch.setattr(Training, "end_epoch", look)
    training = ours(config, task, sets, tmp_path)
    losses = [entry["loss"] for entry in training.progress.history if "loss" in entry]

    torch.manual_seed(config.seed)
    model = apply_to_model(task.load_model(), settings)
    size, count = settings.effective_batch_size, len(sets[0])
    trainer = InOrder(
        model,
        TrainingArguments(
            output_dir=str(tmp_path / "oracle"), max_steps=STEPS, learning_rate=config.learning_rate,
            seed=config.seed, weight_decay=0.01,
            per_device_train_batch_size=settings.micro_batch_size, lr_scheduler_type="linear", warmup_steps=0.1,
            gradient_accumulation_steps=settings.gradient_accumulation_steps, use_cpu=True, report_to="none",
            save_strategy="no", logging_steps=1, disable_tqdm=True,
        ),
        data_collator=task.collator,
        train_dataset=sets[0],
        compute_loss_func=lambda outputs, labels, num_items_in_batch: (
            torch.nn.functional.cross_entropy(outputs.logits, labels, reduction="sum") / num_items_in_batch
        ),
        orders=[order_of(count, config.seed, epoch, size, task.lengths) for epoch in range(STEPS)],
    )  # fmt: skip
    trainer.train()
    theirs = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == len(theirs) == STEPS
    assert losses == pytest.approx(theirs, rel=1e-6)
    assert max(losses) - min(losses) > 0.01, "it learns"
    for name, value in model.named_parameters():
        assert (last[name] - value).norm() <= 1e-6 * value.norm(), name
