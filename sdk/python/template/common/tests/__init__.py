"""The driver's tests. They find its modules without being told where."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "vendor/osiris-sdk")]
