"""What pyproject.toml cannot say: the checkpoints, which lie beside the package in a checkout, travel in the wheel."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["musicgen*"]), "musicgen.checkpoints"],
    package_dir={"musicgen.checkpoints": "checkpoints"},
    package_data={
        "musicgen": ["*.json"],
        "musicgen.corpus": ["*.json"],
        "musicgen.wording": ["*.json"],
        "musicgen.evaluation": ["*.npz"],
        "musicgen.web": ["static/*"],
        "musicgen.checkpoints": ["*/*"],
    },
)
