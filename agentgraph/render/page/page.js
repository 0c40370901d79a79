"use strict";
// The page around a picture: look around, search, fold, replay. Plain script, no library.
// What a graph or a run says is only ever made text (`textContent`), never markup.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/** Make an element: its properties, then its children; a text becomes a text node. */
function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

// ---- What is shown now

const page = { state: 0, picked: "", run: -1, step: 0, hits: [], timer: 0 };
data.states[0].svg = $("sheet").innerHTML;
let elements = new Map(); // path -> element of the picture
let undos = new Map(); // path -> what is drawn for the undo of it: a figure and a line
let lines = []; // number of a way -> element, null where it is not drawn
const numberOf = new Map(data.ways.map((way, number) => [keyOf(way.source, way.target, way.label), number]));

function keyOf(source, target, label) {
  return JSON.stringify([source, target, label]);
}

/** The vertex that stands for `path` in this picture: itself, or the closed frame around it. */
function standing(path) {
  while (path && !elements.has(path)) path = data.vertices[path] ? data.vertices[path].inside : "";
  return path;
}

/** Put up the picture in which these frames are closed; false: there is none. */
function show(closed) {
  const wanted = JSON.stringify([...closed].sort());
  const found = data.states.findIndex((state) => JSON.stringify([...state.closed].sort()) === wanted);
  if (found < 0 || found === page.state) return found >= 0;
  page.state = found;
  const state = data.states[found];
  $("sheet").innerHTML = state.svg;
  index();
  return true;
}

function index() {
  const state = data.states[page.state];
  elements = new Map(Object.entries(state.vertices).map(([path, id]) => [path, $(id)]));
  undos = new Map(Object.entries(state.undos).map(([path, ids]) => [path, ids.map($)]));
  lines = data.ways.map(() => null);
  for (const [source, target, label, id] of state.ways) {
    const number = numberOf.get(keyOf(source, target, label));
    if (number !== undefined) lines[number] = $(id);
  }
  const svg = $("sheet").querySelector("svg");
  stage.width = svg.width.baseVal.value;
  stage.height = svg.height.baseVal.value;
  painted.clear();
  boxes.clear();
}

// ---- The stage: where the picture is, and how large

const stage = { x: 0, y: 0, scale: 1, width: 1, height: 1, painted: 0, frame: 0, rest: 0 };
const SCALE_MIN = 0.03;
const SCALE_MAX = 4;

/** Move by a transform alone: the browser then moves what it has painted already. */
function place() {
  if (stage.frame) return;
  stage.frame = requestAnimationFrame(() => {
    stage.frame = 0;
    $("sheet").style.transform = `translate(${stage.x}px,${stage.y}px) scale(${stage.scale})`;
    clearTimeout(stage.rest);
    stage.rest = setTimeout(sharpen, 160);
  });
}

/** At rest: let the browser paint again, so that the picture is sharp, and write what came near. */
function sharpen() {
  if (page.run >= 0) paint();
  if (stage.scale === stage.painted) return;
  stage.painted = stage.scale;
  $("sheet").classList.remove("moving");
  requestAnimationFrame(() => requestAnimationFrame(() => $("sheet").classList.add("moving")));
}

function zoom(factor, x = $("stage").clientWidth / 2, y = $("stage").clientHeight / 2) {
  const scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, stage.scale * factor));
  const real = scale / stage.scale;
  stage.x = x - (x - stage.x) * real;
  stage.y = y - (y - stage.y) * real;
  stage.scale = scale;
  place();
}

/** Show the whole picture; `readable` keeps a large one at a size that can be read. */
function fit(readable = false) {
  const { clientWidth: wide, clientHeight: high } = $("stage");
  const whole = Math.min((wide - 16) / stage.width, (high - 16) / stage.height, 1.25);
  const small = Math.max(0.45, Math.min(1, (wide - 16) / stage.width));
  stage.scale = readable && whole < 0.6 ? small : Math.max(SCALE_MIN, whole);
  stage.x = (wide - stage.width * stage.scale) / 2;
  stage.y = Math.max(8, (high - stage.height * stage.scale) / 2);
  if (readable && stage.scale > whole) {
    stage.y = 8;
    const first = elements.get("START");
    if (first && stage.width * stage.scale > wide) centre(first, false);
    stage.x = Math.min(stage.x, Math.max(8, (wide - stage.width * stage.scale) / 2));
    stage.y = 8;
  }
  place();
}

/** Bring an element to the middle, unless it can be seen well enough already. */
function centre(element, always = true) {
  const box = element.getBoundingClientRect();
  const view = $("stage").getBoundingClientRect();
  const shift = [stage.x, stage.y];
  const seen = new DOMMatrix(getComputedStyle($("sheet")).transform);
  const real = stage.scale / (seen.a || 1);
  const x = (box.left + box.width / 2 - view.left - seen.e) * real + stage.x;
  const y = (box.top + box.height / 2 - view.top - seen.f) * real + stage.y;
  const away = 40;
  const inside = x > away && y > away && x < view.width - away && y < view.height - away;
  if (inside && !always) return;
  stage.x = shift[0] + view.width / 2 - x;
  stage.y = shift[1] + view.height / 2 - y;
  place();
}

const fingers = new Map();
let travelled = 0;

function pressed(event) {
  if (event.button > 0) return;
  fingers.set(event.pointerId, event);
  travelled = 0;
}

