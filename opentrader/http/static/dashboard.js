// The dashboard: follows the event stream, polls the rest every few seconds, and renders both.

import { Refused, get, hasToken, post, setToken } from "./api.js";
import { act, say } from "./actions.js";
import { agentCards, logLines, newsList, pendingSignals } from "./board.js";
import { $, h, setClock, show } from "./dom.js";
import { follow } from "./live.js";
import { contexts, key, learn, prices, readPrices, showMarket, timeframe } from "./market.js";
import { accountStrip, closedTable, pendingTable, statsLine, tradeTable } from "./trading.js";
import { HTF, reason } from "./words.js";

const SOURCES = {
  health: "/api/health", state: "/api/state", signals: "/api/signal/list", market: "/api/market/all", trades: "/api/trades",
  portfolio: "/api/portfolio", status: "/api/status", pending: "/api/pending-entries", history: "/api/trades/history?limit=10", stats: "/api/trades/stats",
};
const CARRIED = { agent: "state", signal: "signals", market: "market", trade: "trades", pending: "pending" }; // the view that an event carries
const FOLLOWS = { signal: ["status"], trade: ["status", "portfolio", "history", "stats"], pending: ["status", "portfolio"], license: Object.keys(SOURCES) };
const MISSING = new Set(["license_required", "not_ready"]); // data that is not available yet

const LIVE_MS = 15000, ALONE_MS = 3000, PRICES_MS = 10000, NEWS_MS = 60000, SOON_MS = 300;

const known = { pending: null, news: [] };
let lastAnswer = 0, lastPrices = 0, lastNews = 0, live = false;

// --- loading ----------------------------------------------------------------------------------------------------

