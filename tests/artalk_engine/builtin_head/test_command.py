from __future__ import annotations

import numpy as np
import pytest

from artalk_engine.builtin_head.__main__ import main


def test_the_command_writes_a_head_that_numpy_can_read(tmp_path):
    assert main([str(tmp_path / "head.npz")]) == 0
    with np.load(tmp_path / "head.npz", allow_pickle=False) as archive:
        assert archive["v_template"].shape == (5023, 3)


def test_the_command_asks_for_a_file_or_a_check(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "name a file to write" in capsys.readouterr().err
