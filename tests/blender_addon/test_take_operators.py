from __future__ import annotations

import numpy as np
import pytest

from tests.blender_addon.flame import flame_vertices
from tests.blender_addon.taking import add_take, curves_of, fcurves_of, places_of, strips_of

bpy = pytest.importorskip("bpy")

from blender_addon import actions, notices, reasons
from blender_addon.paths import builtin_head_file
from blender_addon.rig.fidelity import worst_vertex_error_mm
from blender_addon.rig.parts import rig_parts
from blender_addon.takes import sound
from blender_addon.takes.curves import FACE_ACTION, changed_by_hand, face_action
from blender_addon.takes.record import MOTION, Speech, take_details, take_motion, takes_of
from blender_addon.takes.sound import keep_sound
from blender_addon.takes.strips import place_sound, strip_shift, take_strip
from blender_addon.takes.take import current_take
from blender_addon.timing import key_frames

BLINK = ('key_blocks["blink_l"].value', 0)


@pytest.fixture
def two(head, motion):
    """Two takes, of which the second plays."""
    return add_take(head, motion)[0], add_take(head, motion[::-1].copy())[0]


def parts_now():
    return rig_parts(bpy.context.scene.artalk.rig)


def own_takes():
    return takes_of(parts_now().rig_id)


def state():
    """Everything about takes that an operator could change."""
    parts = parts_now()
    data = parts.rig.animation_data
    return (
        current_take(parts.rig),
        {
            take.name: {name: places.tobytes() for name, places in curves_of(parts, take).items()}
            for take in own_takes()
        },
        {take.name: take_details(take) for take in own_takes()},
        [track.name for track in data.nla_tracks] if data else [],
        len(bpy.data.actions),
        len(strips_of(bpy.context.scene)),
    )


class TestChoosing:
    def test_a_click_in_the_list_lets_a_take_play(self, scene, head, two):
        first, second = two
        settings = scene.artalk
        assert bpy.data.actions[settings.take_index] == second
        settings.take_index = bpy.data.actions.find(first.name)
        assert current_take(head.rig) == first
        assert settings.take_index == bpy.data.actions.find(first.name)

    def test_a_click_on_the_playing_take_lets_its_face_play_again(self, scene, head, two):
        face = head.keys.animation_data.action
        head.keys.animation_data.action = None
        scene.artalk.take_index = scene.artalk.take_index
        assert head.keys.animation_data.action == face

    def test_a_click_on_nothing_of_ours_changes_nothing(self, scene, head, two):
        foreign = bpy.data.actions.new("0 foreign")
        scene.artalk.take_index = bpy.data.actions.find(foreign.name)
        assert current_take(head.rig) == two[1]
        assert "cannot be read as a take" in notices.shown().text

    def test_a_renamed_take_keeps_its_place(self, head, two):
        two[0].name = "zz best"
        assert own_takes() == list(two)
        assert bpy.ops.artalk.show_take(take="zz best") == {"FINISHED"}
        assert current_take(head.rig) == two[0]

    def test_comparing_goes_back_and_forth(self, scene, head, two, motion):
        first = two[0]
        third, _ = add_take(head, motion * np.float32(0.5))
        bpy.ops.artalk.show_take(take=first.name)
        bpy.ops.artalk.show_take(take=third.name)
        for expected in (first, third, first):
            assert bpy.ops.artalk.compare_takes() == {"FINISHED"}
            assert current_take(head.rig) == expected

    def test_comparing_has_a_shortcut_as_long_as_the_addon_is_on(self):
        import blender_addon

        def shortcuts():
            keymap = bpy.context.window_manager.keyconfigs.addon.keymaps.get("3D View")
            return [item.idname for item in keymap.keymap_items if item.idname == "artalk.compare_takes"]

        assert shortcuts() == ["artalk.compare_takes"]
        blender_addon.unregister()
        try:
            assert shortcuts() == []
        finally:
            blender_addon.register()

    def test_with_one_take_there_is_nothing_to_compare(self, head, motion):
        add_take(head, motion)
        assert "Show two takes" in reasons.no_comparing(bpy.context)
        with pytest.raises(RuntimeError, match="Show two takes"):
            bpy.ops.artalk.compare_takes()

    @pytest.mark.skipif(not sound.can_play_sound(), reason="this build of Blender has no sound library")
    def test_comparing_changes_the_sound_too(self, scene, head, motion, sound_file):
        takes = []
        for name in ("a", "b"):
            path = sound_file(name=f"{name}.wav")
            takes.append(add_take(head, motion, speech=Speech(str(path)))[0])
            keep_sound(takes[-1], path)
        for take in takes:
            bpy.ops.artalk.show_take(take=take.name)
        bpy.ops.artalk.compare_takes()
        assert [take_strip(scene, take).mute for take in takes] == [False, True]
        bpy.ops.artalk.compare_takes()
        assert [take_strip(scene, take).mute for take in takes] == [True, False]


