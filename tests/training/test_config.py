import re

import pytest

from grokaem.command_line import run
from training import finetune
from training.config import parse, parser


def refuse(capsys, *argv):
    """Exit code and the one line of an error."""
    code = run(finetune.main, [str(a) for a in argv])
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return code, lines[0]


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--batch-size", "0"], "--batch-size"),
        (["--epochs", "0"], "--epochs"),
        (["--max-steps", "0"], "--max-steps"),
        (["--sequence-length", "2"], "--sequence-length"),
        (["--base-model", "wide_resnet"], "--task audio"),
        (["--repo-id", "a/b"], "--push"),
        (["--resume", "--overwrite"], "--resume"),
        (["--task", "audio", "--max-seconds", "-1"], "--max-seconds"),
        (["--depth", "16"], "add --task audio"),
        (["--depth", "10"], "--depth is for sounds and has no effect on texts"),
        (["--task", "audio", "--no-group-by-length"], "--group-by-length is for texts"),
        (["--task", "audio", "--sequence-length", "64"], "add --task text"),
        (["--task", "audio", "--base-model", "org/wav2vec2", "--features", "gfcc"], "add --base-model wide_resnet"),
        (["--base-model", "./nowhere"], "./nowhere"),
        (["--dataset", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(argv, words, capsys, tmp_path):
    code, line = refuse(capsys, "--output-dir", tmp_path / "run", *argv)
    assert code == 2 and words in line
    assert not (tmp_path / "run").exists()


def test_unknown_flag_is_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        parse(["--bach-size", "4"])
    assert stop.value.code == 2


def test_names_are_fit_for_folders_and_hub():
    assert parse([]).short_name == "all-MiniLM-L6-v2-rotten_tomatoes"
    # Where characters had to go, a hash keeps names apart.
    name = parse(["--dataset", "my data/Käse & Co.csv"]).short_name
    assert re.fullmatch(r"all-MiniLM-L6-v2-K-se-Co-[0-9a-f]{6}", name)
    assert name != parse(["--dataset", "my data/Kase & Co.csv"]).short_name
    assert parse(["--task", "audio"]).short_name == "wide-resnet-10-2-drums-fold0"
    assert parse(["--base-model", "org/distilbert-base-uncased", "--seed", "2"]).output_dir.name == (
        "distilbert-base-uncased-rotten_tomatoes-seed2"
    )


def test_settings_never_hold_the_token_or_this_machine(tmp_path):
    settings = parse(["--token-file", str(tmp_path / "secret")]).to_json()
    assert not {"token_file", "output_dir"} & set(settings)


def test_a_folder_without_a_run_is_not_touched(tmp_path, capsys):
    (tmp_path / "diary.txt").write_text("mine")
    code, line = refuse(capsys, "--output-dir", tmp_path)
    assert code == 2 and "not empty" in line
    assert [p.name for p in tmp_path.iterdir()] == ["diary.txt"]


def test_the_help_says_how_what_is_left_open_is_chosen():
    told = {action.option_strings[0]: action.help for action in parser()._actions}
    for flag, figure in (("--epochs", "640"), ("--learning-rate", "1e-4"), ("--batch-size", "16 for wide_resnet")):
        assert "(default: " in told[flag] and figure in told[flag], told[flag]
    assert "(default: 1.5 for wide_resnet, 5 for others)" in told["--max-seconds"]
