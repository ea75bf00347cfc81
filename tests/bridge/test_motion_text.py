import csv
import json

import numpy as np
import pytest

from bridge.errors import MotionFileError
from bridge.motion import FPS
from bridge.motion_file import MotionFile, load_motion, save_motion
from bridge.motion_text import COLUMNS


@pytest.fixture
def contents():
    motion = np.random.default_rng(0).standard_normal((12, 106)).astype(np.float32)
    motion[3] *= 1e-20
    return MotionFile(motion, rig="builtin", audio="speech é, 2.wav", engine_version="0.1.0", style="happy")


@pytest.mark.parametrize("name", ["motion.json", "motion.csv", "motion.CSV"])
def test_text_gives_back_every_bit_and_where_it_comes_from(tmp_path, contents, name):
    save_motion(tmp_path / name, contents)
    loaded = load_motion(tmp_path / name)
    np.testing.assert_array_equal(loaded.motion, contents.motion)
    assert loaded.motion.dtype == np.float32
    for field in ("rig", "audio", "engine_version", "style"):
        assert getattr(loaded, field) == getattr(contents, field)


@pytest.mark.parametrize("name", ["motion.json", "motion.csv", "motion.pt"])
def test_a_motion_without_frames_is_a_motion(tmp_path, name):
    save_motion(tmp_path / name, MotionFile(np.zeros((0, 106), np.float32), "flame", "", ""))
    assert load_motion(tmp_path / name).motion.shape == (0, 106)


def test_json_is_what_its_description_says(tmp_path, contents):
    save_motion(tmp_path / "m.json", contents)
    found = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert (found["fps"], found["rig"]) == (FPS, "builtin")
    assert [len(found[name][0]) for name in ("expression", "global_orient", "jaw_pose")] == [100, 3, 3]
    assert np.float32(found["jaw_pose"][2][1]) == contents.motion[2, 104]


def test_a_spreadsheet_may_reorder_columns_and_drop_the_notes(tmp_path, contents):
    save_motion(tmp_path / "m.csv", contents)
    lines = (tmp_path / "m.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    with (tmp_path / "n.csv").open("w", encoding="utf-8-sig", newline="") as target:
        csv.writer(target).writerows(
            [[*row[::-1], "remark" if number == 0 else "x"] for number, row in enumerate(rows)]
        )
    loaded = load_motion(tmp_path / "n.csv")
    np.testing.assert_array_equal(loaded.motion, contents.motion)
    assert loaded.rig == ""


def table(times=None, drop=None, cell=None, rows=4):
    names = ["seconds", *COLUMNS]
    cells = [[str((0.04 if times is None else times) * row), *["0"] * len(COLUMNS)] for row in range(rows)]
    if cell is not None:
        cells[2][5] = cell
    keep = [column for column, name in enumerate(names) if name != drop]
    return "\n".join(",".join(line[column] for column in keep) for line in [names, *cells])


BAD_TABLES = {
    "rate is 30": table(times=1 / 30),
    "lacks the column jaw_pose_x": table(drop="jaw_pose_x"),
    "row 3": table(cell="high"),
    "finite": table(cell="nan"),
    "rate is 60": "# fps: 60\n" + table(),
    "lacks the column expression_000 and 105 more": "",
    "skips frames": table() + "\n" + ",".join(["0.5", *["0"] * 106]),
}


@pytest.mark.parametrize("reason", BAD_TABLES)
def test_a_table_that_is_no_motion_says_why(tmp_path, reason):
    (tmp_path / "m.csv").write_text(BAD_TABLES[reason], encoding="utf-8")
    with pytest.raises(MotionFileError, match=reason) as caught:
        load_motion(tmp_path / "m.csv")
    assert caught.value.remedy


GOOD = {
    "expression": [[0] * 100] * 2, "global_orient": [[0] * 3] * 2, "jaw_pose": [[0] * 3] * 2,
    "fps": 25, "rig": "builtin", "audio": "", "engine_version": "",
}  # fmt: skip
BAD_JSON = {
    "expected an object": "[]",
    "Expecting": "{",
    "lacks jaw_pose": json.dumps({name: value for name, value in GOOD.items() if name != "jaw_pose"}),
    "rate is 30": json.dumps(GOOD | {"fps": 30}),
    "no table of numbers": json.dumps(GOOD | {"jaw_pose": [[0, 0, 0], [0, 0]]}),
    r"expected finite float\[2, 100\]": json.dumps(GOOD | {"expression": [[0] * 50] * 2}),
    "NaN": json.dumps(GOOD | {"jaw_pose": [[float("nan")] * 3] * 2}),
}


@pytest.mark.parametrize("reason", BAD_JSON)
def test_json_that_is_no_motion_says_why(tmp_path, reason):
    (tmp_path / "m.json").write_text(BAD_JSON[reason], encoding="utf-8")
    with pytest.raises(MotionFileError, match=reason) as caught:
        load_motion(tmp_path / "m.json")
    assert caught.value.remedy


def test_bytes_that_are_no_text_are_refused(tmp_path):
    for name in ("m.csv", "m.json", "m.pt"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00garbage")
        with pytest.raises(MotionFileError) as caught:
            load_motion(tmp_path / name)
        assert caught.value.remedy


def test_a_pytorch_file_speaks_to_flame_alone(tmp_path, contents):
    with pytest.raises(MotionFileError, match="FLAME") as caught:
        save_motion(tmp_path / "m.pt", contents)
    assert not (tmp_path / "m.pt").exists()
    assert caught.value.remedy
    save_motion(tmp_path / "m.pt", MotionFile(contents.motion, "flame", "a.wav", "0"))
    loaded = load_motion(tmp_path / "m.pt")
    np.testing.assert_array_equal(loaded.motion, contents.motion)
    assert loaded.rig == "flame"


def test_a_tensor_of_another_shape_says_so(tmp_path):
    torch = pytest.importorskip("torch", reason="this environment has no PyTorch")
    torch.save(torch.zeros(4, 105), tmp_path / "m.pt")
    with pytest.raises(MotionFileError, match=r"\[4, 105\]"):
        load_motion(tmp_path / "m.pt")
    torch.save(torch.full((4, 106), torch.nan), tmp_path / "m.pt")
    with pytest.raises(MotionFileError, match="finite"):
        load_motion(tmp_path / "m.pt")
