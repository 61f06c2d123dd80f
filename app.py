"""What a Space runs: build the page, launch it."""

from musicgen.web import launch

if __name__ == "__main__":
    launch()
