// A head from a glTF file, to be turned while it speaks.
//
// It reads what the engine writes: one mesh with colours, morph targets and a skin, and one animation. Morphs are added
// up here, where most of them move few vertices; joints turn the vertices on the graphics card.
"use strict";

const TYPES = { 5126: Float32Array, 5125: Uint32Array, 5123: Uint16Array, 5121: Uint8Array };
const WIDTHS = { SCALAR: 1, VEC3: 3, VEC4: 4, MAT4: 16 };
const VERTEX = `
  attribute vec3 position, normal, colour;
  attribute vec4 joints, weights;
  uniform mat4 bones[8], view;
  varying vec3 at, facing, tint;
  void main() {
    mat4 bone = mat4(0.0);
    for (int k = 0; k < 4; k++) bone += weights[k] * bones[int(joints[k] + 0.5)];
    vec4 place = bone * vec4(position, 1.0);
    at = place.xyz / place.w;
    facing = mat3(bone[0].xyz, bone[1].xyz, bone[2].xyz) * normal;
    tint = colour;
    gl_Position = view * vec4(at, 1.0);
  }`;
const FRAGMENT = `
  precision highp float;
  varying vec3 at, facing, tint;
  uniform vec3 eye;
  void main() {
    vec3 n = normalize(gl_FrontFacing ? facing : -facing), v = normalize(eye - at);
    vec3 key = normalize(eye + vec3(0.0, 1.0, 0.0) - at), rim = normalize(vec3(-0.6, 0.5, -0.4));
    float shine = pow(max(dot(n, normalize(key + v)), 0.0), 24.0);
    vec3 light = vec3(0.30 + 0.12 * n.y) + 0.62 * max(dot(n, key), 0.0) + 0.18 * max(dot(n, rim), 0.0);
    vec3 linear = tint * light + 0.06 * shine;
    gl_FragColor = vec4(pow(clamp(linear, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
  }`;

