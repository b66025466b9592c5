// The dialog that explains a decision: the seven levels and the candles.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { $, h } from "./dom.js";
import { DECISIONS, LEVELS, reason } from "./words.js";

const CANDLES = 90;

export async function explain(row) {
  const dialog = $("explain"), body = $("explain-body");
  body.replaceChildren(h("p", { class: "empty" }, `Loading ${row.symbol} …`));
  if (!dialog.open) dialog.showModal();
  history.replaceState(null, "", `#${encodeURIComponent(row.symbol)}`);
  dialog.onclose = () => history.replaceState(null, "", location.pathname);
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  const symbol = encodeURIComponent(row.symbol);
  try {
    const [explanation, candles] = await Promise.all([
      get(`/api/explain/${symbol}?mtf_tf=${row.mtf_tf}&htf_tf=${row.htf_tf}`),
      get(`/api/candles/${symbol}?timeframe=${row.mtf_tf}&limit=${CANDLES}`),
    ]);
    body.replaceChildren(...content(explanation, candles, dialog));
  } catch (error) {
    body.replaceChildren(h("p", { class: "empty" }, `The explanation of ${row.symbol} is not available: ${error.message}`), close(dialog));
  }
}

function content(explanation, candles, dialog) {
  return [
    h("div", { class: "bar" },
      h("h2", { id: "explain-title" }, explanation.symbol),
      h("span", { class: `decision ${explanation.priority_decision}` }, DECISIONS[explanation.priority_decision]),
      h("small", {}, `${explanation.mtf_tf} within ${explanation.htf_tf}`), h("div", { class: "grow" }), close(dialog)),
    h("p", { class: "verdict" }, verdict(explanation)),
    candles.candles.length ? chart(candles.candles, levels(explanation.context)) : h("p", { class: "empty" }, "No candles available."),
    h("ol", { class: "levels" }, explanation.levels.map((level) => levelItem(level, explanation.decided_by))),
  ];
}

const close = (dialog) => h("button", { class: "small", "aria-label": "Close", onclick: () => dialog.close() }, "Close");

function verdict(explanation) {
  if (!explanation.no_trade_reason) return "All seven levels pass.";
  return `Level ${explanation.decided_by} decides: ${reason(explanation.no_trade_reason)}.`;
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