function dragged(event) {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
  if (others.length) {
    const rect = $("stage").getBoundingClientRect();
    const apart = (finger) => Math.hypot(finger.clientX - others[0].clientX, finger.clientY - others[0].clientY);
    const x = (event.clientX + others[0].clientX) / 2 - rect.left;
    const y = (event.clientY + others[0].clientY) / 2 - rect.top;
    if (apart(before) > 0) zoom(apart(event) / apart(before), x, y);
  }
  const share = others.length ? 0.5 : 1;
  stage.x += (event.clientX - before.clientX) * share;
  stage.y += (event.clientY - before.clientY) * share;
  travelled += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  fingers.set(event.pointerId, event);
  if (travelled > 4 && !$("stage").classList.contains("dragged")) {
    $("stage").classList.add("dragged");
    // Not before it is a drag: a captured pointer would take the click from what lies under it.
    $("stage").setPointerCapture(event.pointerId);
  }
  place();
}

function released(event) {
  fingers.delete(event.pointerId);
  if (!fingers.size) $("stage").classList.remove("dragged");
}

function vertexAt(target) {
  const group = target.closest ? target.closest("#sheet .vertex") : null;
  if (!group) return "";
  for (const [path, element] of elements) if (element === group) return path;
  return "";
}

function stageReady() {
  const area = $("stage");
  area.addEventListener("pointerdown", pressed);
  area.addEventListener("pointermove", dragged);
  for (const name of ["pointerup", "pointercancel"]) area.addEventListener(name, released);
  area.addEventListener("click", (event) => {
    if (travelled <= 4) pick(vertexAt(event.target), { centred: false });
  });
  area.addEventListener("dblclick", (event) => {
    const path = vertexAt(event.target);
    if (data.frames.includes(path)) fold(path);
  });
  area.addEventListener("wheel", (event) => {
    event.preventDefault();
    const rect = area.getBoundingClientRect();
    const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    if (event.shiftKey) {
      stage.x -= event.deltaX || step;
      place();
    } else zoom(Math.exp(-step / 400), event.clientX - rect.left, event.clientY - rect.top);
  }, { passive: false });
}

// ---- Frames that are open or closed

function isClosed(path) {
  return data.states[page.state].closed.includes(path);
}

/** Close or open a frame. With many frames there are not all pictures: then the nearest is shown. */
function fold(path) {
  const closed = new Set(data.states[page.state].closed);
  const opens = closed.has(path);
  if (opens) {
    for (let at = path; at; at = data.vertices[at].inside) closed.delete(at);
  } else closed.add(path);
  if (!show(closed) && !show(opens ? data.frames.filter((frame) => frame !== path) : data.frames)) show([]);
  outline();
  again();
  const element = elements.get(standing(path));
  if (element) centre(element);
  link();
}

/** Mark again what is picked, found and replayed, on a picture that is new. */
function again() {
  search($("search").value, false);
  mark();
  if (page.run >= 0) paint();
}

function mark() {
  for (const [path, element] of elements) {
    element.classList.toggle("picked", path === standing(page.picked) && page.picked !== "");
    element.classList.toggle("hit", page.hits.includes(path));
  }
}

// ---- The outline

function outline() {
  const within = new Map();
  for (const [path, vertex] of Object.entries(data.vertices)) {
    if (vertex.kind === "start" || vertex.kind === "end") continue;
    if (!within.has(vertex.inside)) within.set(vertex.inside, []);
    within.get(vertex.inside).push(path);
  }
  const branch = (inside) => make("ul", {}, ...(within.get(inside) || []).map(item));
  const item = (path) => {
    const vertex = data.vertices[path];
    const row = make("div", { className: "row" });
    if (data.frames.includes(path)) {
      const toggle = make("button", { type: "button", textContent: isClosed(path) ? "\u25b8" : "\u25be" });
      toggle.setAttribute("aria-expanded", String(!isClosed(path)));
      toggle.setAttribute("aria-label", `${isClosed(path) ? "Open" : "Close"} ${vertex.name}`);
      toggle.addEventListener("click", () => {
        fold(path);
        const same = [...$("outline").querySelectorAll("[aria-expanded]")].find((one) => one.dataset.path === path);
        if (same) same.focus();
      });
      toggle.dataset.path = path;
      row.append(toggle);
    }
    const name = make("button", { type: "button", className: "name", textContent: vertex.name });
    name.title = `${vertex.kind} ${path}`;
    name.dataset.vertex = path;
    name.addEventListener("click", () => pick(path));
    row.append(name, make("span", { className: "count" }));
    const open = data.frames.includes(path) && !isClosed(path);
    return make("li", {}, row, open ? branch(path) : null);
  };
  $("outline").replaceChildren(branch(""));
  for (const name of $("outline").querySelectorAll(".name")) names.set(name.dataset.vertex, name);
}

const names = new Map(); // path -> its button in the outline

// ---- Search

function found(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return Object.entries(data.vertices).filter(([path, vertex]) => {
    const said = `${path} ${vertex.kind} ${vertex.doc} ${vertex.facts.join(" ")}`.toLowerCase();
    return words.every((word) => said.includes(word));
  }).map(([path]) => path);
}

let chosen = -1;

function search(text, opened = true) {
  const paths = found(text);
  page.hits = [...new Set(paths.map(standing))];
  mark();
  const list = $("hits");
  chosen = -1;
  $("search").removeAttribute("aria-activedescendant");
  const shown = opened && text.trim() !== "";
  list.hidden = !shown;
  $("search").setAttribute("aria-expanded", String(shown));
  if (!shown) return;
  list.replaceChildren(...paths.slice(0, 50).map((path, number) => {
    const kind = make("span", { className: "kind", textContent: data.vertices[path].kind });
    const row = make("li", { id: `hit-${number}` }, make("span", { textContent: path }), kind);
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    row.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      take(path);
    });
    return row;
  }));
  if (!paths.length) {
    const none = make("li", { textContent: "Nothing is called so." });
    none.setAttribute("role", "option");
    none.setAttribute("aria-disabled", "true");
    none.setAttribute("aria-selected", "false");
    list.append(none);
  }
}