class Head {
  constructor(file) {
    const words = new DataView(file), length = words.getUint32(12, true);
    this.scene = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 20, length)));
    this.file = file;
    this.binary = 28 + length;
    const primitive = this.scene.meshes[0].primitives[0], attributes = primitive.attributes;
    this.rest = { position: this.array(attributes.POSITION), normal: this.array(attributes.NORMAL) };
    this.position = this.rest.position.slice();
    this.normal = this.rest.normal.slice();
    this.colour = this.array(attributes.COLOR_0);
    this.joints = Float32Array.from(this.array(attributes.JOINTS_0));
    this.weights = this.array(attributes.WEIGHTS_0);
    this.faces = this.array(primitive.indices);
    this.morphs = primitive.targets.map((target) => ({
      position: this.offsets(target.POSITION), normal: this.offsets(target.NORMAL),
    }));
    this.binds = this.array(this.scene.skins[0].inverseBindMatrices);
    this.readAnimation();
  }

  view(number, Type, count) {
    const view = this.scene.bufferViews[number];
    return new Type(this.file.slice(this.binary + view.byteOffset, this.binary + view.byteOffset + view.byteLength), 0, count);
  }

  array(number) {
    const accessor = this.scene.accessors[number], size = accessor.count * WIDTHS[accessor.type];
    return this.view(accessor.bufferView, TYPES[accessor.componentType], size);
  }

  /** What a morph adds: rows and, for each, three numbers. */
  offsets(number) {
    const { sparse, bufferView, count } = this.scene.accessors[number];
    if (bufferView !== undefined) return { rows: Uint32Array.from({ length: count }, (_, k) => k), values: this.array(number) };
    if (!sparse) return { rows: new Uint32Array(0), values: new Float32Array(0) };
    return {
      rows: this.view(sparse.indices.bufferView, TYPES[sparse.indices.componentType], sparse.count),
      values: this.view(sparse.values.bufferView, Float32Array, 3 * sparse.count),
    };
  }

  readAnimation() {
    const animation = this.scene.animations[0];
    this.times = this.array(animation.samplers[0].input);
    this.tracks = animation.channels.map(({ sampler, target }) => ({
      node: target.node, path: target.path, values: this.array(animation.samplers[sampler].output),
    }));
    this.duration = this.times[this.times.length - 1] + 1 / 25;
  }

  /** Put the head into the pose of a moment; return what its joints do, as matrices. */
  pose(seconds) {
    const count = this.times.length, rate = count > 1 ? 1 / (this.times[1] - this.times[0]) : 25;
    const place = Math.min(Math.max(seconds * rate, 0), count - 1), first = Math.min(Math.floor(place), Math.max(count - 2, 0));
    const share = count > 1 ? place - first : 0, second = Math.min(first + 1, count - 1);
    const nodes = this.scene.nodes.map((node) => ({ ...node }));
    for (const { node, path, values } of this.tracks) {
      const width = values.length / count, mixed = new Float32Array(width);
      for (let k = 0; k < width; k++) mixed[k] = (1 - share) * values[first * width + k] + share * values[second * width + k];
      if (path === "weights") this.morph(mixed);
      else nodes[node][path] = mixed;
    }
    return this.bones(nodes);
  }

  morph(weights) {
    for (const kind of ["position", "normal"]) {
      const made = this[kind];
      made.set(this.rest[kind]);
      this.morphs.forEach((morph, number) => {
        const weight = weights[number], { rows, values } = morph[kind];
        if (weight === 0) return;
        for (let k = 0; k < rows.length; k++) {
          const row = 3 * rows[k];
          made[row] += weight * values[3 * k];
          made[row + 1] += weight * values[3 * k + 1];
          made[row + 2] += weight * values[3 * k + 2];
        }
      });
    }
  }

  bones(nodes) {
    const places = new Map(), parents = new Map();
    nodes.forEach((node, number) => (node.children || []).forEach((child) => parents.set(child, number)));
    const placed = (number) => {
      if (!places.has(number)) {
        const own = transform(nodes[number].translation || [0, 0, 0], nodes[number].rotation || [0, 0, 0, 1]);
        places.set(number, parents.has(number) ? multiply(placed(parents.get(number)), own) : own);
      }
      return places.get(number);
    };
    const joints = this.scene.skins[0].joints, bones = new Float32Array(16 * 8);
    joints.forEach((joint, k) => bones.set(multiply(placed(joint), this.binds.subarray(16 * k, 16 * k + 16)), 16 * k));
    return bones;
  }
}

// Matrices are written column by column, as both glTF and WebGL have them.
function multiply(a, b) {
  const made = new Float32Array(16);
  for (let column = 0; column < 4; column++)
    for (let row = 0; row < 4; row++)
      for (let k = 0; k < 4; k++) made[4 * column + row] += a[4 * k + row] * b[4 * column + k];
  return made;
}

function transform([tx, ty, tz], turn) {
  const [x, y, z, w] = turn.map((value) => value / Math.hypot(...turn));
  return new Float32Array([
    1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w), 0,
    2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w), 0,
    2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y), 0, tx, ty, tz, 1]);
}

function lookAt(eye, aim, aspect) {
  const minus = (a, b) => a.map((value, k) => value - b[k]), unit = (a) => a.map((value) => value / Math.hypot(...a));
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const back = unit(minus(eye, aim)), right = unit(cross([0, 1, 0], back)), up = cross(back, right);
  const view = new Float32Array([right[0], up[0], back[0], 0, right[1], up[1], back[1], 0, right[2], up[2], back[2], 0,
    -dot(right, eye), -dot(up, eye), -dot(back, eye), 1]);
  const lens = 5.6 * Math.min(1, aspect), near = 0.05, far = 20;
  return multiply(new Float32Array([lens / aspect, 0, 0, 0, 0, lens, 0, 0, 0, 0, (far + near) / (near - far), -1,
    0, 0, (2 * far * near) / (near - far), 0]), view);
}