class TestCopiesAndDeletion:
    def test_a_copy_has_everything_and_lives_apart(self, head, two):
        first, second = two
        fcurves_of(head, second)[BLINK].keyframe_points[3].co.y = 4.0
        assert bpy.ops.artalk.duplicate_take() == {"FINISHED"}
        copy = current_take(head.rig)
        assert own_takes() == [first, second, copy]
        assert copy.name == "Head · take 3"
        assert places_of(fcurves_of(head, copy)[BLINK])[3, 1] == 4.0
        assert changed_by_hand(head, copy) == [BLINK[0]]
        np.testing.assert_array_equal(take_motion(copy), take_motion(second))
        fcurves_of(head, copy)[BLINK].keyframe_points[4].co.y = 5.0
        assert places_of(fcurves_of(head, second)[BLINK])[4, 1] != 5.0
        assert face_action(copy) != face_action(second)

    def test_after_deletion_the_take_before_plays(self, head, two):
        first, second = two
        bpy.ops.artalk.show_take(take=first.name)
        bpy.ops.artalk.show_take(take=second.name)
        assert bpy.ops.artalk.delete_take() == {"FINISHED"}
        assert own_takes() == [first]
        assert current_take(head.rig) == first
        assert bpy.ops.artalk.delete_take() == {"FINISHED"}
        assert len(bpy.data.actions) == 0

    def test_a_deleted_take_leaves_no_strip_in_the_nla(self, head, motion):
        walk = bpy.data.actions.new("walk")
        actions.assign(head.rig, walk)
        head.rig.keyframe_insert("location", frame=1)
        take, _ = add_take(head, motion)
        bpy.ops.artalk.push_take()
        assert len(head.rig.animation_data.nla_tracks) == 2
        assert bpy.ops.artalk.delete_take(take=take.name) == {"FINISHED"}
        assert [strip.action for track in head.rig.animation_data.nla_tracks for strip in track.strips] == [walk]
        assert len(head.keys.animation_data.nla_tracks) == 0


class TestNla:
    def test_a_take_on_tracks_of_its_own_plays_as_before(self, scene, head, motion):
        take, _ = add_take(head, motion, start=3.25, rate=24.0)
        assert bpy.ops.artalk.push_take() == {"FINISHED"}
        assert head.rig.animation_data.action is None
        frames = key_frames(len(motion), 24.0, 3.25)
        chosen = slice(0, None, 9)
        expected = flame_vertices(builtin_head_file(), motion[chosen])
        assert worst_vertex_error_mm(head.rig, scene, frames[chosen], expected) <= 0.01
        for animated in (head.rig, head.keys):
            (track,) = animated.animation_data.nla_tracks
            (strip,) = track.strips
            assert (track.name, strip.blend_type) == (take.name, "REPLACE")
            np.testing.assert_allclose((strip.frame_start, strip.frame_end), frames[[0, -1]], atol=1e-4)

    def test_two_takes_play_one_after_the_other(self, scene, head, motion):
        add_take(head, motion, start=1.0)
        bpy.ops.artalk.push_take()
        add_take(head, motion[::-1].copy(), start=60.0)
        bpy.ops.artalk.push_take()
        expected = flame_vertices(builtin_head_file(), np.stack([motion[9], motion[::-1][9]]))
        assert worst_vertex_error_mm(head.rig, scene, [10.0, 69.0], expected) <= 0.01
        assert len(head.rig.animation_data.nla_tracks) == 2

    def test_a_take_that_lies_there_is_not_laid_out_twice(self, head, motion):
        take, _ = add_take(head, motion)
        bpy.ops.artalk.push_take()
        bpy.ops.artalk.show_take(take=take.name)
        with pytest.raises(RuntimeError, match="lies in the NLA already"):
            bpy.ops.artalk.push_take()


