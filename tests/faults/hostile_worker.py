"""A worker whose readers do what hostile bytes would like to: started in place of the real one by test_sandbox_faults."""

from __future__ import annotations

import sys
from pathlib import Path

from mailbot.extract import confine, reader, worker

sys.path.insert(0, str(Path(__file__).parent))
reader.READERS["application/x-hostile"] = "hostile_reader"

if "--no-namespace" in sys.argv:
    confine._leave_network = lambda: False
if "--no-filter" in sys.argv:
    confine._filter_calls = lambda: False

if __name__ == "__main__":
    worker.main()
