// The dashboard: asks the daemon every few seconds and shows what it says.

import { Refused, get, post, setToken } from "./api.js";
import { explain } from "./explain.js";
import { $, age, h, left, now, price, setClock, show, told } from "./dom.js";
import { DECISIONS, HTF, reason } from "./words.js";

const EVERY_MS = 3000;
const contexts = new Map(); // what is known of a market beyond its row, by symbol and timeframes
let lastAnswer = 0;
let sourceKnown = false;

// --- polling ---------------------------------------------------------------------------------------------------

async function poll() {
  try {
    const [health, state, signals, market] = await Promise.all(
      ["/api/health", "/api/state", "/api/signal/list", "/api/market/all"].map(get));
    setClock(state.ts);
    await learn(market.data);
    reached();
    render(health, state, signals, market);
  } catch (error) {
    failed(error);
  }
}

function reached() {
  lastAnswer = Date.now();
  $("offline").hidden = $("token").hidden = true;
  document.body.classList.remove("stale-page");
  pill($("link"), "good", "live");
}

function failed(error) {
  if (error instanceof Refused && error.status === 401) {
    $("token").hidden = false;
    return pill($("link"), "warn", "token needed");
  }
  document.body.classList.add("stale-page");
  pill($("link"), "bad", "no answer");
  const since = lastAnswer ? `What you see is ${Math.round((Date.now() - lastAnswer) / 1000)} s old.` : "";
  const why = error instanceof Refused ? `The daemon answers, but not with data: ${error.message}.` : "The daemon does not answer. Is it running?";
  show($("offline"), `${why} ${since} Trying again every few seconds.`, (text) => text);
  $("offline").hidden = false;
}

// Rows of /api/market/all are short; the rest is asked for once per analysis.
async function learn(rows) {
  const missing = rows.filter((row) => contexts.get(key(row))?.timestamp !== row.timestamp && key(row) === current(row.symbol));
  await Promise.all(missing.map(async (row) => {
    const path = `/api/market/${encodeURIComponent(row.symbol)}?mtf_tf=${row.mtf_tf}&htf_tf=${row.htf_tf}`;
    contexts.set(key(row), await get(path).catch(() => ({ timestamp: row.timestamp })));
  }));
  if (!sourceKnown) await learnSource(rows.length ? rows[0].symbol : "BTC").catch(() => {});
}

async function learnSource(symbol) {
  const { source } = await get(`/api/candles/${encodeURIComponent(symbol)}?limit=1`);
  sourceKnown = true;
  showSource(source);
}

const key = (row) => `${row.symbol} ${row.mtf_tf} ${row.htf_tf}`;
const timeframe = () => $("timeframe").value;
const current = (symbol) => `${symbol} ${timeframe()} ${HTF[timeframe()]}`;

// --- header ----------------------------------------------------------------------------------------------------

function pill(node, kind, text) {
  node.className = `pill ${kind}`;
  node.textContent = text;
}

function showSource(source) {
  const node = $("source");
  const made = { simulated: "simulated market: prices are made up", files: "recorded candles, replayed" };
  node.className = `source ${source in made ? source : "market"}`;
  node.textContent = made[source] || `market: ${source}`;
  node.hidden = false;
}

function showHealth(health) {
  const active = health.license_status === "active";
  pill($("license"), active ? "good" : "warn", active ? `licence: ${health.plan}` : "no licence yet");
  $("register").hidden = active;
  $("register-curl").textContent =
    `curl -X POST ${location.origin}/api/license/register -H 'Content-Type: application/json' -d '{"email":"you@example.com","name":"Your Name"}'`;
  $("commit").textContent = `build ${health.commit}`;
}

// --- sections --------------------------------------------------------------------------------------------------

function render(health, state, signals, market) {
  showHealth(health);
  showMarket(market);
  show($("signals"), signals.signals.filter((s) => s.status === "pending"), pendingSignals);
  show($("agents"), state.agents, agentCards);
  show($("log"), state.log.slice(0, 60), logLines);
}

let lastMarket = { data: [] };

function showMarket(market) {
  lastMarket = market;
  const rows = market.data.filter((row) => key(row) === current(row.symbol));
  const full = rows.map((row) => ({ ...row, at: Math.round(now() - row.age_sec), context: contexts.get(key(row)) }));
  // The instant wobbles by a second from poll to poll; a row is the same while its analysis is.
  const same = full.map(({ age_sec, at, ...rest }) => rest);
  show($("market"), [timeframe(), same], () => (full.length ? marketTable(full) : nothingAnalysed()));
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
  const heads = ["Market", "Decision", "Why", `Move (${rows[0].mtf_tf})`, `Phase (${rows[0].htf_tf})`, "Place in range", "Age"];
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
    h("td", {}, h("span", { class: `decision ${row.priority_decision}` }, DECISIONS[row.priority_decision])),
    h("td", { class: "why" }, context.mtf ? reason(context.no_trade_reason) : "…"),
    h("td", {}, context.mtf ? move(context.mtf) : ""),
    h("td", {}, context.htf ? h("span", { class: context.htf.macro_phase }, context.htf.macro_phase) : ""),
    h("td", {}, context.htf ? place(context.htf) : ""),
    h("td", { class: "num" }, age(row.at), row.stale && h("span", { class: "tag", title: "older than the cache allows, or a newer candle has closed: scan again" }, "stale")));
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