function take(path) {
  closeHits();
  pick(path);
}

function closeHits() {
  $("hits").hidden = true;
  $("search").setAttribute("aria-expanded", "false");
}

function searchKey(event) {
  const rows = [...$("hits").querySelectorAll("li:not([aria-disabled])")];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (!rows.length) return;
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length;
    rows.forEach((row, number) => row.setAttribute("aria-selected", String(number === chosen)));
    rows[chosen].scrollIntoView({ block: "nearest" });
    $("search").setAttribute("aria-activedescendant", rows[chosen].id);
  } else if (event.key === "Enter" && rows.length && !$("hits").hidden) {
    take(rows[Math.max(chosen, 0)].firstChild.textContent);
  } else if (event.key === "Escape") {
    event.stopPropagation();
    if ($("hits").hidden) {
      $("search").value = "";
      search("", false);
      $("stage").focus();
    } else closeHits();
  }
}

// ---- Details of one vertex

function pick(path, { centred = true } = {}) {
  page.picked = path;
  for (const [name, button] of names) button.classList.toggle("picked", name === path);
  mark();
  detail();
  const element = elements.get(standing(path));
  if (element && centred) centre(element, false);
  link();
}

function detail() {
  const panel = $("detail");
  const vertex = data.vertices[page.picked];
  panel.hidden = !vertex;
  if (!vertex) return;
  const close = make("button", { type: "button", textContent: "\u2715", title: "Close (Esc)" });
  close.setAttribute("aria-label", "Close details");
  close.addEventListener("click", () => {
    pick("");
    $("stage").focus();
  });
  const title = make("div", {}, make("h2", { textContent: vertex.name }), make("span", { className: "kind", textContent: vertex.kind }));
  const parts = [make("div", { className: "top" }, title, close)];
  if (vertex.doc) parts.push(make("p", { className: "doc", textContent: vertex.doc }));
  const told = vertex.facts.map((fact) => (fact.includes(": ") ? fact.split(/: (.*)/s, 2) : ["limit", fact]));
  const facts = [["path", page.picked], ...told, ...happened(page.picked)];
  parts.push(make("dl", {}, ...facts.flatMap(([name, text]) => [make("dt", { textContent: name }), make("dd", { textContent: text })])));
  if (data.frames.includes(page.picked)) {
    const toggle = make("button", { type: "button", textContent: isClosed(page.picked) ? "Open it" : "Close it" });
    toggle.addEventListener("click", () => {
      fold(page.picked);
      detail();
    });
    parts.push(toggle);
  }
  parts.push(...neighbours("Comes from", "target", "source"), ...neighbours("Goes to", "source", "target"));
  panel.replaceChildren(...parts);
}

function neighbours(title, here, there) {
  const ways = data.ways.filter((way) => way[here] === page.picked && data.vertices[way[there]]);
  if (!ways.length) return [];
  const rows = ways.map((way) => {
    const label = way.label === null ? "" : ` (${way.label})`;
    const button = make("button", { type: "button", textContent: `${data.vertices[way[there]].name}${label}` });
    button.addEventListener("click", () => pick(way[there]));
    return make("li", {}, button);
  });
  return [make("h3", { textContent: title }), make("ul", {}, ...rows)];
}

/** What the run has shown of a vertex, up to the step that is shown. */
function happened(path) {
  if (page.run < 0) return [];
  const frame = folded(page.step);
  const spent = frame.spent.get(path) || { seconds: 0, tokens: 0, usd: 0 };
  const rows = [["visits", String(frame.visits.get(path) || 0)]];
  if (spent.seconds > 0) rows.push(["time", seconds(spent.seconds)]);
  if (spent.tokens) rows.push(["tokens", String(spent.tokens)]);
  if (spent.usd === null || spent.usd > 0) rows.push(["cost", spent.usd === null ? "unknown" : `${+spent.usd.toPrecision(4)} USD`]);
  if (frame.errors.has(path)) rows.push(["error", frame.errors.get(path)]);
  return rows;
}

