"""What a piece costs: operations counted, set beside what the machine can do, and told in the model card."""

from pathlib import Path

import numpy as np
from keras import ops

from musicgen.models.arithmetic import arithmetic, products
from musicgen.training.card import write_card
from tests.test_adapt import CARD
from tests.tiny import tiny_vae


def test_the_operations_of_matrix_products_are_counted() -> None:
    a, b = np.ones((3, 4), np.float32), np.ones((4, 5), np.float32)
    assert products(ops.matmul, a, b) == 2 * 3 * 4 * 5
    assert products(lambda x: ops.matmul(ops.transpose(x), x), a) == 2 * 4 * 3 * 4
    batch = np.ones((2, 3, 4), np.float32)
    assert products(lambda x, y: ops.matmul(x, y) + 1.0, batch, b) == 2 * 2 * 3 * 4 * 5


def test_a_card_tells_what_a_piece_costs_if_it_was_measured(tmp_path: Path) -> None:
    composer = tiny_vae()
    cost = arithmetic(composer, milliseconds=10.0)
    assert 0 < cost["gflop"] < 1 and 0 < cost["share"] < 1
    assert cost["gflop_per_s"] == round(cost["gflop"] / 0.01, 1)
    for told, wanted in ((CARD, False), (CARD | {"arithmetic": cost}, True)):
        composer.card = told
        composer.save_pretrained(tmp_path)
        write_card(composer, tmp_path)
        assert ("GFLOP of matrix products" in (tmp_path / "README.md").read_text()) == wanted
