import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bundle import FORMAT, Bundle
from model.errors import BundleCorruptError, BundleFormatError, BundleMissingError

Save = Callable[[], Path]


def test_a_bundle_comes_back_from_disk(bundle: Bundle, saved: Save) -> None:
    again = Bundle.load(saved())
    assert again.name == "tiny"
    assert again.genres == bundle.genres
    assert again.serving == bundle.serving
    assert again.pieces.encode("the piano") == bundle.pieces.encode("the piano")
    assert np.array_equal(again.copies.phrases, bundle.copies.phrases)
    for key, value in bundle.cvae.state_dict().items():
        assert torch.allclose(again.cvae.state_dict()[key], value, atol=2e-3)


def test_saving_what_was_loaded_changes_nothing(saved: Save, tmp_path: Path) -> None:
    first = Bundle.load(saved())
    assert first.save(tmp_path / "second").revision == first.revision


def test_a_folder_without_a_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match="no bundle in"):
        Bundle.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "facts.safetensors", "tokenizer.json", "genres.json"]
)
def test_a_missing_file_is_named(saved: Save, name: str) -> None:
    folder = saved()
    (folder / name).unlink()
    with pytest.raises(BundleMissingError, match=name):
        Bundle.load(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "topics.json"])
def test_a_damaged_file_is_named(saved: Save, name: str) -> None:
    file = saved() / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleCorruptError, match=name):
        Bundle.load(file.parent)


def test_a_truncated_file_is_named(saved: Save) -> None:
    file = saved() / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(BundleCorruptError, match="weights"):
        Bundle.load(file.parent)


@pytest.mark.parametrize(
    ("other", "remedy"), [(FORMAT + 1, "upgrade deephypebot"), (FORMAT - 1, "train it again")]
)
def test_another_format_says_so_and_what_to_do(saved: Save, other: int, remedy: str) -> None:
    file = saved() / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": other}))
    with pytest.raises(BundleFormatError, match=f"format {other}.*{remedy}"):
        Bundle.load(file.parent)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}'])
def test_a_configuration_that_is_none_is_refused(saved: Save, text: str) -> None:
    file = saved() / "config.json"
    file.write_text(text)
    with pytest.raises(BundleCorruptError, match="config"):
        Bundle.load(file.parent)


def test_a_changed_setting_is_noticed(saved: Save) -> None:
    file = saved() / "config.json"
    config = json.loads(file.read_text())
    config["serving"]["temperature"] = 9.0
    file.write_text(json.dumps(config))
    with pytest.raises(BundleCorruptError, match="changed after it was saved"):
        Bundle.load(file.parent)


def test_weights_that_are_no_numbers_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    broken = deepcopy(bundle.cvae)
    with torch.no_grad():
        broken.embedding.weight[3, 5] = torch.nan
    with pytest.raises(BundleCorruptError, match="holds what is no number"):
        replace(bundle, cvae=broken).save(tmp_path)
