// The seven levels behind a decision, and the candles that it was made on.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { $, h } from "./dom.js";
import { DECISIONS, LEVELS, reason } from "./words.js";

const CANDLES = 90;

export async function explain(row) {
  const dialog = $("explain"), body = $("explain-body");
  body.replaceChildren(h("p", { class: "empty" }, `Reading ${row.symbol} …`));
  if (!dialog.open) dialog.showModal();
  history.replaceState(null, "", `#${encodeURIComponent(row.symbol)}`);
  dialog.onclose = () => history.replaceState(null, "", location.pathname);
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  const symbol = encodeURIComponent(row.symbol);
  try {
    const [told, candles] = await Promise.all([
      get(`/api/explain/${symbol}?mtf_tf=${row.mtf_tf}&htf_tf=${row.htf_tf}`),
      get(`/api/candles/${symbol}?timeframe=${row.mtf_tf}&limit=${CANDLES}`),
    ]);
    body.replaceChildren(...content(told, candles, dialog));
  } catch (error) {
    body.replaceChildren(h("p", { class: "empty" }, `${row.symbol} cannot be explained now: ${error.message}`), close(dialog));
  }
}

function content(told, candles, dialog) {
  return [
    h("div", { class: "bar" },
      h("h2", { id: "explain-title" }, told.symbol),
      h("span", { class: `decision ${told.priority_decision}` }, DECISIONS[told.priority_decision]),
      h("small", {}, `${told.mtf_tf} within ${told.htf_tf}`), h("div", { class: "grow" }), close(dialog)),
    h("p", { class: "verdict" }, verdict(told)),
    candles.candles.length ? chart(candles.candles, levels(told.context)) : h("p", { class: "empty" }, "There are no candles to draw."),
    h("ol", { class: "levels" }, told.levels.map((level) => levelItem(level, told.decided_by))),
  ];
}

const close = (dialog) => h("button", { class: "small", "aria-label": "Close", onclick: () => dialog.close() }, "Close");

function verdict(told) {
  if (!told.no_trade_reason) return "All seven levels pass.";
  return `Level ${told.decided_by} decides: ${reason(told.no_trade_reason)}.`;
}

function levelItem(level, decidedBy) {
  const decides = level.level === decidedBy && level.verdict === "block";
  return h("li", { class: `${level.verdict}${decides ? " decides" : ""}` },
    h("span", { class: "mark", "aria-hidden": "true" }, { pass: "✓", block: "✕", skipped: "–" }[level.verdict]),
    h("span", {}, LEVELS[level.name] || level.name.replaceAll("_", " ")),
    h("small", {}, level.verdict === "pass" ? "" : reason(level.reason) || level.verdict));
}

function levels({ htf, mtf }) {
  return [
    { name: "range high", kind: "range", at: htf.range_high },
    { name: "range low", kind: "range", at: htf.range_low },
    { name: "break", kind: "bos", at: mtf.detail.bos_level },
    { name: "swing high", kind: "swing", at: mtf.detail.swing_high },
    { name: "swing low", kind: "swing", at: mtf.detail.swing_low },
  ];
}
