"""A child process that ends with its parent, whatever it is doing then."""

from __future__ import annotations

import subprocess
import sys

CHILD = """
import time
from opentrader.jit.parent import end_with_parent
end_with_parent()
print("begun", flush=True)
time.sleep(3600)
"""


def test_it_ends_when_the_other_end_of_its_input_is_closed() -> None:
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(60) == 1
