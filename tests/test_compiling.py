"""Functions compiled by the backend."""

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from musicgen.models import compiling


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    compiling._has_xla.cache_clear()
    yield
    compiling._has_xla.cache_clear()


def test_arrays_go_in_and_arrays_come_out() -> None:
    both = compiling.compiled(lambda x, more: (x + more["one"], x * 2))
    added, doubled = both(np.arange(3, dtype="float32"), {"one": np.float32(1)})
    assert isinstance(added, np.ndarray)
    assert (added.tolist(), doubled.tolist()) == ([1, 2, 3], [0, 2, 4])


def test_where_tensorflow_has_no_xla_it_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    function = tf.function

    def without_xla(work, jit_compile=None, **settings):
        if not jit_compile:
            return function(work, jit_compile=jit_compile, **settings)

        def fails(*_):
            raise tf.errors.UnimplementedError(None, None, "could not find registered compiler for platform Host")

        return fails

    monkeypatch.setattr(tf, "function", without_xla)
    assert compiling.compiled(lambda x: x + 1)(np.float32(1)) == 2