function seconds(value) {
  if (value < 0.9995) return `${+(value * 1000).toPrecision(3)} ms`;
  if (value < 60) return `${+value.toPrecision(3)} s`;
  const whole = Math.round(value);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

// ---- Replay: what had happened by a step

const steps = () => data.runs[page.run].steps;
const KIND = 1, HOME = 2, NODE = 3, TOLD = 4, MOVES = 5;

let sum = { run: -1, count: 0 };

/** Add up the first `count` steps: from where the last sum ended, or from the beginning. */
function folded(count) {
  if (sum.run !== page.run || sum.count > count) {
    sum = { run: page.run, count: 0, active: new Map(), begun: new Map() };
    for (const name of ["visits", "ways", "standing", "spent", "errors", "undos", "undoing"]) sum[name] = new Map();
  }
  const { active, begun, count: first } = sum;
  const frame = sum;
  sum.count = count;
  const add = (map, key, more) => map.set(key, (map.get(key) || 0) + more);
  const used = (path) => {
    if (!frame.spent.has(path)) frame.spent.set(path, { seconds: 0, tokens: 0, usd: 0 });
    return frame.spent.get(path);
  };
  for (const [at, kind, home, node, told, moves] of steps().slice(first, count)) {
    const visit = `${node} ${told.visit} ${told.attempt}`;
    if (kind === "NodeStarted") {
      add(active, home, 1);
      begun.set(visit, at);
      frame.standing.set(home, "running");
    } else if (kind === "NodeDone" || kind === "NodeStopped" || kind === "NodeFailed") {
      if (begun.has(visit)) {
        add(active, home, -1);
        used(home).seconds += at - begun.get(visit);
        begun.delete(visit);
      }
      frame.standing.set(home, active.get(home) > 0 ? "running" : "");
      if (kind === "NodeFailed") {
        frame.standing.set(home, "failed");
        frame.errors.set(home, told.error);
      }
    } else if (kind.startsWith("Undo")) {
      if (kind === "UndoStarted") add(frame.undos, home, 1);
      if (kind === "UndoDone") frame.standing.set(home, "undone");
      frame.undoing.set(home, { UndoStarted: "running", UndoFailed: "failed" }[kind] || "");
    } else if (kind === "Asked") frame.standing.set(home, "waiting");
    else if (kind === "Decided" && home === node) frame.standing.set(home, "");
    else if (kind === "Charged") {
      used(home).tokens += told.tokens;
      used(home).usd = told.usd === null || used(home).usd === null ? null : used(home).usd + told.usd;
    }
    for (const [, number] of moves) {
      const way = data.ways[number];
      add(frame.ways, number, 1);
      if (way.kind === "then") add(frame.visits, way.source, -1);
      if (data.vertices[way.target] && data.vertices[way.target].kind !== "join") add(frame.visits, way.target, 1);
    }
  }
  return frame;
}

const painted = new Map(); // element -> what was painted on it, so that only what changes is touched
const boxes = new Map(); // element -> its box; read all at once, since each change makes reading dear

function measure() {
  if (boxes.size) return;
  for (const element of [...elements.values(), ...[...undos.values()].map(([figure]) => figure)]) {
    const shape = element.querySelector(":scope > .box, :scope > .frame");
    const moved = element.transform.baseVal.consolidate();
    if (shape) boxes.set(element, { box: shape.getBBox(), left: moved ? moved.matrix.e : 0, top: moved ? moved.matrix.f : 0 });
  }
}

/** Find what is in view or not far from it: laying out a text that nobody sees is dear. */
function near() {
  const { clientWidth: wide, clientHeight: high } = $("stage");
  return ({ box, left, top }) => {
    const x = (left + box.x) * stage.scale + stage.x;
    const y = (top + box.y) * stage.scale + stage.y;
    const reaches = (at, size, room) => at < 2 * room && at + size * stage.scale > -room;
    return reaches(x, box.width, wide) && reaches(y, box.height, high);
  };
}

/** Paint the picture as it stood after the step that is shown. */
function paint() {
  const frame = folded(page.step);
  const step = steps()[page.step - 1];
  const here = standing(step[HOME]);
  const visits = gathered(frame.visits);
  const passed = new Set([...frame.ways.keys()].flatMap((number) => [data.ways[number].source, data.ways[number].target]));
  const states = new Map();
  measure();
  const isNear = near();
  for (const [path, state] of frame.standing) {
    const at = standing(path);
    if (state && (!states.get(at) || state === "failed")) states.set(at, state);
  }
  for (const [path, element] of elements) {
    const kind = data.vertices[path].kind;
    const quiet = kind === "start" || kind === "end" || kind === "join" || kind === "gateway";
    const count = visits.get(path) || 0;
    const seen = quiet ? passed.has(path) : count > 0;
    const place = boxes.get(element);
    const told = place && isNear(place) ? count : (painted.get(element) || { count: 0 }).count;
    marked(element, seen, states.get(path) || "", path === here, quiet ? 0 : told);
  }
  for (const [path, [figure, line]] of undos) {
    const count = frame.undos.get(path) || 0;
    const now = step[KIND].startsWith("Undo") && path === step[HOME];
    marked(figure, count > 0, frame.undoing.get(path) || "", now, count);
    marked(line, count > 0, "", now, 0);
  }
  const fresh = new Set(step[MOVES].map(([, number]) => number));
  lines.forEach((element, number) => {
    if (element) marked(element, frame.ways.has(number), "", fresh.has(number), 0);
  });
  for (const [path, button] of names) {
    const said = frame.visits.get(path) > 0 ? `\u00d7${frame.visits.get(path)}` : "";
    if (button.nextSibling.textContent !== said) button.nextSibling.textContent = said;
  }
}

/** What is inside a closed frame is not lost: a frame that ran shows its own visits. */
function gathered(visits) {
  return new Map([...visits].filter(([path]) => elements.has(path)));
}

function marked(element, seen, state, now, count) {
  const was = painted.get(element) || {};
  if (was.seen === seen && was.state === state && was.now === now && was.count === count) return;
  const list = element.classList;
  if (was.seen !== seen) {
    list.toggle("seen", seen);
    list.toggle("unseen", !seen);
  }
  if (was.now !== now) list.toggle("now", now);
  if (was.state) list.remove(`at-${was.state}`);
  if (state) list.add(`at-${state}`);
  painted.set(element, { seen, state, now, count, ...badges(element, was, state, count) });
}

const WORDS = { failed: "!", undone: "\u21ba", waiting: "\u231b\ufe0e", running: "\u25b6\ufe0e" };

/** Say in badges how often it was visited, and how it stands; what has not changed stays. */
function badges(element, was, state, count) {
  if (!boxes.has(element)) return {};
  const { box } = boxes.get(element);
  const { number, sign } = was;
  return {
    number: was.count === count ? number : badge(element, number, box.x + box.width, box.y, String(count || ""), ""),
    sign: was.state === state ? sign : badge(element, sign, box.x, box.y, WORDS[state] || "", state),
  };
}

/** Write into the badge that is there, or put another in its place; without a text there is none. */
function badge(element, old, x, y, text, state) {
  if (old && !state && text.length === old.lastChild.textContent.length) {
    old.lastChild.firstChild.data = text;
    return old;
  }
  if (old) old.remove();
  if (!text) return null;
  const wide = text.length * 7 + 11;
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", `mark badge ${state}`);
  const rect = document.createElementNS(SVG, "rect");
  const sizes = { x: x - wide / 2, y: y - 8, width: wide, height: 16, rx: 8 };
  for (const [name, value] of Object.entries(sizes)) rect.setAttribute(name, value);
  const label = document.createElementNS(SVG, "text");
  label.setAttribute("x", x);
  label.setAttribute("y", y + 4);
  label.textContent = text;
  group.append(rect, label);
  element.append(group);
  return group;
}

function goTo(step, { linked = true } = {}) {
  if (page.run < 0) return;
  page.step = Math.min(Math.max(1, step), steps().length);
  // First where to look, as long as nothing has changed that would have to be laid out for it.
  const element = elements.get(standing(focus()));
  if (element && $("follow").checked) centre(element, false);
  paint();
  const [at] = steps()[page.step - 1];
  $("scrub").value = page.step;
  $("scrub").setAttribute("aria-valuetext", `step ${page.step}: ${sentence(steps()[page.step - 1])}`);
  $("told").textContent = `${page.step} of ${steps().length} \u00b7 ${seconds(at)} \u00b7 ${sentence(steps()[page.step - 1])}`;
  change();
  moveCursor();
  if (page.picked) detail();
  if (linked) link();
}

/** Where to look at this step: at the end, where the run waits, failed, or came to. */
function focus() {
  const [, kind, home] = steps()[page.step - 1];
  if (kind !== "RunEnded") return home;
  const states = [...folded(page.step).standing];
  const last = states.find(([, state]) => state === "waiting") || states.find(([, state]) => state === "failed");
  return last ? last[0] : "END";
}

function sentence([, kind, , node, told]) {
  const attempt = told.attempt > 1 ? `, attempt ${told.attempt}` : "";
  switch (kind) {
    case "RunStarted": return "the run begins";
    case "NodeStarted": return `${node} begins${attempt}`;
    case "NodeDone": return `${node} is done`;
    case "NodeFailed": return `${node} failed: ${told.error}`;
    case "NodeStopped": return `${node} was stopped`;
    case "UndoStarted": return `the undo of ${node} begins`;
    case "UndoDone": return `${node} is undone`;
    case "UndoFailed": return `the undo of ${node} failed: ${told.error}`;
    case "Decided": return told.label === null ? `${node} abstains` : `${node} says ${told.label}`;
    case "Asked": return `${node} asks`;
    case "Emitted": return `${node} tells ${brief(told.value)}`;
    case "Charged": return `${node} used ${told.tokens} tokens`;
    case "CostUnknown": return `${node}: cost unknown`;
    case "RunEnded": return `the run is ${told.status}`;
    default: return `${kind} ${node}`;
  }
}

function play() {
  if (page.timer) return stop();
  if (page.step >= steps().length) goTo(1);
  $("play").textContent = "Pause";
  page.timer = setInterval(() => {
    if (page.step >= steps().length) stop();
    else goTo(page.step + 1, { linked: false });
  }, 1000 / Number($("pace").value));
}

function stop() {
  clearInterval(page.timer);
  page.timer = 0;
  $("play").textContent = "Play";
  link();
}

// ---- What a step changed in the state

/**
 * Follow the state along the ways of the tokens, once for each run. A field knows the step that
 * wrote it and what it was before; where two branches wrote, a join shows both until it is told.
 */
function histories(run) {
  const out = new Map();
  const coming = new Map();
  const known = [];
  run.steps.forEach(([, kind, home, node, told, moves], number) => {
    let before;
    let after;
    if (kind === "RunStarted") {
      after = written({}, told.state || {}, number);
      out.set("START", after);
    } else if (kind === "NodeDone" && home === node) {
      before = coming.get(home);
      after = written(before || {}, told.changed || {}, number);
      out.set(home, after);
      coming.delete(home);
    } else if (home === node) before = coming.get(home);
    if (kind === "RunEnded") after = written({}, told.state || {}, number);
    known.push({ before, after });
    for (const [, way] of moves) {
      const { source, target } = data.ways[way];
      if (coming.has(source)) {
        out.set(source, coming.get(source));
        coming.delete(source);
      }
      const arriving = out.get(source);
      const isJoin = data.vertices[target] && data.vertices[target].kind === "join";
      if (!arriving) coming.delete(target);
      else coming.set(target, isJoin && coming.has(target) ? merged(coming.get(target), arriving) : arriving);
    }
  });
  return known;
}

function written(state, changed, step) {
  const entries = Object.entries(changed).map(([name, value]) => [name, { value, step, past: state[name] || null }]);
  return { ...state, ...Object.fromEntries(entries) };
}

function merged(one, other) {
  const both = {};
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const [a, b] = [one[name], other[name]];
    if (!a || !b || a === b) both[name] = a || b;
    else if (isPast(a, b)) both[name] = b;
    else if (isPast(b, a)) both[name] = a;
    else both[name] = { branches: [...(a.branches || [a.value]), ...(b.branches || [b.value])], step: b.step, past: null };
  }
  return both;
}