const nothingAnalysed = () => h("div", { class: "empty" },
  h("p", {}, h("b", {}, `Nothing has been analysed on ${timeframe()} yet.`)),
  h("p", {}, "Scan now reads every market of the watchlist on two timeframes and decides, in seven levels, whether there is something to do. Click a market afterwards to see the verdict of each level."));

function pendingSignals(signals) {
  if (!signals.length) {
    return h("div", { class: "empty" }, h("p", {}, h("b", {}, "No signal is waiting.")),
      h("p", {}, "Scan & signal looks for mean-reversion setups at the edge of a range. What it finds waits here for a few minutes, unless somebody decides. Most of the time there is nothing: that is the point."));
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
      h("button", { class: "small", onclick: () => decide(signal.symbol, "confirm") }, "Mark as executed"),
      h("button", { class: "small", onclick: () => decide(signal.symbol, "reject") }, "Skip")));
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

function agentCards(agents) {
  return Object.entries(agents).map(([name, card]) => h("article", { class: `agent ${card.status}` },
    h("div", { class: "bar" }, h("b", {}, name), h("span", { class: "status" }, card.status), h("div", { class: "grow" }),
      card.ts ? h("small", {}, age(card.ts), " ago") : h("small", {}, "never reported")),
    card.action && h("p", {}, card.action)));
}

function logLines(lines) {
  if (!lines.length) return h("p", { class: "empty" }, "What agents and scans do is written here, newest first.");
  return h("ol", {}, lines.map((line) => h("li", { class: line.level },
    h("time", { title: new Date(line.ts * 1000).toLocaleString() }, new Date(line.ts * 1000).toLocaleTimeString([], { hour12: false })),
    h("b", {}, line.agent), h("span", {}, line.message))));
}

// --- what a person can do --------------------------------------------------------------------------------------

function say(text, kind = "") {
  $("said").textContent = text;
  $("said").className = `said ${kind}`;
  $("said").hidden = !text;
}

async function act(button, work) {
  button.disabled = true;
  button.classList.add("busy");
  try {
    say(await work());
  } catch (error) {
    say(error instanceof Refused ? `${error.message}. ${error.code === "license_required" ? "Register above." : error.hint}` : "The daemon does not answer.", "bad");
  } finally {
    button.disabled = false;
    button.classList.remove("busy");
    poll();
  }
}

async function scan() {
  const found = await post(`/api/market/scan?mtf_tf=${timeframe()}`);
  for (const context of found.results) contexts.set(key(context), context);
  const failures = found.failed.map((f) => `${f.symbol}: ${reason(f.code)}`).join(", ");
  return `Scanned ${found.scanned} markets on ${found.mtf_tf} within ${found.htf_tf}.${failures && ` Not read: ${failures}.`}`;
}

async function scanAndSignal() {
  const found = await post("/api/mr-combined/scan-and-signal?agent=scout");
  if (found.reason) return `Nothing was looked at: ${reason(found.reason)}.`;
  const why = Object.entries(Object.groupBy ? Object.groupBy(found.skipped, (s) => s.reason) : grouped(found.skipped));
  const skipped = why.map(([name, rows]) => `${rows.length} ${reason(name)}`).join(", ");
  return `${found.scanned} markets, ${found.signaled.length} signal${found.signaled.length === 1 ? "" : "s"}.${skipped && ` Skipped: ${skipped}.`}`;
}

function grouped(rows) {
  const groups = {};
  for (const row of rows) (groups[row.reason] ||= []).push(row);
  return groups;
}

async function decide(symbol, decision) {
  try {
    await post(`/api/signal/${encodeURIComponent(symbol)}/${decision}`);
  } catch (error) {
    say(error.message, "bad");
  }
  poll();
}

async function register(event) {
  event.preventDefault();
  await act(event.submitter, async () => {
    await post("/api/license/register", { email: $("email").value, name: $("name").value });
    return "The licence is registered.";
  });
}

function useToken(event) {
  event.preventDefault();
  setToken($("token-value").value);
  $("token-value").value = "";
  poll();
}

async function copyCurl() {
  await navigator.clipboard.writeText($("register-curl").textContent);
  $("copy-curl").textContent = "Copied";
}

function start() {
  $("timeframe").append(...Object.keys(HTF).map((name) => h("option", { value: name, selected: name === "4h" }, name)));
  $("timeframe").addEventListener("change", () => (showMarket(lastMarket), poll()));
  $("scan").addEventListener("click", (event) => act(event.currentTarget, scan));
  $("scan-signal").addEventListener("click", (event) => act(event.currentTarget, scanAndSignal));
  $("register-form").addEventListener("submit", register);
  $("token-form").addEventListener("submit", useToken);
  $("copy-curl").addEventListener("click", copyCurl);
  document.addEventListener("visibilitychange", () => document.hidden || poll());
  setInterval(() => document.hidden || poll(), EVERY_MS);
  poll();
}

start();
