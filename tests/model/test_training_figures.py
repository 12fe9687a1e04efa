from pathlib import Path

from matplotlib.image import imread

from model.training.figures import plot_losses

_OLD = "epoch,beta,train_reconstruction,valid_reconstruction,valid_kl\n"
_NEW = "epoch,beta,train_reconstruction,train_kl,valid_reconstruction,valid_kl\n"


def _drawn(folder: Path, log: str) -> bytes:
    (folder / "log.csv").write_text(log)
    plot_losses(folder / "log.csv", folder / "losses.png")
    return (folder / "losses.png").read_bytes()


def test_a_log_becomes_a_picture_of_its_own_figures(tmp_path: Path) -> None:
    first = _drawn(tmp_path, f"{_NEW}1,0.5,70,3,60,4\n2,1,50,8,45,8\n")
    assert imread(tmp_path / "losses.png").shape[:2] == (720, 840)
    assert _drawn(tmp_path, f"{_NEW}1,0.5,70,3,60,4\n2,1,50,8,45,9\n") != first
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".partial"] == []


def test_a_log_without_the_training_kl_is_drawn_too(tmp_path: Path) -> None:
    assert _drawn(tmp_path, f"{_OLD}1,1,70,60,4\n").startswith(b"\x89PNG")


def test_a_column_that_only_the_later_lines_have_is_left_out(tmp_path: Path) -> None:
    with_gap = _drawn(tmp_path, f"{_NEW}1,0.5,70,,60,4\n2,1,50,8,45,8\n")
    assert with_gap == _drawn(tmp_path, f"{_OLD}1,0.5,70,60,4\n2,1,50,45,8\n")
