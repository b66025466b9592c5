// Builds elements. Data from the daemon always becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...there(children));
  return node;
}

const there = (children) => children.flat(Infinity).filter((child) => child != null && child !== false);

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const $ = (id) => document.getElementById(id);

// Replaces the content of an element if its data has changed: focus and selection survive a poll.
const rendered = new WeakMap();

export function show(node, data, build) {
  const text = JSON.stringify(data);
  if (rendered.get(node) === text) return;
  rendered.set(node, text);
  node.replaceChildren(...there([build(data)]));
}

// An age that keeps counting between polls. `at` is in Unix seconds of the daemon's clock.
export const age = (at) => h("time", { class: "age", "data-at": at }, elapsed(at));

let ahead = 0;

export function setClock(seconds) {
  ahead = seconds - Date.now() / 1000;
}

export const now = () => Date.now() / 1000 + ahead;

function elapsed(at) {
  const seconds = Math.max(0, Math.round(now() - at));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

export const left = (at) => h("time", { class: "left", "data-until": at }, remaining(at));

function remaining(at) {
  const seconds = Math.max(0, Math.round(at - now()));
  if (seconds >= 172800) return `${Math.floor(seconds / 86400)} d`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

setInterval(() => {
  for (const node of document.querySelectorAll("time.age")) node.textContent = elapsed(Number(node.dataset.at));
  for (const node of document.querySelectorAll("time.left")) node.textContent = remaining(Number(node.dataset.until));
}, 1000);

export function price(value) {
  if (value == null) return "–";
  return value.toLocaleString("en", { maximumSignificantDigits: value >= 1000 ? 7 : 5 });
}

// A table that becomes cards on a narrow screen: each cell carries the heading of its column.
export function table(kind, heads, rows) {
  const cell = (content, i) => h("td", { "data-head": heads[i] }, h("div", {}, content));
  return h("div", { class: "wide" }, h("table", { class: `cards ${kind}` },
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map(cell))))));
}

const digits = (value, options) => value.toLocaleString("en", options).replace("-", "−");

export const money = (value) => digits(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const amount = (value) => digits(value, { maximumSignificantDigits: 6 });
export const signed = (value) => digits(value, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });
export const percent = (value) => `${digits(value, { maximumFractionDigits: 2, signDisplay: "exceptZero" })} %`;
export const tone = (value) => (value >= 0.005 ? "up" : value <= -0.005 ? "down" : "");
