from __future__ import annotations

import wave

import numpy as np
import pytest

from tests.blender_addon.taking import add_take, strips_of

bpy = pytest.importorskip("bpy")

from blender_addon.errors import SoundError
from blender_addon.rig.parts import rig_parts
from blender_addon.takes import sound
from blender_addon.takes.placing import follow_strip, retime
from blender_addon.takes.record import Speech, take_details, takes_of
from blender_addon.takes.showing import delete_take, play_take
from blender_addon.takes.sound import keep_sound, sound_file, sound_of
from blender_addon.takes.strips import place_sound, strip_shift, take_strip

needs_sound = pytest.mark.skipif(not sound.can_play_sound(), reason="this build of Blender has no sound library")
RATE_HZ = 48_000
CLICKS_S = (0.5, 1.5)  # where they are in the file


@pytest.fixture
def clicks(tmp_path):
    """A sound file of two seconds with two clicks."""
    samples = np.zeros(2 * RATE_HZ, np.int16)
    for second in CLICKS_S:
        samples[int(second * RATE_HZ) :][:48] = 30_000
    path = tmp_path / "clicks.wav"
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE_HZ)
        target.writeframes(samples.tobytes())
    return path


def heard_frames(scene, path):
    """The scene frames on which clicks are heard, by letting Blender mix the sound down."""
    scene.frame_start, scene.frame_end = 1, 400
    bpy.ops.sound.mixdown(filepath=str(path), container="WAV", codec="PCM", format="S16", accuracy=64)
    with wave.open(str(path)) as mixed:
        rate, channels = mixed.getframerate(), mixed.getnchannels()
        loud = np.frombuffer(mixed.readframes(mixed.getnframes()), np.int16).reshape(-1, channels)[:, 0] > 8_000
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    starts = starts[np.diff(starts, prepend=-rate) > rate // 10]
    return 1 + starts / rate * scene.render.fps / scene.render.fps_base


def take_with(parts, motion, path, start=1.0, rate=24.0, pack=None, **speech):
    take, _ = add_take(parts, motion, start=start, rate=rate, speech=Speech(str(path), **speech))
    keep_sound(take, path, pack)
    return take


@needs_sound
@pytest.mark.parametrize(("fps", "base"), [(12, 1.0), (24, 1.001), (30, 1.001), (60, 1.001), (120, 1.0)])
@pytest.mark.parametrize("start", [17.0, 8.375])
def test_a_sound_is_heard_exactly_where_its_take_lies(scene, head, motion, clicks, tmp_path, fps, base, start):
    scene.render.fps, scene.render.fps_base = fps, base
    place_sound(scene, take_with(head, motion, clicks, start=start, rate=fps / base))
    expected = [start + second * fps / base for second in CLICKS_S]
    np.testing.assert_allclose(heard_frames(scene, tmp_path / "mixed.wav"), expected, atol=0.01)


@needs_sound
def test_a_clip_is_heard_from_its_first_to_its_last_second(scene, head, motion, clicks, tmp_path):
    take = take_with(head, motion, clicks, start=30.5, start_s=1.25, end_s=1.75)
    place_sound(scene, take)
    np.testing.assert_allclose(heard_frames(scene, tmp_path / "mixed.wav"), [30.5 + 0.25 * 24], atol=0.01)


@needs_sound
class TestStrips:
    def test_playback_follows_the_sound_if_it_is_asked_to(self, scene, head, motion, clicks):
        take = take_with(head, motion, clicks)
        place_sound(scene, take, should_sync=False)
        assert scene.sync_mode == "NONE"
        place_sound(scene, take)
        assert scene.sync_mode == "AUDIO_SYNC"

    def test_the_same_sound_at_the_same_place_is_one_strip(self, scene, head, motion, clicks):
        for _ in range(2):
            place_sound(scene, take_with(head, motion, clicks))
        assert len(strips_of(scene)) == 1
        assert len(bpy.data.sounds) == 1

    def test_only_the_sound_of_the_playing_take_is_heard(self, scene, head, motion, clicks, sound_file):
        foreign = scene.sequence_editor_create()
        foreign = (foreign.strips if hasattr(foreign, "strips") else foreign.sequences).new_sound(
            "foreign", str(sound_file(name="foreign.wav")), 1, 1
        )
        scene.artalk.rig = head.rig
        first, second = take_with(head, motion, clicks), take_with(head, motion, sound_file(name="other.wav"))
        for take, muted in ((first, [False, True]), (second, [True, False]), (first, [False, True])):
            for other in (first, second):
                play_take(scene, other)
            play_take(scene, take)
            assert [take_strip(scene, other).mute for other in (first, second)] == muted
        assert not foreign.mute

    def test_a_strip_that_was_moved_stays_and_the_take_can_follow(self, scene, head, motion, clicks, tmp_path):
        take = take_with(head, motion, clicks, start=5.25)
        strip = place_sound(scene, take)
        name = "content_start" if hasattr(strip, "content_start") else "frame_start"
        setattr(strip, name, getattr(strip, name) + 20)
        assert strip_shift(scene, take) == pytest.approx(20)
        assert place_sound(scene, take) == strip
        assert strip_shift(scene, take) == pytest.approx(20)
        assert follow_strip(scene, head, take) == pytest.approx(20)
        assert take_details(take).start == pytest.approx(25.25)
        assert strip_shift(scene, take) == 0.0
        assert take_strip(scene, take) == strip
        np.testing.assert_allclose(heard_frames(scene, tmp_path / "mixed.wav"), [37.25, 61.25], atol=0.01)

    def test_a_new_rate_does_not_look_like_a_moved_strip(self, scene, head, motion, clicks, tmp_path):
        take = take_with(head, motion, clicks, start=5.25)
        place_sound(scene, take)
        scene.render.fps = 30
        assert strip_shift(scene, take) == 0.0
        retime(scene, head, take)
        assert strip_shift(scene, take) == 0.0
        np.testing.assert_allclose(heard_frames(scene, tmp_path / "mixed.wav"), [20.25, 50.25], atol=0.01)

    def test_a_deleted_take_takes_its_strip_along_unless_another_take_needs_it(self, scene, head, motion, clicks):
        scene.artalk.rig = head.rig
        first, second = (take_with(head, motion, clicks) for _ in range(2))
        place_sound(scene, second)
        delete_take(scene, head, second)
        assert len(strips_of(scene)) == 1
        delete_take(scene, head, first)
        assert strips_of(scene) == []
        assert len(bpy.data.sounds) == 0

    def test_a_strip_of_the_artist_s_own_is_used_and_never_deleted(self, scene, head, motion, clicks):
        editor = scene.sequence_editor_create()
        strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        own = strips.new_sound("mine", str(clicks), 1, 10)
        take = take_with(head, motion, clicks, start=10.0)
        scene.artalk.rig = head.rig
        assert place_sound(scene, take) == own
        delete_take(scene, head, take)
        assert len(strips_of(scene)) == 1

    def test_a_file_that_is_no_sound_leaves_no_strip(self, scene, head, motion, tmp_path):
        path = tmp_path / "notes.wav"
        path.write_text("la la la")
        with pytest.raises(SoundError, match=r"cannot play notes\.wav"):
            place_sound(scene, take_with(head, motion, path))
        assert strips_of(scene) == []

    def test_a_take_whose_sound_is_missing_still_shows_and_says_so(self, scene, head, motion, clicks):
        scene.artalk.rig = head.rig
        take = take_with(head, motion, clicks, pack=False)
        add_take(head, motion)
        clicks.unlink()
        assert "clicks.wav is missing" in play_take(scene, take)
        assert head.rig.animation_data.action == take
        assert strips_of(scene) == []

    def test_a_packed_sound_is_heard_without_its_file(self, scene, head, motion, clicks, tmp_path):
        take_with(head, motion, clicks)
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
        clicks.unlink()
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
        scene = bpy.context.scene
        (take,) = takes_of(rig_parts(scene.artalk.rig).rig_id)
        assert play_take(scene, take) == ""
        np.testing.assert_allclose(heard_frames(scene, tmp_path / "mixed.wav"), [13, 37], atol=0.01)


def test_small_sounds_are_packed_unless_told_otherwise(head, motion, clicks, monkeypatch):
    assert sound_of(take_with(head, motion, clicks)).packed_file.size == clicks.stat().st_size
    bpy.data.sounds.remove(bpy.data.sounds[0])
    assert sound_of(take_with(head, motion, clicks, pack=False)).packed_file is None
    monkeypatch.setattr(sound, "PACKED_LIMIT", 1000)
    assert sound_of(take_with(head, motion, clicks)).packed_file is None
    assert sound_of(take_with(head, motion, clicks, pack=True)).packed_file is not None


def test_a_packed_sound_can_be_generated_from_again(head, motion, clicks):
    take = take_with(head, motion, clicks)
    content = clicks.read_bytes()
    assert sound_file(take) == clicks
    clicks.unlink()
    copy = sound_file(take)
    assert (copy.name, copy.read_bytes()) == ("clicks.wav", content)


def test_a_sound_that_is_gone_says_so(head, motion, tmp_path):
    with pytest.raises(SoundError, match=r"nowhere\.wav is missing"):
        sound_file(take_with(head, motion, tmp_path / "nowhere.wav"))
