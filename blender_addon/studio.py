# SPDX-License-Identifier: GPL-3.0-or-later
"""A portrait studio for a head: camera, three soft lights, a backdrop, and render settings that suit a CPU.

Everything lives in the collection "ARTalk Studio" of the scene and is set again, in place, by a second call; other
objects are left alone. Sizes and places follow the head, so a foreign or a moved head is framed and lit the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .rig.shader_graph import ShaderGraph

NAME = "ARTalk Studio"
PROPERTY = "artalk_studio"  # on what belongs to a studio, so that it is found again whatever its name
LENS_MM, SENSOR_MM = 90.0, 36.0
HEAD_HEIGHT = 0.245  # metres: the head that places and powers below are meant for
FRAME_SHARE = 1.04  # height of the picture at the head, as a share of the head's height
FRAME_RAISE = 0.075  # how far the picture's middle lies above the head's, so that the neck's rim is cut off
BACKDROP_MIDDLE, BACKDROP_EDGE = (0.20, 0.25, 0.29), (0.045, 0.058, 0.075)
AMBIENT, AMBIENT_STRENGTH = (0.62, 0.72, 0.85), 0.22
STILL_SIZE, STILL_SAMPLES = 720, 20
PREVIEW_SIZE, PREVIEW_SAMPLES = 400, 2


@dataclass(frozen=True)
class Lamp:
    """A round area light for a head of `HEAD_HEIGHT`.

    Attributes:
        name: of the object.
        place: metres to the head's left, above and in front of its middle.
        diameter: metres.
        watts: power.
        colour: linear.
    """

    name: str
    place: tuple[float, float, float]
    diameter: float
    watts: float
    colour: tuple[float, float, float]


LAMPS = (
    Lamp("Key", (-0.55, 0.50, 0.85), 0.45, 13.0, (1.0, 0.93, 0.86)),
    Lamp("Fill", (0.80, 0.05, 0.80), 0.80, 4.0, (0.84, 0.92, 1.0)),
    Lamp("Rim", (0.50, 0.45, -0.70), 0.40, 7.0, (1.0, 0.93, 0.84)),
)


@dataclass(frozen=True)
class Stage:
    """Where the head is: its middle, its axes (left, up, front) as columns, its height in metres."""

    middle: Vector
    axes: Matrix
    height: float

    def place(self, left: float, up: float, front: float) -> Vector:
        """Return the place that lies some of the head's heights away from its middle, in the world."""
        return self.middle + self.axes @ (Vector((left, up, front)) * self.height)


def set_up_studio(scene: bpy.types.Scene, rig: bpy.types.Object, *, for_preview: bool = False) -> None:
    """Frame and light a head, and choose render settings.

    Args:
        scene: gets the studio's collection, camera, world and render settings.
        rig: the armature object of a head; its mesh children are framed as they are at rest.
        for_preview: choose `preview_settings` rather than `still_settings`.
    """
    for layer in scene.view_layers:
        layer.update()  # the rig may have been moved a moment ago
    stage = stage_of(rig)
    collection = studio_collection(scene)
    scene.camera = camera(collection, stage)
    for lamp in LAMPS:
        set_lamp(collection, lamp, stage)
    set_world(scene)
    (preview_settings if for_preview else still_settings)(scene)


def still_settings(scene: bpy.types.Scene) -> None:
    """Choose Cycles settings for a still: about fifteen seconds on two CPU cores."""
    common_settings(scene, STILL_SIZE, STILL_SAMPLES)
    set_denoising(scene, "HIGH", "RGB_ALBEDO_NORMAL")


def preview_settings(scene: bpy.types.Scene) -> None:
    """Choose Cycles settings for a film: about half a second a frame on two CPU cores.

    Two samples and a fast denoiser without its guiding passes, which would cost twice as much. What does not move
    is kept between frames, and the noise stays the same from frame to frame, so that it does not flicker.
    """
    common_settings(scene, PREVIEW_SIZE, PREVIEW_SAMPLES)
    set_denoising(scene, "FAST", "RGB")


def common_settings(scene: bpy.types.Scene, size: int, samples: int) -> None:
    """Choose what stills and films share; the device is left as the user has it."""
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.render.use_persistent_data = True
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = False  # costs more than it saves at so few samples
    scene.cycles.use_animated_seed = False
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces, scene.cycles.glossy_bounces = 4, 3, 2
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_settings.exposure = 0.0


def set_denoising(scene: bpy.types.Scene, quality: str, passes: str) -> None:
    """Denoise on the CPU, guided by some of Cycles's passes."""
    scene.cycles.use_denoising = True
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.denoising_quality = quality
    scene.cycles.denoising_input_passes = passes


def stage_of(rig: bpy.types.Object) -> Stage:
    """Measure the rig's meshes at rest, wherever and however turned it stands."""
    matrix = rig.matrix_world
    corners = [rest_corners(child) for child in rig.children_recursive if child.type == "MESH"]
    points = np.concatenate(corners or [np.zeros((1, 3))])  # in the rig's own axes: Y up, face to +Z
    low, high = points.min(axis=0), points.max(axis=0)
    axes = matrix.to_quaternion().to_matrix()
    height = float(high[1] - low[1]) * matrix.to_scale().y
    return Stage(matrix @ Vector((low + high) / 2.0), axes, height or HEAD_HEIGHT)