function isPast(old, entry) {
  let at = entry;
  while (at && at.step > old.step) at = at.past;
  return at === old;
}

function change() {
  const step = steps()[page.step - 1];
  const told = step[TOLD];
  const { before, after } = data.runs[page.run].known[page.step - 1];
  const parts = [make("h2", { textContent: sentence(step) })];
  const rows = [];
  if (step[KIND] === "NodeDone" || step[KIND] === "UndoDone") {
    for (const [name, value] of Object.entries(told.changed || {})) {
      rows.push(...differences(`/${name}`, before ? before[name] : undefined, value));
    }
    if (!rows.length) parts.push(make("p", { className: "quiet", textContent: "It changed nothing." }));
  } else {
    for (const [name, value] of Object.entries(told)) {
      if (name === "state" || name === "attempt" || name === "visit" || name === "id") continue;
      const plain = value === null || typeof value !== "object";
      const short = plain && String(value).length < 60;
      rows.push(make("li", {}, make("code", { textContent: name }), short ? ` ${value}` : text("", value)));
    }
  }
  parts.push(make("ul", {}, ...rows));
  const state = after || before;
  if (state) {
    const values = Object.fromEntries(Object.entries(state).map(([name, entry]) => [name, entry.branches || entry.value]));
    const whole = make("details", {}, make("summary", { textContent: "The whole state" }), make("pre", { textContent: JSON.stringify(values, null, 2) }));
    whole.open = page.whole || false;
    whole.addEventListener("toggle", () => (page.whole = whole.open));
    parts.push(whole);
  }
  $("change").replaceChildren(...parts);
}

