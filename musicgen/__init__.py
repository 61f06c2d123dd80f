"""musicgen: multi-track music in a second, from models trained on freely licensed music.

Importing the package is cheap on purpose: no TensorFlow, no Gradio, no network.
"""

__version__ = "0.1.0"