class TestMending:
    def test_the_raw_motion_comes_back(self, head, motion):
        take, _ = add_take(head, motion)
        before = curves_of(head, take)
        fcurves_of(head, take)[BLINK].keyframe_points[3].co.y = 4.0
        assert bpy.ops.artalk.restore_take() == {"FINISHED"}
        assert all((before[name] == places).all() for name, places in curves_of(head, take).items())

    def test_all_takes_are_retimed(self, scene, head, motion):
        for rate in (24.0, 30.0, 24.0):
            add_take(head, motion, rate=rate)
        scene.render.fps = 30
        assert bpy.ops.artalk.retime_takes() == {"FINISHED"}
        assert notices.shown().text.startswith("Placed 2 takes anew")
        assert {take_details(take).rate_hz for take in own_takes()} == {30.0}
        assert "All takes lie" in reasons.no_retiming(bpy.context)

    def test_keys_go_onto_whole_frames(self, head, motion):
        take, _ = add_take(head, motion, start=1.3)
        assert bpy.ops.artalk.whole_frames(on_whole_frames=True) == {"FINISHED"}
        frames = curves_of(head, take)[BLINK][:, 0]
        np.testing.assert_array_equal(frames, np.round(frames))

    @pytest.mark.skipif(not sound.can_play_sound(), reason="this build of Blender has no sound library")
    def test_a_take_follows_its_strip(self, scene, head, motion, sound_file):
        take, _ = add_take(head, motion, rate=24.0, speech=Speech(str(sound_file())))
        strip = place_sound(scene, take)
        assert "lies where the take begins" in reasons.no_following(bpy.context)
        name = "content_start" if hasattr(strip, "content_start") else "frame_start"
        setattr(strip, name, 31)
        assert reasons.no_following(bpy.context) == ""
        assert bpy.ops.artalk.follow_strip() == {"FINISHED"}
        assert (take_details(take).start, strip_shift(scene, take)) == (31.0, 0.0)

    def test_a_sound_is_packed_on_request(self, head, motion, sound_file):
        take, _ = add_take(head, motion, speech=Speech(str(sound_file())))
        assert bpy.ops.artalk.pack_sound() == {"FINISHED"}
        assert sound.sound_of(take).packed_file is not None
        assert reasons.no_packing(bpy.context) == "The sound is packed"

    def test_a_sound_that_is_gone_cannot_be_packed(self, head, motion, tmp_path):
        add_take(head, motion, speech=Speech(str(tmp_path / "gone.wav")))
        with pytest.raises(RuntimeError, match=r"gone\.wav is missing"):
            bpy.ops.artalk.pack_sound()

    def test_a_passage_is_punched_in(self, head, two, motion):
        first, second = two
        assert bpy.ops.artalk.punch_in(source=first.name, first=10, last=30, fade=3) == {"FINISHED"}
        values = curves_of(head, second)[BLINK]
        np.testing.assert_allclose(values[values[:, 0] == 20, 1], motion[19, 18], atol=1e-5)
        with pytest.raises(RuntimeError, match="do not fit"):
            bpy.ops.artalk.punch_in(source="RAW", first=10, last=30, fade=30)


COMMANDS = [
    ("duplicate_take", {}),
    ("delete_take", {}),
    ("push_take", {}),
    ("whole_frames", {}),
    ("punch_in", {"first": 10, "last": 30, "fade": 3}),
    ("retime_takes", {}),
    ("show_take", {"take": "Head · take 1"}),
]


