"""What can be trained: the task of each kind of :data:`grokaem.kinds.KINDS`, by its key.

A name is ``module:class``, of a :class:`training.task.Task`, and is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem import kinds

if TYPE_CHECKING:
    from grokaem.flags import Own
    from training.task import OwnSettings, Task

TASKS = {
    "text": "training.text_task:TextTask",
    "audio": "training.audio_task:AudioTask",
}


def find_task(key: str) -> type[Task]:
    """The task of a kind.

    Raises:
        ValueError: there is none.
    """
    return kinds.resolve(kinds.entry_of(TASKS, key))


def own_flags() -> dict[str, tuple[str, type[Own]]]:
    """Each kind's title and its own flags, as :func:`grokaem.flags.add_own_flags` takes them."""
    return {key: (kinds.find(key).title, find_task(key).settings) for key in TASKS}


def own_settings(key: str) -> OwnSettings:
    """A kind's own settings as they are where nothing is given."""
    return find_task(key).settings()


def told_defaults() -> dict[str, str]:
    """What is chosen for each kind where nothing is given, for the help of flags that all kinds share."""
    from grokaem import corpora

    tasks = {key: find_task(key) for key in TASKS}
    *named, last = ["Hub id", "local folder", *(name for task in tasks.values() for name in task.networks)]

    def each(attribute: str) -> str:
        return "; ".join(f"of {kinds.find(key).title} {getattr(task, attribute)}" for key, task in tasks.items())

    return {
        "corpora": ", ".join(corpora.names()),
        "base_model": f"{', '.join(named)} or {last}",
        "base_models": each("default_base_model"),
        "datasets": each("default_dataset"),
        "epochs": each("told_epochs"),
        "rates": each("told_rate"),
    }
