"""``python -m dataflow`` is the command ``dataflow``."""

import sys

from dataflow.cli import main

sys.exit(main())
