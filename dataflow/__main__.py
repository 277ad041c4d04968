"""``python -m dataflow`` is the command ``dataflow``."""

import sys

from dataflow.cli import run_process

sys.exit(run_process())