/** Say how a value changed: what was added to a list or an object, else the old and the new. */
function differences(path, was, value) {
  const row = (...children) => make("li", {}, make("code", { textContent: path }), ...children);
  if (!was) return [row(text("is", value))];
  if (was.branches) {
    return [row(make("span", { className: "kind", textContent: " merged of branches" }), ...was.branches.map((one) => text("odd", one)), text("is", value))];
  }
  return compared(path, was.value, value, row);
}

function compared(path, old, value, row) {
  if (same(old, value)) {
    const said = value === HIDDEN ? ` written, ${HIDDEN}` : " written, unchanged";
    return [row(make("span", { className: "kind", textContent: said }))];
  }
  if (Array.isArray(old) && Array.isArray(value) && same(old, value.slice(0, old.length))) {
    return value.slice(old.length).map((item, number) => make("li", {}, make("code", { textContent: `${path}/${old.length + number}` }), text("is", item)));
  }
  if (isPlain(old) && isPlain(value)) {
    return [...new Set([...Object.keys(old), ...Object.keys(value)])].filter((key) => !same(old[key], value[key])).flatMap((key) => {
      const inner = (...children) => make("li", {}, make("code", { textContent: `${path}/${key}` }), ...children);
      if (!(key in old)) return [inner(text("is", value[key]))];
      if (!(key in value)) return [inner(text("was", old[key]))];
      return compared(`${path}/${key}`, old[key], value[key], inner);
    });
  }
  return [row(text("was", old), text("is", value))];
}

const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const LONG = 600;
const HIDDEN = "[redacted]";

function text(kind, value) {
  const whole = typeof value === "string" ? value : JSON.stringify(value, null, 1);
  const shown = whole === undefined ? "nothing" : whole === "" ? "(empty)" : whole;
  if (shown.length <= LONG) return make("pre", { className: kind, textContent: shown });
  const rest = make("details", {}, make("summary", { textContent: `${shown.length - LONG} more characters` }), make("pre", { textContent: shown.slice(LONG) }));
  return make("div", {}, make("pre", { className: kind, textContent: `${shown.slice(0, LONG)}\u2026` }), rest);
}

function brief(value) {
  const whole = typeof value === "string" ? value : JSON.stringify(value);
  return whole.length > 80 ? `${whole.slice(0, 79)}\u2026` : whole;
}

// ---- The timeline: a lane for each vertex, idle time pressed together

const LANE = 18;
const GAP = 26;
let timeline = { lanes: [], scale: () => 0 };

function barsOf(run) {
  const open = new Map();
  const entered = new Map();
  const bars = [];
  for (const [at, kind, home, node, told, moves] of run.steps) {
    const key = `${node} ${told.visit} ${told.attempt}`;
    if (kind === "NodeStarted" || kind === "UndoStarted") open.set(key, at);
    else if (/^(Node|Undo)(Done|Failed|Stopped)$/.test(kind)) {
      if (open.has(key)) bars.push({ home, from: open.get(key), to: at, kind });
      open.delete(key);
    } else if (kind === "Asked") open.set(`? ${node}`, at);
    if ((kind === "Decided" || kind === "NodeDone") && open.has(`? ${node}`)) {
      bars.push({ home, from: open.get(`? ${node}`), to: at, kind: "Asked" });
      open.delete(`? ${node}`);
    } else if (kind === "Decided" && home === node) {
      bars.push({ home, from: entered.has(home) ? entered.get(home) : at, to: at, kind });
    }
    for (const [when, number] of moves) entered.set(data.ways[number].target, when);
  }
  const end = run.steps.length ? run.steps[run.steps.length - 1][0] : 0;
  for (const [key, from] of open) {
    const node = key.startsWith("? ") ? key.slice(2) : key.split(" ").slice(0, -2).join(" ");
    const step = run.steps.find((one) => one[NODE] === node);
    bars.push({ home: step[HOME], from, to: end, kind: key.startsWith("? ") ? "Asked" : "NodeStarted" });
  }
  return bars;
}