@pytest.mark.parametrize(("command", "options"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_is_one_step_back(scene, head, two, command, options):
    scene.render.fps = 30
    fcurves_of(head, two[1])[BLINK].keyframe_points[15].co.y = 3.0
    bpy.ops.ed.undo_push(message="before")
    before = state()[1:]
    getattr(bpy.ops.artalk, command)("EXEC_DEFAULT", True, **options)
    assert state()[1:] != before or command == "show_take"
    bpy.ops.ed.undo()
    assert state()[1:] == before
    assert current_take(parts_now().rig).name == "Head · take 2"


class TestBadInput:
    """One sentence, and nothing changed."""

    CHANGES = ("duplicate_take", "delete_take", "push_take", "whole_frames", "restore_take", "punch_in")

    def refused(self, match, commands=CHANGES):
        before = state()
        for command in commands:
            with pytest.raises(RuntimeError, match=match):
                getattr(bpy.ops.artalk, command)()
        assert state() == before

    def test_a_take_of_another_head(self, scene, head, two):
        bpy.ops.artalk.create_head()
        for command in ("show_take", "delete_take", "duplicate_take"):
            with pytest.raises(RuntimeError, match=r"has no takes yet|made for another head"):
                getattr(bpy.ops.artalk, command)(take=two[0].name)
        assert current_take(scene.artalk.rig) is None
        assert len(takes_of(head.rig_id)) == 2

    def test_a_take_that_was_deleted(self, head, two):
        name = two[0].name
        bpy.data.actions.remove(two[0])
        with pytest.raises(RuntimeError, match="There is no take 'Head · take 1'"):
            bpy.ops.artalk.show_take(take=name)

    def test_a_face_that_was_deleted(self, head, two):
        if actions.HAS_SLOTS:
            pytest.skip("from 4.4 on a take is one Action")
        bpy.data.actions.remove(two[1][FACE_ACTION])
        with pytest.raises(RuntimeError, match="lost the Action of its face"):
            bpy.ops.artalk.whole_frames()
        assert bpy.ops.artalk.delete_take() == {"FINISHED"}

    def test_a_motion_that_is_damaged(self, head, two):
        del two[1][MOTION]
        self.refused("no readable motion", ("push_take", "whole_frames", "restore_take", "punch_in"))
        assert bpy.ops.artalk.show_take(take=two[0].name) == {"FINISHED"}
        assert bpy.ops.artalk.show_take(take=two[1].name) == {"FINISHED"}

    @pytest.mark.parametrize("how", ["renamed", "deleted"])
    def test_shape_keys_that_are_gone(self, head, two, how):
        key = head.keys.key_blocks["blink_l"]
        if how == "renamed":
            key.name = "my blink"
        else:
            head.surface.shape_key_remove(key)
        for command in self.CHANGES:
            with pytest.raises(RuntimeError, match="lacks 'blink_l'"):
                getattr(bpy.ops.artalk, command)()
        assert len(bpy.data.actions) == (2 if actions.HAS_SLOTS else 4)

    def test_an_armature_in_edit_mode(self, head, two):
        bpy.context.view_layer.objects.active = head.rig
        bpy.ops.object.mode_set(mode="EDIT")
        try:
            self.refused("Leave Edit Mode of 'Head' first", (*self.CHANGES, "compare_takes", "generate"))
        finally:
            bpy.ops.object.mode_set(mode="OBJECT")

    def test_a_hidden_head_is_as_good_as_any(self, head, two):
        for thing in (head.rig, head.surface):
            thing.hide_set(True)
            thing.hide_viewport = True
        for command in ("show_take", "duplicate_take", "whole_frames"):
            assert getattr(bpy.ops.artalk, command)() == {"FINISHED"}

    def test_a_locked_track_in_tweak_mode_is_left_and_stays(self, head, motion):
        walk = bpy.data.actions.new("walk")
        actions.assign(head.rig, walk)
        head.rig.keyframe_insert("location", frame=1)
        take, _ = add_take(head, motion)
        data = head.rig.animation_data
        data.nla_tracks[0].strips[0].select = True
        data.nla_tracks.active = data.nla_tracks[0]
        data.use_tweak_mode = True
        data.nla_tracks[0].lock = True
        assert bpy.ops.artalk.show_take(take=take.name) == {"FINISHED"}
        assert current_take(head.rig) == take
        assert [strip.action for track in data.nla_tracks for strip in track.strips] == [walk]

    def test_a_head_that_is_linked(self, scene, head, two, tmp_path):
        path = str(tmp_path / "library.blend")
        bpy.data.libraries.write(path, {head.rig, head.surface})
        bpy.ops.wm.read_factory_settings(use_empty=True)
        with bpy.data.libraries.load(path, link=True) as (_, wanted):
            wanted.objects = ["Head"]
        bpy.context.scene.artalk.rig = wanted.objects[0]
        for command in self.CHANGES:
            with pytest.raises(RuntimeError, match="linked from another file"):
                getattr(bpy.ops.artalk, command)()


class TestLinkedTakes:
    @pytest.fixture
    def override(self, head, motion, tmp_path):
        """A head from a library, with the take that it had there."""
        add_take(head, motion)
        path = str(tmp_path / "library.blend")
        collection = bpy.data.collections.new("character")
        for thing in (head.rig, head.surface):
            collection.objects.link(thing)
        bpy.data.libraries.write(path, {collection})
        bpy.ops.wm.read_factory_settings(use_empty=True)
        with bpy.data.libraries.load(path, link=True) as (_, wanted):
            wanted.collections = ["character"]
        scene, layer = bpy.context.scene, bpy.context.view_layer
        made = wanted.collections[0].override_hierarchy_create(scene, layer, do_fully_editable=True)
        scene.artalk.rig = made.objects["Head"]
        return rig_parts(scene.artalk.rig)

    def test_a_linked_take_is_whole_and_is_not_written(self, override, motion):
        (take,) = own_takes()
        assert take.library is not None
        np.testing.assert_array_equal(take_motion(take), motion)
        for command in ("delete_take", "whole_frames", "restore_take"):
            with pytest.raises(RuntimeError, match="linked from another file"):
                getattr(bpy.ops.artalk, command)()

    def test_its_copy_can_be_changed_pushed_and_deleted(self, override, motion):
        (linked,) = own_takes()
        assert bpy.ops.artalk.duplicate_take() == {"FINISHED"}
        copy = current_take(override.rig)
        assert copy.library is None
        assert bpy.ops.artalk.whole_frames() == {"FINISHED"}
        assert bpy.ops.artalk.push_take() == {"FINISHED"}
        bpy.ops.artalk.show_take(take=copy.name)
        assert bpy.ops.artalk.delete_take() == {"FINISHED"}
        assert own_takes() == [linked]


def test_a_take_s_settings_go_back_into_the_panel(scene, head, motion):
    speech = Speech("/a.wav", "happy", 7, 0.5, 2.0, True, "", 0.4, 1.5, "left")
    add_take(head, motion, start=12.5, speech=speech)
    assert bpy.ops.artalk.reuse_settings() == {"FINISHED"}
    settings = scene.artalk
    assert (settings.sound, settings.style, settings.seed, settings.fix_pose) == ("/a.wav", "happy", 7, True)
    values = (settings.start_s, settings.end_s, settings.temperature, settings.style_strength, settings.start_frame)
    np.testing.assert_allclose(values, (0.5, 2.0, 0.4, 1.5, 12.5), rtol=1e-6)
    assert settings.channel == "left"


def test_a_take_is_generated_again_with_its_own_settings(scene, head, ask):
    ask()
    scene.artalk.seed, scene.artalk.temperature, scene.artalk.start_frame = 5, 0.25, 9.5
    bpy.ops.artalk.generate()
    scene.artalk.seed, scene.artalk.sound, scene.artalk.start_frame = 99, "", 1.0
    assert bpy.ops.artalk.regenerate_take() == {"FINISHED"}
    assert bpy.ops.artalk.regenerate_take(has_other_seed=True) == {"FINISHED"}
    first, second, third = map(take_details, own_takes())
    assert first.speech == second.speech
    assert (second.start, third.start) == (9.5, 9.5)
    assert (first.speech.seed, third.speech.seed) == (5, 6)
