// A candle chart as SVG, with the price levels of the analysis.

import { price, svg } from "./dom.js";

const WIDTH = 720, HEIGHT = 260, RIGHT = 78, PAD = 10;

export function chart(candles, levels) {
  const known = levels.filter((level) => level.at != null);
  const low = Math.min(...candles.map((c) => c.low)), high = Math.max(...candles.map((c) => c.high));
  const room = (high - low) * 0.35;
  const near = known.filter((level) => level.at > low - room && level.at < high + room);
  const floor = Math.min(low, ...near.map((l) => l.at)), top = Math.max(high, ...near.map((l) => l.at));
  const y = (value) => PAD + (HEIGHT - 2 * PAD) * (1 - (value - floor) / (top - floor || 1));
  const step = (WIDTH - RIGHT) / candles.length;
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "the last candles" },
    ...candles.map((candle, i) => drawn(candle, (i + 0.5) * step, step, y)),
    ...spread(near, y).map(line));
}

function drawn(candle, x, step, y) {
  const body = Math.max(1, Math.abs(y(candle.open) - y(candle.close)));
  return svg("g", { class: `${candle.close >= candle.open ? "up" : "down"}${candle.closed ? "" : " running"}` },
    svg("line", { x1: x, x2: x, y1: y(candle.high), y2: y(candle.low) }),
    svg("rect", { x: x - step * 0.34, width: step * 0.68, y: Math.min(y(candle.open), y(candle.close)), height: body }));
}

// Moves the labels of close levels apart so that they do not overlap.
function spread(levels, y) {
  const placed = levels.map((level) => ({ ...level, y: y(level.at) })).sort((a, b) => a.y - b.y);
  let free = 0;
  for (const level of placed) {
    level.label = Math.max(level.y, free);
    free = level.label + 24;
  }
  return placed;
}

function line(level) {
  return svg("g", { class: `level ${level.kind}` },
    svg("line", { x1: 0, x2: WIDTH - RIGHT, y1: level.y, y2: level.y }),
    svg("text", { x: WIDTH - RIGHT + 6, y: level.label + 1 }, level.name),
    svg("text", { x: WIDTH - RIGHT + 6, y: level.label + 12, class: "at" }, price(level.at)));
}
