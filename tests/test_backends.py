"""The networks use Keras operations only: the same weights say the same on TensorFlow and on JAX."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

CODE = """
import sys
import numpy as np
from musicgen.models import load_composer
from tests.tiny import tiny_vae
folder, out, begin = sys.argv[1:]
if begin == "save":
    tiny_vae().save_pretrained(folder)
composer = load_composer(folder)
rng = np.random.default_rng(0)
notes = np.zeros((64, 6), "int32")
notes[:, 0] = rng.integers(80, size=64)
notes[:, 1] = notes[:, 0] % 5
notes[:, 2:] = rng.integers((48, 20, 18, 8), size=(64, 4))
onsets = np.zeros((5, 16, 48, 48), "uint8")
onsets[notes[:, 1], notes[:, 0] // 5, notes[:, 2], notes[:, 3]] = 1
present, bar_mask, style = np.ones((1, 5), "float32"), np.ones((1, 16), "float32"), np.array([2], "int32")
batch = {"notes": notes, "onsets": onsets, "present": present, "bar_mask": bar_mask, "style": style}
terms = composer.vae(batch, training=False)
latents = composer.resample(np.zeros((16, 5, 8), "float32"), np.zeros((16, 5), bool), 1.0, 3, ("bass",), "jazz")
np.savez(out, latents=latents, **{name: np.asarray(value) for name, value in terms.items()})
"""


def run(backend: str, folder: Path, out: Path, begin: str) -> dict[str, np.ndarray]:
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", CODE, str(folder), str(out), begin]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(np.load(out))


def test_loss_and_samples_agree_on_both_backends(tmp_path: Path) -> None:
    tensorflow = run("tensorflow", tmp_path / "model", tmp_path / "tensorflow.npz", "save")
    jax = run("jax", tmp_path / "model", tmp_path / "jax.npz", "load")
    assert tensorflow["onset"] > 0
    for name, value in tensorflow.items():
        assert np.allclose(value, jax[name], rtol=1e-3, atol=1e-4), name
