"""What the documents show is what there is."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[3]


def test_the_how_to_shows_the_example():
    shown = re.search(r"```python\n(.*?)```", (TOP / "docs/how-to/python_strategy.md").read_text(), re.S)[1]
    assert shown == (TOP / "clients/python/examples/momentum.py").read_text()
