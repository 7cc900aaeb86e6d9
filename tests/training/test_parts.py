"""Parts and classes that are too small to learn from, to choose by or to test with."""

from types import SimpleNamespace

import pytest

from training.parts import check_parts


def corpus(train, validation, test, names=("a", "b", "c")):
    class Part:
        def __init__(self, labels):
            self.labels = labels

        def __len__(self):
            return len(self.labels)

    return SimpleNamespace(
        name="data.csv", label_names=list(names), train=Part(train), validation=Part(validation), test=Part(test)
    )


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (([0, 1], [], [0]), "validation part is empty"),
        (([0, 1], [0], []), "test part is empty"),
        (([1, 1], [0], [2]), "1 of 3 classes has examples in the training part"),
    ],
)
def test_refused_before_any_work(parts, words):
    with pytest.raises(ValueError, match=words):
        check_parts(corpus(*parts))


def test_classes_that_a_part_is_without_are_told():
    assert check_parts(corpus([0, 1, 2], [0, 1, 2] * 10, [2, 1, 0] * 10)) == []
    notes = check_parts(corpus([0, 1, 1], [0, 1] * 10, [0, 1, 2] * 10))
    assert "1 of 3 classes have no example in the training part, so cannot be learned: c" in notes
    assert len(notes) == 2 and "validation" in notes[1]


def test_classes_of_which_a_part_has_few_are_told():
    notes = check_parts(corpus([0, 1, 2], [0] * 10 + [1] * 9 + [2], [0] * 10 + [1] * 10 + [2] * 9))
    assert notes == [
        "2 of 3 classes are too rare to choose by, with fewer than 10 examples in the validation part: b 9, c 1",
        "1 of 3 classes are too rare to test by, with fewer than 10 examples in the test part: c 9",
    ]


@pytest.mark.case("R4")
def test_a_class_with_one_example_is_trained_around(train, case_models, case_inputs):
    done = train("--max-steps", 3, model=case_models / "bert_without_pooler", data=case_inputs / "rare.csv")
    assert "no example in the" in done.told and "rare" in done.told
    assert done.report["epochs_run"] < 1
