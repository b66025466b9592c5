// The account, open trades, pending entries and closed trades.

import { del, post } from "./api.js";
import { button, confirmed } from "./actions.js";
import { age, amount, h, left, money, percent, price, signed, table, tone } from "./dom.js";

// --- account ---------------------------------------------------------------------------------------------------

export function accountStrip({ status, portfolio, trades }) {
  const quote = portfolio?.quote || "";
  const open = trades.reduce((sum, trade) => sum + (trade.unrealized_pnl || 0), 0);
  return [
    figure("Equity", portfolio ? money(portfolio.equity) : "–", quote),
    figure("Free", portfolio ? money(portfolio.balance.free) : "–", portfolio?.balance.locked ? `${money(portfolio.balance.locked)} in orders` : quote),
    status && figure("P/L today", signed(status.realized_pnl_today), trades.length ? ["open ", h("span", { class: tone(open) }, signed(open))] : quote, tone(status.realized_pnl_today)),
    status && figure("Trades today", `${status.trades_today} of ${status.max_trades_per_day ?? "∞"}`, status.mode === status.exchange ? `${status.mode} account` : `${status.mode}, ${status.exchange}`),
    h("div", { class: "grow" }),
    status ? gate(status) : h("p", { class: "soft" }, "Trading requires a license."),
  ];
}

const figure = (name, value, note, kind = "") => h("div", { class: "figure" }, h("small", {}, name), h("b", { class: kind }, value), h("small", {}, note));

function gate({ halted, halt_reason, running }) {
  if (halted) {
    return h("div", { class: "gate halted" },
      h("div", {}, h("b", {}, "Halted"), h("small", {}, halt_reason || "no new entries")), button("Resume", "", resume));
  }
  return h("div", { class: "gate" }, h("div", {}, h("b", {}, running ? "Entries allowed" : "Stopped")), button("Halt", "danger", halt));
}

async function halt() {
  const sure = await confirmed({
    question: "Halt trading?", verb: "Halt", kind: "danger solid",
    detail: "New entries are blocked until you resume, even after a restart. Pending entries are cancelled. Open trades stay protected and can be closed.",
  });
  if (!sure) return "";
  const { cancelled_entries: cancelled } = await post("/api/halt");
  return `Trading halted. ${cancelled.length ? `Pending entries cancelled: ${cancelled.length}.` : ""}`;
}

async function resume() {
  const sure = await confirmed({ question: "Resume trading?", verb: "Resume", kind: "primary", detail: "New entries from all bots and agents are allowed again." });
  if (!sure) return "";
  await post("/api/resume");
  return "Trading resumed.";
}

// --- open trades -----------------------------------------------------------------------------------------------

const PROTECTION = {
  oco: ["good", "OCO", "stop and target rest on the exchange as one OCO list"],
  "stop+soft_tp": ["warn", "stop only", "the stop rests on the exchange; the daemon watches the target"],
  soft: ["warn", "watched", "the daemon watches stop and target"],
  none: ["bad", "unprotected", "neither stop nor target rests on the exchange"],
};

const away = (level, from) => from && level != null && h("small", { title: "distance from the mark price" }, percent((level / from - 1) * 100));

export function tradeTable(trades) {
  if (!trades.length) {
    return h("div", { class: "empty" }, h("p", {}, h("b", {}, "No open trades.")),
      h("p", {}, "POST /api/trade enters at market, POST /api/trade/manual at your own price. Stop and target are placed with the entry."));
  }
  return table("trades", ["Market", "Size", "Entry, mark", "P/L", "Stop", "Target", "Protection", "Age", ""], trades.map(tradeRow));
}

function tradeRow(trade) {
  return [
    [market(trade), h("small", {}, trade.bot)],
    [amount(trade.size), h("small", {}, trade.mark_px && money(trade.size * trade.mark_px))],
    [price(trade.entry_px), h("small", {}, `now ${price(trade.mark_px)}`)],
    trade.unrealized_pnl == null ? "–" : h("span", { class: tone(trade.unrealized_pnl) }, signed(trade.unrealized_pnl), h("small", {}, percent(trade.unrealized_pnl_pct))),
    [price(trade.sl_px), trade.trailing && h("span", { class: "tag info", title: "the stop has been raised behind the price" }, "trailing"), away(trade.sl_px, trade.mark_px)],
    [price(trade.tp_px), away(trade.tp_px, trade.mark_px)],
    [badge(trade), h("small", {}, state(trade))],
    age(trade.opened_at),
    button("Close", "small danger", () => close(trade), `close ${trade.symbol}`),
  ];
}