/** Map times to places: where nothing but a person was at work, hours take no more room than a moment. */
function scaled(bars, times, wide) {
  const busy = bars.filter((bar) => bar.kind !== "Asked").sort((one, other) => one.from - other.from);
  const gaps = [];
  let reach = 0;
  const points = [...busy, { from: times[times.length - 1] || 0, to: 0 }];
  for (const bar of points) {
    if (bar.from > reach) gaps.push([reach, bar.from]);
    reach = Math.max(reach, bar.to);
  }
  const total = times[times.length - 1] || 0;
  const idle = gaps.reduce((sum, [from, to]) => sum + to - from, 0);
  const work = Math.max(total - idle, total / 1000, 1e-9);
  const pressed = gaps.filter(([from, to]) => to - from > work / 12);
  const kept = total - pressed.reduce((sum, [from, to]) => sum + to - from, 0);
  const room = Math.max(wide - pressed.length * GAP, wide / 3);
  const gap = pressed.length ? (wide - room) / pressed.length : 0;
  const rate = kept > 0 ? room / kept : 0;
  const place = (at) => {
    let x = at * rate;
    for (const [from, to] of pressed) {
      if (at >= to) x += gap - (to - from) * rate;
      else if (at > from) x += (gap * (at - from)) / (to - from) - (at - from) * rate;
    }
    return x;
  };
  return { place, pressed };
}

function drawTimeline() {
  const area = $("timeline");
  const run = data.runs[page.run];
  const lanes = [...new Set(run.bars.map((bar) => bar.home))];
  const wide = Math.max(area.clientWidth - 2, 200);
  const left = Math.min(130, wide / 3);
  const high = lanes.length * LANE + 22;
  const { place, pressed } = scaled(run.bars, run.steps.map((step) => step[0]), wide - left - 14);
  const canvas = make("canvas", { onclick: (event) => goTo(nearest(event.offsetX)) });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${run.bars.length} stretches of work in ${lanes.length} lanes, ${seconds(run.total)} in all`);
  timeline = { canvas, lanes, pressed, wide, left, high, scale: (at) => left + place(at) };
  const roll = make("div", {}, canvas);
  roll.style.height = `${high}px`;
  area.replaceChildren(roll, make("div", { id: "cursor" }));
  drawLanes();
  moveCursor();
}

/** Draw the lanes that are in view: a canvas as high as all of them is dear, also when it rests. */
function drawLanes() {
  const area = $("timeline");
  const { canvas, lanes, pressed, wide, left, high, scale } = timeline;
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  Object.assign(canvas, { width: wide * ratio, height: Math.min(high, area.clientHeight) * ratio });
  canvas.style.width = `${wide}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.translate(0, -area.scrollTop);
  const colour = getComputedStyle(document.documentElement);
  const paintOf = (name) => colour.getPropertyValue(name).trim();
  const colours = { NodeFailed: "--loss", UndoFailed: "--loss", UndoDone: "--muted", Asked: "--doubt", NodeStopped: "--muted", Decided: "--doubt" };
  const first = Math.floor(area.scrollTop / LANE);
  const shown = lanes.slice(first, first + Math.ceil(area.clientHeight / LANE) + 1);
  const tops = new Map(shown.map((home, lane) => [home, (first + lane) * LANE]));
  pen.font = "11px system-ui, sans-serif";
  for (const [from, to] of pressed) {
    pen.fillStyle = paintOf("--panel");
    pen.fillRect(scale(from), 0, scale(to) - scale(from), high);
    pen.fillStyle = paintOf("--muted");
    pen.fillText("\u2026", scale(from) + 2, high - 7);
  }
  for (const bar of data.runs[page.run].bars) {
    if (!tops.has(bar.home)) continue;
    const top = tops.get(bar.home);
    const x = scale(bar.from);
    const long = Math.max(2, scale(bar.to) - x);
    pen.fillStyle = pen.strokeStyle = paintOf(colours[bar.kind] || "--lane");
    if (bar.kind === "Asked") pen.strokeRect(x + 0.5, top + 4.5, long - 1, LANE - 9);
    else pen.fillRect(x, top + 4, long, LANE - 8);
    const sign = { NodeFailed: "!", UndoFailed: "!", UndoDone: "\u21ba" }[bar.kind];
    if (sign) pen.fillText(sign, x + long + 2, top + 13);
  }
  for (const [home, top] of tops) {
    pen.fillStyle = paintOf("--ground");
    pen.fillRect(0, top, left - 4, LANE);
    pen.fillStyle = paintOf("--ink");
    pen.fillText(fitted(pen, home, left - 12), 6, top + 13);
  }
  pen.fillStyle = paintOf("--muted");
  pen.fillText(`${seconds(data.runs[page.run].total)} in all`, 6, high - 7);
}

function fitted(pen, text, wide) {
  if (pen.measureText(text).width <= wide) return text;
  let length = text.length;
  while (length > 1 && pen.measureText(`\u2026${text.slice(-length)}`).width > wide) length -= 1;
  return `\u2026${text.slice(-length)}`;
}

function nearest(x) {
  let best = 1;
  let away = Infinity;
  steps().forEach(([at], number) => {
    const distance = Math.abs(timeline.scale(at) - x);
    if (distance < away) [best, away] = [number + 1, distance];
  });
  return best;
}

function moveCursor() {
  const cursor = $("cursor");
  if (!cursor) return;
  const [at, , home] = steps()[page.step - 1];
  cursor.style.transform = `translateX(${timeline.scale(at)}px)`;
  cursor.style.height = `${timeline.high}px`;
  const lane = timeline.lanes.indexOf(home);
  const area = $("timeline");
  const top = lane * LANE;
  if (lane >= 0 && (top < area.scrollTop || top + LANE > area.scrollTop + area.clientHeight)) {
    area.scrollTop = top - area.clientHeight / 2;
  }
}

function chooseRun(number, step) {
  page.run = number;
  const run = data.runs[number];
  run.known = run.known || histories(run);
  run.bars = run.bars || barsOf(run);
  run.total = run.steps.length ? run.steps[run.steps.length - 1][0] : 0;
  $("run").value = String(number);
  $("scrub").max = run.steps.length;
  page.step = Math.min(Math.max(1, step || run.steps.length), run.steps.length);
  drawTimeline();
  goTo(page.step, { linked: false });
}

