"""The scores in ``.eval_results/``, from which the Hub shows them on a model's page and a data set's leaderboard.

The format is that of https://huggingface.co/docs/hub/eval-results, written by the Hub's own client. It names a data
set by its Hub id; where the data has none, there is no such file, and ``model-index`` on the card says it all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporting.card_metadata import is_on_hub

if TYPE_CHECKING:
    from exporting.report_types import SizedData


def write_eval_results(folder: Path, data: SizedData, accuracy: float) -> Path | None:
    """Writes the accuracy on the test part, where the data is a data set of the Hub.

    Args:
        folder (Path): what will be published.
        data (dict): with ``name`` and ``revision``, and with ``sizes`` where they are known.
        accuracy (float): as a share of 1.

    Returns:
        Path or None: the file; None where the data has no Hub id.
    """
    if not is_on_hub(data):
        return None
    import yaml
    from huggingface_hub import EvalResultEntry, constants, eval_result_entries_to_yaml

    count = data.get("sizes", {}).get("test")
    entry = EvalResultEntry(
        dataset_id=data["name"],
        task_id="default",
        value=round(accuracy, 4),
        dataset_revision=data["revision"],
        notes="accuracy on the test part" + (f", {count} examples" if count else ""),
    )
    path = folder / constants.EVAL_RESULTS_FOLDER / f"{data['name'].rsplit('/', 1)[-1]}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.dump(eval_result_entries_to_yaml([entry])), encoding="utf-8")
    return path
