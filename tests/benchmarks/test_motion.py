import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="what is measured needs PyTorch")
ROOT = Path(__file__).resolve().parents[2]


def test_every_stage_is_measured_beside_the_plain_path():
    command = [sys.executable, str(ROOT / "benchmarks/motion.py"), "--only", "stages", "--rounds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)["stages"]
    assert found["ms"].keys() == {"plain", "exact", "fast"}
    for stages in found["ms"].values():
        parts = [stages[name] for name in ("audio encoder", "generator", "codec", "smoothing")]
        assert min(parts) > 0
        assert sum(parts) == pytest.approx(stages["whole"], rel=0.01)
    assert found["fast_bits_that_differ"] < 0.05
