import numpy as np
import pytest

from bridge.clip_file import load_clip, save_clip
from bridge.errors import ClipFileError
from tests.bridge.small_clip import small_clip


def beat2(**changes):
    clip = small_clip()
    return {
        "betas": clip.betas.astype(np.float32),
        "poses": clip.poses.reshape(40, 165).astype(np.float32),
        "expressions": clip.expressions,
        "trans": clip.trans,
        "model": "smplx2020",
        "gender": "neutral",
        "mocap_frame_rate": 30,
    } | changes


def without(entries, *keys):
    return {key: value for key, value in entries.items() if key not in keys}


def standing_z_up(frames, joints):
    poses = np.zeros((frames, joints, 3))
    poses[:, 0] = (np.pi / 2, 0.0, 0.0)
    return poses.reshape(frames, -1)


@pytest.fixture
def load(tmp_path):
    def save_and_load(entries, **options):
        np.savez(tmp_path / "clip.npz", **entries)
        return load_clip(tmp_path / "clip.npz", **options)

    return save_and_load


@pytest.mark.parametrize("name", ["clip.npz", "clip", "clip.take.1"])
def test_a_clip_comes_back_as_it_was_saved_under_exactly_its_name(tmp_path, name):
    clip = small_clip()
    save_clip(tmp_path / name, clip)
    loaded = load_clip(tmp_path / name)
    np.testing.assert_array_equal(loaded.poses, clip.poses)
    np.testing.assert_array_equal(loaded.trans, clip.trans)
    np.testing.assert_array_equal(loaded.expressions, clip.expressions)
    np.testing.assert_allclose(loaded.betas, clip.betas, atol=1e-7)
    assert (loaded.fps, loaded.gender, loaded.up_axis, loaded.kind) == (30.0, "female", "Y", "BEAT2")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_is_saved_has_the_arrays_that_programs_of_the_family_ask_for(tmp_path):
    save_clip(tmp_path / "clip.npz", small_clip(with_face=False))
    with np.load(tmp_path / "clip.npz", allow_pickle=False) as archive:
        shapes = {key: (archive[key].shape, archive[key].dtype.kind) for key in archive.files}
        assert archive["mocap_frame_rate"] == 30
    assert shapes == {
        "poses": ((40, 165), "f"),
        "trans": ((40, 3), "f"),
        "expressions": ((40, 100), "f"),
        "betas": ((300,), "f"),
        "gender": ((), "U"),
        "model": ((), "U"),
        "mocap_frame_rate": ((), "i"),
    }


def test_a_rate_between_whole_numbers_is_kept(tmp_path):
    save_clip(tmp_path / "clip.npz", small_clip(fps=29.97))
    assert load_clip(tmp_path / "clip.npz").fps == 29.97


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    save_clip(tmp_path / "clip.npz", small_clip())
    before = (tmp_path / "clip.npz").read_bytes()
    monkeypatch.setattr(np, "savez_compressed", lambda *args, **kwargs: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(ClipFileError, match="disk full"):
        save_clip(tmp_path / "clip.npz", small_clip(seed=1))
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.npz"]
    assert (tmp_path / "clip.npz").read_bytes() == before


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ClipFileError, match="nowhere"):
        save_clip(tmp_path / "nowhere" / "clip.npz", small_clip())


def test_a_clip_of_amass_with_an_smplh_body_has_a_face_at_rest_and_z_up(load):
    poses = np.random.default_rng(0).normal(0, 0.01, (9, 52, 3))
    poses[:, 0] = (np.pi / 2, 0.0, 0.0)
    entries = {"poses": poses.reshape(9, 156), "trans": np.zeros((9, 3)), "gender": "male", "mocap_framerate": 120.0}
    clip = load(entries | {"betas": np.ones(16), "dmpls": np.zeros((9, 8))})
    assert (clip.kind, clip.up_axis, clip.fps, clip.gender) == ("AMASS SMPL-H", "Z", 120.0, "male")
    np.testing.assert_array_equal(clip.poses[:, 22:25], 0.0)
    np.testing.assert_array_equal(clip.poses[:, 25], poses[:, 22])
    assert clip.expressions is None
    assert len(clip.betas) == 0  # SMPL-H's shapes are not SMPL-X's
    assert any("SMPL-H" in note for note in clip.notes)


def test_a_clip_of_amass_with_an_smplx_body_is_read_although_pickled_notes_lie_beside_it(load):
    entries = {
        "poses": standing_z_up(5, 55),
        "trans": np.zeros((5, 3)),
        "betas": np.zeros(16),
        "gender": np.array("neutral"),
        "surface_model_type": np.array("smplx"),
        "mocap_frame_rate": np.array(60.0),
        "mocap_time_length": np.array(0.1),
        "markers_latent_vids": np.array([{"C7": 1}], dtype=object),
    }
    clip = load(entries)
    assert (clip.kind, clip.up_axis, clip.fps) == ("AMASS SMPL-X", "Z", 60.0)


