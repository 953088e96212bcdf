import subprocess
import sys
from pathlib import Path

from paramsrun.input.grammar import grammar_text


def test_the_grammar_is_the_one_of_the_checkout():
    checkout = Path(__file__).parents[2] / "grammar" / "ams.lark"
    assert grammar_text() == checkout.read_text()


def test_importing_the_room_does_not_import_lark():
    code = "import sys, paramsrun.input; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