function replayReady() {
  const runs = data.runs.map((run, number) => [number, run]).filter(([, run]) => run.steps.length);
  if (!runs.length) return;
  $("replay").hidden = false;
  $("run").replaceChildren(...runs.map(([number, run]) => make("option", { value: number, textContent: `${run.id} (${run.status})` })));
  $("run").parentElement.hidden = runs.length < 2;
  $("run").addEventListener("change", () => chooseRun(Number($("run").value), 1));
  $("scrub").addEventListener("input", () => goTo(Number($("scrub").value)));
  $("timeline").addEventListener("scroll", drawLanes);
  $("first").addEventListener("click", () => goTo(1));
  $("back").addEventListener("click", () => goTo(page.step - 1));
  $("forth").addEventListener("click", () => goTo(page.step + 1));
  $("play").addEventListener("click", play);
  $("pace").addEventListener("change", () => {
    if (page.timer) {
      stop();
      play();
    }
  });
}

// ---- Links into the page

function link() {
  if (page.timer) return;
  const parts = [];
  if (page.run > 0) parts.push(["run", page.run]);
  if (page.run >= 0) parts.push(["step", page.step]);
  if (page.picked) parts.push(["node", page.picked]);
  for (const path of data.states[page.state].closed) parts.push(["closed", path]);
  const hash = new URLSearchParams(parts).toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (!show(asked.getAll("closed"))) show([]);
  outline();
  const run = Number(asked.get("run") || 0);
  if (data.runs[run] && data.runs[run].steps.length) chooseRun(run, Number(asked.get("step") || 0));
  const node = asked.get("node");
  pick(data.vertices[node] ? node : "");
}

// ---- Keys, theme, and the beginning

const KEYS = [
  ["/", "search"], ["o", "outline"], ["t", "light or dark"], ["0", "show everything"], ["+ \u2212", "zoom"],
  ["arrows", "move the picture"], ["c", "open or close the frame that is picked"], ["[ ]", "step back, step on"],
  ["space", "play or pause"], ["Home End", "first or last step"], ["Esc", "close what is open"],
];

function keyed(event) {
  const field = event.target.closest("input[type=search], select, dialog");
  if (field || event.ctrlKey || event.metaKey || event.altKey) return;
  const inRange = event.target.id === "scrub";
  const isButton = event.target.closest("button, summary, input[type=checkbox]");
  const scrolls = event.target.closest("#timeline, #change, #outline, #detail");
  const acts = {
    "/": () => $("search").focus(),
    o: toggleOutline,
    t: toggleTheme,
    0: () => fit(),
    f: () => fit(),
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    c: () => data.frames.includes(page.picked) && fold(page.picked),
    "?": () => $("keys").showModal(),
    "[": () => goTo(page.step - 1),
    "]": () => goTo(page.step + 1),
    Escape: () => pick(""),
    " ": () => isButton || scrolls ? null : page.run >= 0 && play(),
    Home: () => inRange || scrolls ? null : goTo(1),
    End: () => inRange || scrolls ? null : page.run >= 0 && goTo(steps().length),
    ArrowLeft: () => inRange || scrolls ? null : move(60, 0),
    ArrowRight: () => inRange || scrolls ? null : move(-60, 0),
    ArrowUp: () => inRange || scrolls ? null : move(0, 60),
    ArrowDown: () => inRange || scrolls ? null : move(0, -60),
  };
  const act = acts[event.key];
  if (act && act() !== null) event.preventDefault();
}

function move(x, y) {
  stage.x += x;
  stage.y += y;
  place();
}

function toggleOutline() {
  $("outline").hidden = !$("outline").hidden;
  $("list").setAttribute("aria-pressed", String(!$("outline").hidden));
}

function toggleTheme() {
  wear(document.documentElement.classList.contains("dark") ? "light" : "dark");
}

function wear(theme) {
  document.documentElement.classList.toggle("dark", theme === "dark");
  if (page.run >= 0) drawTimeline();
}

function themeReady() {
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  wear(data.theme === "auto" ? (prefers.matches ? "dark" : "light") : data.theme);
  if (data.theme === "auto") prefers.addEventListener("change", () => wear(prefers.matches ? "dark" : "light"));
}

function keysReady() {
  const rows = KEYS.flatMap(([keys, what]) => [make("dt", {}, make("kbd", { textContent: keys })), make("dd", { textContent: what })]);
  const close = make("button", { type: "button", textContent: "Close" });
  close.addEventListener("click", () => $("keys").close());
  $("keys").append(make("h2", { textContent: "Keys" }), make("dl", {}, ...rows), close);
}

function begin() {
  themeReady();
  if (matchMedia("(max-width: 720px)").matches) toggleOutline();
  stageReady();
  keysReady();
  replayReady();
  index();
  $("in").addEventListener("click", () => zoom(1.25));
  $("out").addEventListener("click", () => zoom(0.8));
  $("fit").addEventListener("click", () => fit());
  $("list").addEventListener("click", toggleOutline);
  $("theme").addEventListener("click", toggleTheme);
  $("help").addEventListener("click", () => $("keys").showModal());
  $("search").addEventListener("input", () => search($("search").value));
  $("search").addEventListener("keydown", searchKey);
  $("search").addEventListener("blur", closeHits);
  document.addEventListener("keydown", keyed);
  addEventListener("hashchange", follow);
  addEventListener("resize", () => page.run >= 0 && drawTimeline());
  follow();
  // Only now it is known how much room the panels leave.
  fit(true);
  const element = elements.get(standing(page.picked || (page.run >= 0 ? focus() : "")));
  if (element) centre(element, false);
}

begin();