class Stage {
  constructor(canvas, head) {
    this.canvas = canvas;
    this.head = head;
    this.turn = 0.35; this.tilt = 0.05; this.distance = 0.95;
    const gl = (this.gl = canvas.getContext("webgl", { antialias: true, alpha: true }));
    if (!gl || !gl.getExtension("OES_element_index_uint")) throw new Error("no WebGL");
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.place = (name) => gl.getUniformLocation(program, name);
    this.buffers = {};
    for (const [name, width] of [["position", 3], ["normal", 3], ["colour", 3], ["joints", 4], ["weights", 4]]) {
      this.buffers[name] = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.bufferData(gl.ARRAY_BUFFER, head[name], gl.DYNAMIC_DRAW);
      const number = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(number);
      gl.vertexAttribPointer(number, width, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, head.faces, gl.STATIC_DRAW);
    gl.enable(gl.DEPTH_TEST);
    const [x, y, z] = [0, 1, 2].map((axis) => {
      const { min, max } = head.scene.accessors[head.scene.meshes[0].primitives[0].attributes.POSITION];
      return (min[axis] + max[axis]) / 2;
    });
    this.aim = [x, y, z];
  }

  draw(seconds) {
    const { gl, canvas, head } = this, ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    const wanted = [seconds, this.turn, this.tilt, this.distance, width, height].join();
    if (wanted === this.drawn) return;  // a head that stands still costs nothing
    this.drawn = wanted;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix4fv(this.place("bones"), false, head.pose(seconds));
    for (const kind of ["position", "normal"]) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[kind]);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, head[kind]);
    }
    const flat = this.distance * Math.cos(this.tilt);
    const eye = [this.aim[0] + flat * Math.sin(this.turn), this.aim[1] + this.distance * Math.sin(this.tilt),
      this.aim[2] + flat * Math.cos(this.turn)];
    gl.uniform3fv(this.place("eye"), eye);
    gl.uniformMatrix4fv(this.place("view"), false, lookAt(eye, this.aim, width / Math.max(height, 1)));
    gl.drawElements(gl.TRIANGLES, head.faces.length, gl.UNSIGNED_INT, 0);
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      this.turn -= 0.008 * event.movementX;
      this.tilt = Math.min(1.4, Math.max(-1.4, this.tilt + 0.008 * event.movementY));
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.distance = Math.min(4, Math.max(0.35, this.distance * Math.exp(0.001 * event.deltaY)));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      this.turn += { ArrowLeft: 0.1, ArrowRight: -0.1 }[event.key] || 0;
    });
    canvas.addEventListener("dblclick", () => { this.turn = this.tilt = 0; this.distance = 0.95; });
  }
}

async function main() {
  const find = (name) => document.getElementById(name);
  const note = find("note"), play = find("play"), seek = find("seek"), sound = new Audio("sound");
  try {
    const outer = parent.document.body.classList.contains("dark");
    document.body.classList.toggle("dark", outer);
  } catch (problem) { /* another origin shows this page */ }
  const answer = await fetch("head.glb");
  if (!answer.ok) throw new Error("This head is gone; make the film again.");
  const head = new Head(await answer.arrayBuffer());
  let stage;
  try { stage = new Stage(find("canvas"), head); } catch (problem) {
    throw new Error("This browser shows nothing in three dimensions (WebGL is off); the file can be downloaded.");
  }
  stage.listen();
  note.remove();
  seek.max = head.duration;
  let place = 0, last = performance.now(), isPlaying = false, isHeard = true;
  sound.addEventListener("error", () => { isHeard = false; });
  const show = () => { play.textContent = isPlaying ? "❚❚" : "▶"; play.ariaLabel = isPlaying ? "Pause" : "Play"; };
  play.addEventListener("click", () => {
    isPlaying = !isPlaying;
    if (place >= head.duration - 0.05) place = 0;
    sound.currentTime = place;
    if (isPlaying) sound.play().catch(() => { isHeard = false; });
    else sound.pause();
    show();
  });
  seek.addEventListener("input", () => { place = sound.currentTime = Number(seek.value); });
  const step = (time) => {
    if (isPlaying) {
      place = isHeard && !sound.ended ? sound.currentTime : place + Math.min(0.1, (time - last) / 1000);
      if (place >= head.duration) { isPlaying = false; sound.pause(); show(); }
      seek.value = place;
    }
    last = time;
    stage.draw(place);
    find("canvas").dataset.shown = place.toFixed(2);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

main().catch((problem) => { document.getElementById("note").textContent = problem.message; });