def test_the_way_a_body_stands_counts_for_more_than_the_kind_of_file(load):
    clip = load(beat2(poses=standing_z_up(40, 55)))
    assert clip.up_axis == "Z"
    assert any("Z points up, as the body stands" in note for note in clip.notes)


def test_a_body_that_lies_leaves_the_axis_to_the_kind_of_file(load):
    poses = np.zeros((40, 55, 3))
    poses[:, 0] = (0.0, 0.0, np.pi / 2)
    assert load(beat2(poses=poses.reshape(40, 165))).up_axis == "Y"


def test_whoever_knows_the_axis_may_say_so(load):
    assert load(beat2(), up_axis="Z").up_axis == "Z"


@pytest.mark.parametrize("key", ["mocap_frame_rate", "mocap_framerate", "fps"])
def test_the_rate_is_found_under_any_of_its_names(load, key):
    assert load(without(beat2(), "mocap_frame_rate") | {key: np.array([24.0])}).fps == 24.0


def test_a_missing_rate_can_be_given_and_is_said(load):
    entries = without(beat2(), "mocap_frame_rate")
    with pytest.raises(ClipFileError, match="frames a second"):
        load(entries)
    clip = load(entries, fps=15.0)
    assert clip.fps == 15.0
    assert any("15 frames a second were assumed" in note for note in clip.notes)
    assert load(beat2(), fps=15.0).fps == 30.0


def test_a_clip_may_lack_face_place_shape_and_gender(load):
    clip = load(without(beat2(), "expressions", "trans", "betas", "gender", "model"))
    assert clip.expressions is None
    np.testing.assert_array_equal(clip.trans, 0.0)
    assert (len(clip.betas), clip.gender) == (0, "neutral")
    assert sum("It " in note for note in clip.notes) == 2


def test_fewer_expressions_are_filled_up_and_shapes_may_be_repeated_for_each_frame(load):
    clip = load(beat2(expressions=np.ones((40, 10)), betas=np.tile(np.arange(300.0), (40, 1))))
    np.testing.assert_array_equal(clip.expressions.sum(axis=1), 10.0)
    np.testing.assert_array_equal(clip.betas, np.arange(300.0))


def test_poses_may_come_joint_by_joint(load):
    np.testing.assert_allclose(load(beat2(poses=small_clip().poses)).poses, small_clip().poses)


NANS = np.full((40, 165), np.nan, np.float32)
PICKLED = np.array([{"a": 1}], dtype=object)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (beat2(poses=PICKLED), "pickled"),
        (beat2(gender=PICKLED), "pickled"),
        (beat2(poses=NANS), "not numbers"),
        (beat2(trans=np.full((40, 3), np.inf)), "not numbers"),
        (beat2(poses=np.zeros((1, 165)), trans=np.zeros((1, 3)), expressions=np.zeros((1, 100))), "1 frame"),
        (beat2(poses=np.zeros((0, 165)), trans=np.zeros((0, 3)), expressions=np.zeros((0, 100))), "0 frames"),
        (beat2(poses=np.zeros((40, 72))), "expected"),
        (beat2(poses=np.zeros(165)), "expected"),
        (beat2(poses=np.float32(1)), "expected"),
        (beat2(poses=np.array(["a"])), "expected numbers"),
        (beat2(trans=np.zeros((39, 3))), "trans is"),
        (beat2(expressions=np.zeros((39, 100))), "expressions"),
        (beat2(expressions=np.zeros((40, 101))), "expressions"),
        (beat2(mocap_frame_rate=0), "rate is"),
        (beat2(mocap_frame_rate=1e-7), "rate is 1e-07 .* expected 1 to 10000"),
        (beat2(mocap_frame_rate=20_000), "rate is"),
        (beat2(poses=np.full((40, 165), 1e200)), "no body has"),
        (beat2(trans=np.full((40, 3), -1e300)), "no body has"),
        (beat2(mocap_frame_rate=np.array("fast")), "expected numbers"),
        (beat2(mocap_frame_rate=np.array([30, 30])), "one number"),
        (without(beat2(), "poses"), "no 'poses'"),
        ({"walk": np.zeros(3)}, "no 'poses'"),
    ],
)
def test_what_is_no_clip_is_refused_in_one_sentence_with_a_remedy(load, entries, said):
    with pytest.raises(ClipFileError, match=said) as caught:
        load(entries)
    assert caught.value.remedy
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("damage", ["missing", "text", "empty", "truncated", "npy"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "clip.npz"
    if damage == "text":
        path.write_text("hello")
    elif damage == "empty":
        path.touch()
    elif damage == "truncated":
        np.savez(path, **beat2())
        path.write_bytes(path.read_bytes()[:-500])
    elif damage == "npy":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    with pytest.raises(ClipFileError, match="no such file" if damage == "missing" else "not a readable") as caught:
        load_clip(path)
    assert caught.value.remedy