const market = ({ symbol, direction }) => h("span", { class: "market-name" }, h("b", {}, symbol), h("span", { class: `side ${direction}` }, direction.toUpperCase()));

function badge({ protection, verified, unprotected_sec: bare }) {
  const [kind, name, title] = PROTECTION[protection];
  const text = bare >= 1 ? `${name} for ${Math.round(bare)} s` : name;
  return h("span", { class: `badge ${verified ? kind : "warn"}`, title: verified ? title : "restored by hand: no matching open orders on the exchange" }, verified ? text : "unverified");
}

const state = (trade) => (trade.state === "protected" && trade.protection === "oco" ? trade.source : trade.state.replaceAll("_", " ") || trade.source);

async function close(trade) {
  const sure = await confirmed({
    question: `Close ${trade.symbol}?`, verb: `Sell ${amount(trade.size)} at market`, kind: "danger solid",
    detail: `This cancels its stop and target and sells every open ${trade.symbol} trade at market.`,
  });
  if (!sure) return "";
  const { closed } = await post(`/api/close?symbol=${encodeURIComponent(trade.symbol)}`);
  const pnl = closed.reduce((sum, one) => sum + one.pnl, 0);
  return `${trade.symbol} closed: ${signed(pnl)}.`;
}

// --- pending entries -------------------------------------------------------------------------------------------

export function pendingTable(entries, marks) {
  return table("pending", ["Market", "Size", "Price", "Distance", "Stop", "Target", "Expires in", ""], entries.map((entry) => pendingRow(entry, marks.get(entry.symbol))));
}

function pendingRow(entry, mark) {
  const filled = entry.filled_size ? `${amount(entry.filled_size)} filled` : entry.bot;
  return [
    [market(entry), h("small", {}, filled)],
    amount(entry.size),
    price(entry.entry_px),
    mark ? [percent((entry.entry_px / mark - 1) * 100), h("small", {}, `from ${price(mark)}`)] : "–",
    [price(entry.sl_px), h("small", {}, `${percent(-entry.sl_pct)}`)],
    [price(entry.tp_px), h("small", {}, `${percent(entry.tp_pct)}`)],
    left(entry.expires_at),
    button("Cancel", "small", () => cancel(entry), `cancel the ${entry.symbol} entry`),
  ];
}

async function cancel(entry) {
  const sure = await confirmed({
    question: `Cancel the ${entry.symbol} entry?`, verb: "Cancel the entry", kind: "danger solid",
    detail: `This cancels the LIMIT order at ${price(entry.entry_px)}. A part that has already filled is kept and protected.`,
  });
  if (!sure) return "";
  await del(`/api/pending-entries/${encodeURIComponent(entry.id)}`);
  return `${entry.symbol} entry cancelled.`;
}

// --- history ---------------------------------------------------------------------------------------------------

const EXITS = {
  sl: "stop", tp: "target", trailing: "trailing stop", close: "closed manually", closeall: "closeall", sell: "sell order",
  synced: "imported", orphan: "no position found", flattened: "protection failed", external: "closed externally",
};

export function closedTable(trades) {
  return table("closed", ["Market", "Size", "Entry", "Exit", "P/L", "Exit reason", "Closed"], trades.map((trade) => [
    [market(trade), h("small", {}, trade.bot)],
    amount(trade.size),
    price(trade.entry_px),
    price(trade.exit_px),
    h("span", { class: tone(trade.pnl) }, signed(trade.pnl), h("small", {}, percent(trade.pnl_pct))),
    h("span", { class: `badge ${{ sl: "bad", tp: "good", trailing: "good", flattened: "bad" }[trade.exit_reason] || ""}` }, EXITS[trade.exit_reason] || trade.exit_reason),
    [age(trade.closed_at), " ago"],
  ]));
}

export function statsLine(stats) {
  const ratio = (value) => (value == null ? "–" : value.toFixed(2));
  const figures = [
    ["trades", stats.total_trades], ["won", stats.win_rate == null ? "–" : `${stats.win_rate.toFixed(0)} %`], ["P/L", h("span", { class: tone(stats.total_pnl) }, signed(stats.total_pnl))],
    ["profit factor", ratio(stats.profit_factor)], ["expectancy", stats.expectancy == null ? "–" : signed(stats.expectancy)],
    ["max drawdown", money(stats.max_drawdown)],
  ];
  return figures.map(([name, value]) => h("span", {}, h("b", {}, value), ` ${name}`));
}
