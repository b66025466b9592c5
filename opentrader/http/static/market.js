// The markets table: one row per market with its decision.

import { get } from "./api.js";
import { explain } from "./explain.js";
import { $, age, h, now, price, show } from "./dom.js";
import { DECISIONS, HTF, reason } from "./words.js";

export const contexts = new Map(); // full contexts by symbol and timeframes
export const prices = new Map(); // last prices by symbol

export const key = (row) => `${row.symbol} ${row.mtf_tf} ${row.htf_tf}`;
export const timeframe = () => $("timeframe").value;
const current = (symbol) => `${symbol} ${timeframe()} ${HTF[timeframe()]}`;
const visible = (rows) => rows.filter((row) => key(row) === current(row.symbol));

// Rows of /api/market/all are short; the full context is loaded once per analysis.
export async function learn(rows) {
  const missing = visible(rows).filter((row) => contexts.get(key(row))?.timestamp !== row.timestamp);
  await Promise.all(missing.map(async (row) => {
    const path = `/api/market/${encodeURIComponent(row.symbol)}?mtf_tf=${row.mtf_tf}&htf_tf=${row.htf_tf}`;
    contexts.set(key(row), await get(path).catch(() => ({ timestamp: row.timestamp })));
  }));
}

// Loads the last prices of the visible rows and of `others`; resolves to the name of their source.
export async function readPrices(rows, others) {
  const names = new Set([...visible(rows).map((row) => row.symbol), ...others]);
  const loaded = await Promise.all([...(names.size ? names : ["BTC"])].map((name) =>
    get(`/api/candles/${encodeURIComponent(name)}?timeframe=${timeframe()}&limit=1`).then((candles) => [name, candles], () => [name, null])));
  for (const [name, candles] of loaded) if (candles?.candles.length) prices.set(name, candles.candles.at(-1).close);
  return loaded.find(([, candles]) => candles)?.[1].source;
}

export function showMarket(market) {
  const rows = visible(market.data);
  const full = rows.map((row) => ({ ...row, at: Math.round(now() - row.age_sec), context: contexts.get(key(row)), price: prices.get(row.symbol) }));
  // Ages vary by a second between polls; a row counts as unchanged while its analysis is.
  const same = full.map(({ age_sec, at, ...rest }) => rest);
  show($("market"), [timeframe(), same], () => (full.length ? marketTable(full) : noAnalysis()));
  show($("summary"), tally(rows), summary);
  openLinked(full);
}

// A link like /api/dashboard#BTC opens the explanation of a market, once.
let linked = decodeURIComponent(location.hash.slice(1));

function openLinked(rows) {
  const row = rows.find((one) => one.symbol === linked);
  if (!row) return;
  linked = "";
  explain(row);
}

const tally = (rows) => Object.keys(DECISIONS).map((name) => [name, rows.filter((r) => r.priority_decision === name).length]);

const summary = (counts) => counts.filter(([, n]) => n).map(([name, n]) => h("span", { class: `count ${name}` }, `${n} ${DECISIONS[name].slice(2)}`));

function marketTable(rows) {
  const heads = ["Market", "Price", "Decision", "Why", `Move (${rows[0].mtf_tf})`, `Phase (${rows[0].htf_tf})`, "Place in range", "Age"];
  return h("div", { class: "wide" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map(marketRow))));
}

function marketRow(row) {
  const context = row.context || {};
  const open = () => explain(row);
  return h("tr", { class: row.stale ? "row stale" : "row", tabindex: 0, onclick: open, "aria-label": `explain ${row.symbol}`,
    onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), open()) },
    h("td", { class: "symbol" }, row.symbol),
    h("td", { class: "price" }, row.price == null ? "…" : price(row.price)),
    h("td", { class: "verdict" }, h("span", { class: `decision ${row.priority_decision}` }, DECISIONS[row.priority_decision])),
    h("td", { class: "why" }, context.mtf ? reason(context.no_trade_reason) : "…"),
    h("td", { class: "move" }, context.mtf ? move(context.mtf) : ""),
    h("td", { class: "phase" }, context.htf ? h("span", { class: context.htf.macro_phase }, context.htf.macro_phase) : ""),
    h("td", { class: "place" }, context.htf ? place(context.htf) : ""),
    h("td", { class: "num" }, age(row.at), row.stale && h("span", { class: "tag", title: "the analysis is outdated, or a newer candle has closed: scan again" }, "stale")));
}

const ARROWS = { up: "↗", down: "↘", none: "→" };

function move(mtf) {
  const bos = mtf.bos_mode === "none" ? "no break" : `${mtf.bos_mode} break, ${mtf.trend_age}`;
  return [h("span", { class: `arrow ${mtf.trend_direction}` }, ARROWS[mtf.trend_direction]), mtf.regime.replaceAll("_", " "), h("small", {}, bos)];
}

function place(htf) {
  const name = htf.range_position.replaceAll("_", " ");
  const share = htf.detail?.range_pct;
  if (share == null) return name;
  const x = Math.min(100, Math.max(0, share * 100));
  return [h("meter", { min: 0, max: 100, value: x, title: `${Math.round(share * 100)} % of ${price(htf.range_low)} to ${price(htf.range_high)}` }), h("small", {}, name)];
}

const noAnalysis = () => h("div", { class: "empty" },
  h("p", {}, h("b", {}, `No analysis on ${timeframe()} yet.`)),
  h("p", {}, "\"Scan now\" analyzes every market of the watchlist on two timeframes and decides in seven levels whether to trade. Click a market to see the verdict of each level."));
