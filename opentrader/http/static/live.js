// Follows /api/events while the page is visible. With fetch, because an EventSource cannot send a token.

import { get, stream } from "./api.js";

const AGAIN_MS = 3000, SOON_MS = 300;
const SILENT_MS = 40000; // the daemon sends a ping every 15 s

// An event holds one row. The page shows whole views and reloads the one that has changed.
const VIEWS = { agent: "/api/state", signal: "/api/signal/list", market: "/api/market/all", trade: "/api/trades", pending: "/api/pending-entries" };
const PART_OF = { log: "agent", halt: "pending" }; // a halt cancels pending entries, and the page reloads the status with them

// Calls `event(kind, data)` for each changed view, and `up(yes)` when the stream begins or ends.
export function follow({ event, up }) {
  let running = null, waiting = 0;

  async function run() {
    clearTimeout(waiting);
    const mine = (running = new AbortController());
    try {
      await read(await stream("/api/events", mine.signal), mine, dispatcher(event), up);
    } catch {
      // Reported by `up`; polling continues and shows the reason.
    }
    if (running !== mine) return;
    running = null;
    up(false);
    if (!document.hidden) waiting = setTimeout(run, AGAIN_MS);
  }

  // A browser has few connections per host: hidden pages must not hold one.
  document.addEventListener("visibilitychange", () => (document.hidden ? running?.abort() : running || run()));
  if (!document.hidden) run();
}

async function read(body, mine, dispatch, up) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", silent = 0;
  up(true);
  try {
    for (;;) {
      silent = setTimeout(() => mine.abort(), SILENT_MS);
      const { done, value } = await reader.read();
      clearTimeout(silent);
      if (done) return;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) dispatch(block);
    }
  } finally {
    clearTimeout(silent);
  }
}

// Events without an id are the snapshot: the page loads everything itself when the stream begins.
function dispatcher(event) {
  const changed = new Set();

  async function ask(kind) {
    changed.delete(kind);
    const view = await get(VIEWS[kind]).catch(() => null); // polling shows the reason
    if (view) event(kind, view);
  }

  return (block) => {
    const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
    const kind = PART_OF[fields.event] || fields.event;
    if (!fields.id) return;
    if (kind === "license") event(kind, JSON.parse(fields.data));
    if (!(kind in VIEWS) || changed.has(kind)) return;
    changed.add(kind);
    setTimeout(ask, SOON_MS, kind);
  };
}
