// Signals, agents, news and the log.

import { post } from "./api.js";
import { button } from "./actions.js";
import { age, h, left, price } from "./dom.js";

export function pendingSignals(signals) {
  if (!signals.length) {
    return h("div", { class: "empty" }, h("p", {}, h("b", {}, "No pending signals.")),
      h("p", {}, "\"Scan & signal\" looks for mean-reversion setups at the edge of a range. Each signal stays here until you decide or it expires after a few minutes. Most scans find none."));
  }
  return signals.map(signalCard);
}

function signalCard(signal) {
  return h("article", { class: "signal" },
    h("div", { class: "bar" },
      h("span", { class: `side ${signal.direction}` }, signal.direction.toUpperCase()), h("b", {}, signal.symbol), h("small", {}, signal.bot),
      h("div", { class: "grow" }), h("small", {}, "expires in ", left(signal.expires_at))),
    h("dl", {}, figures(signal).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    checks(signal.checklist),
    h("div", { class: "bar" },
      button("Confirm", "small", () => decide(signal.symbol, "confirm")),
      button("Reject", "small", () => decide(signal.symbol, "reject")),
      h("small", {}, "Confirm marks the signal as consumed. It places no order.")));
}

async function decide(symbol, decision) {
  const { status } = await post(`/api/signal/${encodeURIComponent(symbol)}/${decision}`);
  return `Signal ${symbol}: ${status || `${decision}ed`}.`;
}

function figures(signal) {
  const percent = (value, sign) => value != null && `${sign}${value.toFixed(2)} %`;
  const all = [["Price", signal.price != null && price(signal.price)], ["Stop", percent(signal.sl_pct, "−")], ["Target", percent(signal.tp_pct, "+")],
    ["Checks", signal.passed != null && `${signal.passed} of ${signal.total}`], ["RSI", signal.rsi?.toFixed(0)],
    ["Range", signal.range_support != null && `${price(signal.range_support)} – ${price(signal.range_resistance)}`]];
  return all.filter(([, value]) => value);
}

function checks(list) {
  if (typeof list === "string") return h("p", {}, list);
  if (Array.isArray(list)) return h("p", {}, list.map((item) => (typeof item === "string" ? item : JSON.stringify(item))).join(", "));
  return list && h("ul", { class: "checks" }, Object.entries(list).map(([name, passed]) =>
    h("li", { class: passed === true ? "pass" : passed === false ? "block" : "" }, name.replaceAll("_", " "))));
}

export function agentCards(agents) {
  return Object.entries(agents).map(([name, card]) => h("article", { class: `agent ${card.status}` },
    h("div", { class: "bar" }, h("b", {}, name), h("span", { class: "status" }, card.status), h("div", { class: "grow" }),
      card.ts ? h("small", {}, age(card.ts), " ago") : h("small", {}, "never reported")),
    card.action && h("p", {}, card.action)));
}

export function newsList(items) {
  return h("ul", { class: "news-list" }, items.map((item) => h("li", {},
    /^https?:\/\//.test(item.link) ? h("a", { href: item.link, rel: "noopener noreferrer", target: "_blank" }, item.title) : h("span", {}, item.title),
    h("small", {}, item.source, item.published && [" · ", age(item.published), " ago"]))));
}

export function logLines(lines) {
  if (!lines.length) return h("p", { class: "empty" }, "No entries yet. Agents and scans write their activity here, newest first.");
  return h("ol", {}, lines.map((line) => h("li", { class: line.level },
    h("time", { title: new Date(line.ts * 1000).toLocaleString() }, new Date(line.ts * 1000).toLocaleTimeString([], { hour12: false })),
    h("b", {}, line.agent), h("span", {}, line.message))));
}