def rest_corners(surface: bpy.types.Object) -> np.ndarray:
    """Return the least and greatest corner ``[2, 3]`` of a mesh's rest shape, in its parent's axes."""
    places = np.empty(3 * len(surface.data.vertices), dtype=np.float32)
    surface.data.vertices.foreach_get("co", places)
    points = places.reshape(-1, 3) @ np.array(surface.matrix_local.to_3x3()).T + np.array(
        surface.matrix_local.translation
    )
    return np.stack([points.min(axis=0), points.max(axis=0)])


def studio_collection(scene: bpy.types.Scene) -> bpy.types.Collection:
    """Find the scene's studio, or add an empty one."""
    for collection in scene.collection.children:
        if PROPERTY in collection:
            return collection
    collection = bpy.data.collections.new(NAME)
    collection[PROPERTY] = NAME
    scene.collection.children.link(collection)
    return collection


def studio_object(
    collection: bpy.types.Collection, name: str, make_data: Callable[[], bpy.types.ID]
) -> bpy.types.Object:
    """Find one of a studio's objects by what it is for, or add it."""
    for thing in collection.objects:
        if thing.get(PROPERTY) == name:
            return thing
    thing = bpy.data.objects.new(f"{NAME} {name.lower()}", make_data())
    thing[PROPERTY] = name
    collection.objects.link(thing)
    return thing


def camera(collection: bpy.types.Collection, stage: Stage) -> bpy.types.Object:
    """Place the camera in front of the head, level, with the neck's rim just out of the picture."""
    thing = studio_object(collection, "Camera", lambda: bpy.data.cameras.new(f"{NAME} camera"))
    thing.data.lens, thing.data.sensor_width, thing.data.sensor_fit = LENS_MM, SENSOR_MM, "VERTICAL"
    thing.data.sensor_height = SENSOR_MM
    away = FRAME_SHARE * LENS_MM / SENSOR_MM
    target = stage.place(0.0, FRAME_RAISE, 0.0)
    look_at(thing, stage.place(0.0, FRAME_RAISE, away), target, stage)
    thing.data.clip_start, thing.data.clip_end = 0.01 * stage.height, 1000.0 * stage.height
    return thing


def set_lamp(collection: bpy.types.Collection, lamp: Lamp, stage: Stage) -> None:
    """Place and tune one light; its power follows the square of the head's size."""
    scale = stage.height / HEAD_HEIGHT
    thing = studio_object(collection, lamp.name, lambda: bpy.data.lights.new(f"{NAME} {lamp.name.lower()}", "AREA"))
    thing.data.shape, thing.data.size = "DISK", lamp.diameter * scale
    thing.data.energy, thing.data.color = lamp.watts * scale**2, lamp.colour
    thing.visible_camera = False
    look_at(thing, stage.place(*(x / HEAD_HEIGHT for x in lamp.place)), stage.middle, stage)


def look_at(thing: bpy.types.Object, place: Vector, target: Vector, stage: Stage) -> None:
    """Put a camera or a light in a place and turn it to a target, upright as the head is."""
    back = (place - target).normalized()
    up = stage.axes.col[1]
    side = up.cross(back).normalized()
    turn = Matrix((side, back.cross(side), back)).transposed()
    thing.matrix_world = Matrix.Translation(place) @ turn.to_4x4()


def set_world(scene: bpy.types.Scene) -> None:
    """Give the scene the studio's world; a world that it had stays in the file."""
    world = scene.world
    if world is None or PROPERTY not in world:
        if world is not None:
            world.use_fake_user = True
        world = next((other for other in bpy.data.worlds if PROPERTY in other), None) or bpy.data.worlds.new(NAME)
        world[PROPERTY] = NAME
        scene.world = world
    if bpy.app.version < (5, 0, 0):  # later versions always have nodes, and warn
        world.use_nodes = True
    draw_backdrop(world.node_tree)


def draw_backdrop(tree: bpy.types.ShaderNodeTree) -> None:
    """Show the camera a soft spot of light, and everything else an even sky."""
    tree.nodes.clear()
    graph = ShaderGraph(tree)
    window = graph.node("ShaderNodeTexCoord").outputs["Window"]
    distance = graph.vector_math("DISTANCE", window, (0.5, 0.52, 0.0), output="Value")
    spot = graph.mix(graph.ramp(distance, 0.05, 0.78), BACKDROP_MIDDLE, BACKDROP_EDGE)
    is_seen = graph.node("ShaderNodeLightPath").outputs["Is Camera Ray"]
    colour = graph.mix(is_seen, AMBIENT, spot)
    strength = graph.math("MULTIPLY_ADD", is_seen, 1.0 - AMBIENT_STRENGTH, AMBIENT_STRENGTH)
    background = graph.node("ShaderNodeBackground", Color=colour, Strength=strength)
    output = graph.node("ShaderNodeOutputWorld")
    graph.feed(output.inputs["Surface"], background.outputs["Background"])