async function load(names) {
  try {
    const loaded = await Promise.all(names.map((name) => get(SOURCES[name]).catch(missing)));
    names.forEach((name, i) => (known[name] = loaded[i]));
    if (names.includes("state")) setClock(known.state.ts);
    reached();
    await render();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

function missing(error) {
  if (error instanceof Refused && MISSING.has(error.code)) return null;
  throw error;
}

// Requests of several events at about the same time are combined.
const wanted = new Set();
let soon = 0;

function want(names) {
  names.forEach((name) => wanted.add(name));
  soon ||= setTimeout(() => {
    soon = 0;
    const now = [...wanted];
    wanted.clear();
    load(now);
  }, SOON_MS);
}

let next = 0;

async function poll() {
  clearTimeout(next);
  const asks = !document.hidden && $("token").hidden; // without the token every request fails
  if (asks && (await load(Object.keys(SOURCES)))) await Promise.all([readThePrices(), readNews()]).catch(() => {});
  clearTimeout(next);
  next = setTimeout(poll, live ? LIVE_MS : ALONE_MS);
}

async function readThePrices() {
  if (Date.now() - lastPrices < PRICES_MS) return;
  lastPrices = Date.now();
  const source = await readPrices(known.market.data, (known.pending?.pending || []).map((entry) => entry.symbol));
  if (source) showSource(source);
  await render();
}

async function readNews() {
  if (Date.now() - lastNews < NEWS_MS) return;
  lastNews = Date.now();
  known.news = (await get("/api/news?limit=12")).news;
  await render();
}

function heard(kind, data) {
  if (kind in CARRIED && !data.code) known[CARRIED[kind]] = data;
  if (kind === "agent") setClock(data.ts);
  if (kind in FOLLOWS) want(FOLLOWS[kind]);
  render();
}

function streaming(yes) {
  live = yes;
  poll();
}

function reached() {
  lastAnswer = Date.now();
  $("offline").hidden = $("token").hidden = true;
  document.body.classList.remove("stale-page");
  pill($("link"), "good", live ? "live" : "every 3 s");
}

function failed(error) {
  if (error instanceof Refused && error.status === 401) {
    $("token").hidden = false;
    return pill($("link"), "warn", "token needed");
  }
  document.body.classList.add("stale-page");
  pill($("link"), "bad", "offline");
  const since = lastAnswer ? `The data on this page is ${Math.round((Date.now() - lastAnswer) / 1000)} s old.` : "";
  const why = error instanceof Refused ? `The daemon returned an error: ${error.message}.` : "The daemon does not respond. Is it running?";
  show($("offline"), `${why} ${since} Retrying every few seconds.`, (text) => text);
  $("offline").hidden = false;
}

// --- rendering ---------------------------------------------------------------------------------------------------

function pill(node, kind, text) {
  node.className = `pill ${kind}`;
  node.textContent = text;
}

function showSource(source) {
  const node = $("source");
  const made = { simulated: "simulated market: prices are not real", files: "replayed recorded candles" };
  node.className = `source ${source in made ? source : "market"}`;
  node.textContent = made[source] || `market: ${source}`;
  node.hidden = false;
}

function showHealth(health) {
  const active = health.license_status === "active";
  pill($("license"), active ? "good" : "warn", active ? `license: ${health.plan}` : "no license");
  $("register").hidden = active;
  $("register-curl").textContent =
    `curl -X POST ${location.origin}/api/license/register -H 'Content-Type: application/json'${hasToken() ? ' -H "Authorization: Bearer $OPENTRADER_API_TOKEN"' : ""} -d '{"email":"you@example.com","name":"Your Name"}'`;
  $("commit").textContent = `build ${health.commit}`;
}

async function render() {
  if (!known.health || !known.trades) return;
  await learn(known.market.data);
  showHealth(known.health);
  showTrading();
  showMarket(known.market);
  show($("signals"), known.signals.signals.filter((s) => s.status === "pending"), pendingSignals);
  show($("agents"), known.state.agents, agentCards);
  show($("log"), known.state.log.slice(0, 60), logLines);
  showSection("news", known.news, newsList);
}

function showTrading() {
  const { status, portfolio, trades: { trades }, history, stats } = known;
  const { uptime_sec, timestamp, actors, ...steady } = status || {};
  show($("account"), [status && steady, portfolio && { ...portfolio, timestamp: 0 }, trades], () => accountStrip({ status, portfolio, trades }));
  document.body.classList.toggle("halted", Boolean(status?.halted));
  show($("trades"), trades, tradeTable);
  const entries = known.pending?.pending || [];
  const marks = new Map(entries.map(({ symbol }) => [symbol, prices.get(symbol)]));
  showSection("pending", [entries, [...marks]], () => pendingTable(entries, marks), entries.length);
  showSection("closed", history.trades, closedTable);
  show($("stats"), stats, statsLine);
}

// A section that is visible only if it has content.
function showSection(id, data, build, count = data.length) {
  $(`${id}-section`).hidden = !count;
  show($(id), data, build);
}

// --- actions --------------------------------------------------------------------------------------

async function scan() {
  const found = await post(`/api/market/scan?mtf_tf=${timeframe()}&agent=tech`);
  for (const context of found.results) contexts.set(key(context), context);
  lastPrices = 0;
  const failures = found.failed.map((f) => `${f.symbol}: ${reason(f.code)}`).join(", ");
  return `Scanned ${found.scanned} markets on ${found.mtf_tf} within ${found.htf_tf}.${failures && ` Failed: ${failures}.`}`;
}

async function scanAndSignal() {
  const found = await post("/api/mr-combined/scan-and-signal?agent=scout");
  if (found.reason) return `No market scanned: ${reason(found.reason)}.`;
  const why = Object.entries(grouped(found.skipped)).map(([name, rows]) => `${rows.length} ${reason(name)}`);
  return `${found.scanned} markets, ${found.signaled.length} signal${found.signaled.length === 1 ? "" : "s"}.${why.length ? ` Skipped: ${why.join(", ")}.` : ""}`;
}

function grouped(rows) {
  const groups = {};
  for (const row of rows) (groups[row.reason] ||= []).push(row);
  return groups;
}

async function register(event) {
  event.preventDefault();
  await act(event.submitter, async () => {
    await post("/api/license/register", { email: $("email").value, name: $("name").value });
    return "License registered.";
  });
}

function useToken(event) {
  event.preventDefault();
  setToken($("token-value").value);
  $("token-value").value = "";
  $("token").hidden = true;
  poll();
}

async function copyCurl() {
  await navigator.clipboard.writeText($("register-curl").textContent);
  $("copy-curl").textContent = "Copied";
}

function start() {
  $("timeframe").append(...Object.keys(HTF).map((name) => h("option", { value: name, selected: name === "4h" }, name)));
  $("timeframe").addEventListener("change", () => ((lastPrices = 0), poll()));
  $("scan").addEventListener("click", (event) => act(event.currentTarget, scan));
  $("scan-signal").addEventListener("click", (event) => act(event.currentTarget, scanAndSignal));
  $("register-form").addEventListener("submit", register);
  $("token-form").addEventListener("submit", useToken);
  $("copy-curl").addEventListener("click", copyCurl);
  $("said").addEventListener("click", () => say(""));
  document.addEventListener("acted", poll);
  document.addEventListener("visibilitychange", () => document.hidden || poll());
  poll();
  follow({ event: heard, up: streaming });
}

start();
