// The account, what is open and pending, and what has been closed.

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
    status ? gate(status) : h("p", { class: "soft" }, "Trading needs the license."),
  ];
}

const figure = (name, value, note, kind = "") => h("div", { class: "figure" }, h("small", {}, name), h("b", { class: kind }, value), h("small", {}, note));

function gate({ halted, halt_reason, running }) {
  if (halted) {
    return h("div", { class: "gate halted" },
      h("div", {}, h("b", {}, "Halted"), h("small", {}, halt_reason || "no new entries")), button("Resume", "", resume));
  }
  return h("div", { class: "gate" }, h("div", {}, h("b", {}, running ? "Open for entries" : "Stopped")), button("Halt", "danger", halt));
}

async function halt() {
  const sure = await confirmed({
    question: "Halt trading?", verb: "Halt", kind: "danger solid",
    told: "No new entries until somebody resumes, also after a restart. Pending entries are cancelled. Open trades keep their protection, and can be closed.",
  });
  if (!sure) return "";
  const { cancelled_entries: cancelled } = await post("/api/halt");
  return `Trading is halted. ${cancelled.length ? `Pending entries cancelled: ${cancelled.length}.` : ""}`;
}

async function resume() {
  const sure = await confirmed({ question: "Resume trading?", verb: "Resume", kind: "primary", told: "New entries are let in again, from every bot and agent." });
  if (!sure) return "";
  await post("/api/resume");
  return "Trading goes on.";
}

// --- open trades -----------------------------------------------------------------------------------------------

const PROTECTION = {
  oco: ["good", "OCO", "stop and target rest at the exchange, as one order"],
  "stop+soft_tp": ["warn", "stop only", "the stop rests at the exchange, the target is watched from here"],
  soft: ["warn", "watched", "stop and target are watched from here"],
  none: ["bad", "unprotected", "neither stop nor target rests at the exchange"],
};

const away = (level, from) => from && level != null && h("small", { title: "away from the mark" }, percent((level / from - 1) * 100));

export function tradeTable(trades) {
  if (!trades.length) {
    return h("div", { class: "empty" }, h("p", {}, h("b", {}, "No trade is open.")),
      h("p", {}, "A trade enters at market by POST /api/trade, or at a price of your own by POST /api/trade/manual; its stop and target are placed with it."));
  }
  return table("trades", ["Market", "Size", "Entry, mark", "P/L", "Stop", "Target", "Protection", "Age", ""], trades.map(tradeRow));
}

function tradeRow(trade) {
  return [
    [market(trade), h("small", {}, trade.bot)],
    [amount(trade.size), h("small", {}, trade.mark_px && money(trade.size * trade.mark_px))],
    [price(trade.entry_px), h("small", {}, `now ${price(trade.mark_px)}`)],
    trade.unrealized_pnl == null ? "–" : h("span", { class: tone(trade.unrealized_pnl) }, signed(trade.unrealized_pnl), h("small", {}, percent(trade.unrealized_pnl_pct))),
    [price(trade.sl_px), trade.trailing && h("span", { class: "tag info", title: "the stop has followed the price" }, "trails"), away(trade.sl_px, trade.mark_px)],
    [price(trade.tp_px), away(trade.tp_px, trade.mark_px)],
    [badge(trade), h("small", {}, state(trade))],
    age(trade.opened_at),
    button("Close", "small danger", () => close(trade), `close ${trade.symbol}`),
  ];
}

const market = ({ symbol, direction }) => h("span", { class: "market-name" }, h("b", {}, symbol), h("span", { class: `side ${direction}` }, direction.toUpperCase()));

function badge({ protection, verified, unprotected_sec: bare }) {
  const [kind, name, title] = PROTECTION[protection];
  const told = bare >= 1 ? `${name} for ${Math.round(bare)} s` : name;
  return h("span", { class: `badge ${verified ? kind : "warn"}`, title: verified ? title : "put in by hand: the exchange does not show its orders" }, verified ? told : "not verified");
}

const state = (trade) => (trade.state === "protected" && trade.protection === "oco" ? trade.source : trade.state.replaceAll("_", " ") || trade.source);

async function close(trade) {
  const sure = await confirmed({
    question: `Close ${trade.symbol}?`, verb: `Sell ${amount(trade.size)} at market`, kind: "danger solid",
    told: `Its stop and target are cancelled and every open trade of ${trade.symbol} is sold at market.`,
  });
  if (!sure) return "";
  const { closed } = await post(`/api/close?symbol=${encodeURIComponent(trade.symbol)}`);
  const pnl = closed.reduce((sum, one) => sum + one.pnl, 0);
  return `${trade.symbol} is closed: ${signed(pnl)}.`;
}

// --- pending entries -------------------------------------------------------------------------------------------

export function pendingTable(entries, marks) {
  return table("pending", ["Market", "Size", "Price", "To the market", "Stop", "Target", "Expires in", ""], entries.map((entry) => pendingRow(entry, marks.get(entry.symbol))));
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
    button("Cancel", "small", () => cancel(entry), `cancel the entry of ${entry.symbol}`),
  ];
}

async function cancel(entry) {
  const sure = await confirmed({
    question: `Cancel the entry of ${entry.symbol}?`, verb: "Cancel the entry", kind: "danger solid",
    told: `The LIMIT order at ${price(entry.entry_px)} is taken back. What it has bought already is kept and protected.`,
  });
  if (!sure) return "";
  await del(`/api/pending-entries/${encodeURIComponent(entry.id)}`);
  return `The entry of ${entry.symbol} is cancelled.`;
}

// --- history ---------------------------------------------------------------------------------------------------

const EXITS = {
  sl: "stop", tp: "target", trailing: "trailing stop", close: "closed by hand", closeall: "closed with all", sell: "sold",
  synced: "imported", orphan: "never held", flattened: "could not be protected", external: "sold elsewhere",
};

export function closedTable(trades) {
  return table("closed", ["Market", "Size", "Entry", "Exit", "P/L", "How it ended", "Closed"], trades.map((trade) => [
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
  const told = [
    ["trades", stats.total_trades], ["won", stats.win_rate == null ? "–" : `${stats.win_rate.toFixed(0)} %`], ["P/L", h("span", { class: tone(stats.total_pnl) }, signed(stats.total_pnl))],
    ["profit factor", ratio(stats.profit_factor)], ["expectancy", stats.expectancy == null ? "–" : signed(stats.expectancy)],
    ["largest drawdown", money(stats.max_drawdown)],
  ];
  return told.map(([name, value]) => h("span", {}, h("b", {}, value), ` ${name}`));
}
