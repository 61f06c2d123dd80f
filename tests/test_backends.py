"""The networks use Keras operations only: the same weights say the same on TensorFlow and on JAX."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# what is compiled here runs once or twice: it need not be fast
QUICK = "--xla_backend_optimization_level=0"
CODE = """
import sys
import numpy as np
import pytest
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
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": QUICK,
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
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


SEEDED = """
import os, sys
if sys.argv[2] == "one core":
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
import numpy as np
from musicgen import load
from musicgen.request import Request
composer = load("gan")
music = composer.generate(Request(seed=3))
notes = np.array([note for track in music.tracks for note in track.notes])
np.savez(sys.argv[1], latents=composer.encode(music), notes=notes)
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a process cannot be kept to one core here")
def test_one_core_gives_the_bytes_that_two_give(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    made = []
    for cores in ("one core", "all cores"):
        command = [sys.executable, "-c", SEEDED, str(tmp_path / f"{cores}.npz"), cores]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        made.append(np.load(tmp_path / f"{cores}.npz"))
    for name in made[0]:
        assert made[0][name].tobytes() == made[1][name].tobytes(), name


TRAIN = """
import sys
from pathlib import Path
import keras
import numpy as np
import pytest
from musicgen.training import stepping
from musicgen.training.devices import on_devices
from musicgen.training.loop import fit
from tests.tiny import tiny_vae

def batches(seed):
    rng = np.random.default_rng(seed)
    while True:
        notes = np.zeros((64, 6), "int32")
        notes[:, 0] = rng.integers(4 * 80, size=64)
        notes[:, 1] = notes[:, 0] % 5
        notes[:, 2:] = rng.integers((48, 20, 18, 8), size=(64, 4))
        onsets = np.zeros((5, 4 * 16, 48, 48), "uint8")
        onsets[notes[:, 1], notes[:, 0] // 5, notes[:, 2], notes[:, 3]] = 1
        windows = {"present": np.ones((4, 5), "float32"), "bar_mask": np.ones((4, 16), "float32"),
                   "style": rng.integers(14, size=4).astype("int32")}
        asked = {"mode": np.ones(4, "int32"), "attributes": np.zeros((4, 5, 2), "float32"),
                 "chords": np.ones((4, 16, 2), "int32"), "form": np.ones((4, 16), "int32"),
                 "metre": np.zeros(4, "int32"), "edge": np.zeros((4, 16), "int32")}
        latents = rng.standard_normal((2, 4, 16, 5, 8)).astype("float32")
        yield ({"notes": notes, "onsets": onsets, "known_mask": np.zeros((4, 16, 5), "float32"),
                "mean": latents[0], "deviation": np.exp(latents[1]), **windows, **asked},)

for name, count, at_once in (("1", 1, 1), ("2", 2, 1), ("together", 1, 2)):
    stepping.together = lambda: at_once
    run = Path(sys.argv[1]) / name
    run.mkdir()
    with on_devices(count, (4,)):
        composer = tiny_vae()
        for name, model in (("vae", composer.vae), ("prior", composer.prior)):
            fit(model, batches(0), run, name, steps=2, epoch=2, rate=1e-2, measure=dict)
            where = model.weights[0].value.sharding.device_set
            assert len(where) == count, where
            np.savez(run / name, *model.get_weights())
"""


def test_two_devices_learn_what_one_does_and_so_do_steps_in_one_program(tmp_path: Path) -> None:
    """The same seed and the same batches; the notes of a window need not be on the device that has the window."""
    two = {"KERAS_BACKEND": "jax", "XLA_FLAGS": f"--xla_force_host_platform_device_count=2 {QUICK}"}
    environment = os.environ | two | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", TRAIN, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("vae", "prior"):
        one = np.load(tmp_path / "1" / f"{name}.npz")
        for other in ("2", "together"):
            both = np.load(tmp_path / other / f"{name}.npz")
            for key, value in one.items():
                assert np.allclose(value, both[key], atol=1e-3), (name, key)  # a tenth of what a step changes
            if other == "2":  # of steps in one program the log has the mean, where Keras gives on JAX that of the last
                rows = [next(csv.DictReader((tmp_path / run / f"log-{name}.csv").open())) for run in ("1", other)]
                assert np.isclose(float(rows[0]["loss"]), float(rows[1]["loss"]), rtol=1e-4)


def test_more_devices_than_there_are_and_windows_that_they_do_not_divide_are_told() -> None:
    from musicgen.errors import MusicgenError
    from musicgen.training.devices import on_devices

    with on_devices(None, (16, 64)) as count:
        assert count == 1  # TensorFlow trains on one
    with pytest.raises(MusicgenError, match=r"KERAS_BACKEND=jax\. Received: 2"), on_devices(2, (16, 64)):
        pass
