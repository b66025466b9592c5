// Follows /api/events while the page is looked at. By fetch, for an EventSource cannot send a token.

import { get, stream } from "./api.js";

const AGAIN_MS = 3000, SOON_MS = 300;
const SILENT_MS = 40000; // the daemon says something every 15 s

// An event tells of one row; the page shows whole views, and asks for the one that has changed.
const VIEWS = { agent: "/api/state", signal: "/api/signal/list", market: "/api/market/all", trade: "/api/trades", pending: "/api/pending-entries" };
const PART_OF = { log: "agent", halt: "pending" }; // a halt takes waiting entries back, and the page asks for the status with them

// `event(kind, data)` for each view that has changed, `up(yes)` when the stream begins and ends.
export function follow({ event, up }) {
  let running = null, waiting = 0;

  async function run() {
    clearTimeout(waiting);
    const mine = (running = new AbortController());
    try {
      await read(await stream("/api/events", mine.signal), mine, teller(event), up);
    } catch {
      // Told by `up`; polling goes on meanwhile, and says why.
    }
    if (running !== mine) return;
    running = null;
    up(false);
    if (!document.hidden) waiting = setTimeout(run, AGAIN_MS);
  }

  // A browser has few connections to one host: pages that nobody looks at must not hold them.
  document.addEventListener("visibilitychange", () => (document.hidden ? running?.abort() : running || run()));
  if (!document.hidden) run();
}

async function read(body, mine, tell, up) {
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
      for (const block of blocks) tell(block);
    }
  } finally {
    clearTimeout(silent);
  }
}

// What has no id only tells how things stood at the beginning: the page asks for all that when the stream is up.
function teller(event) {
  const changed = new Set();

  async function ask(kind) {
    changed.delete(kind);
    const view = await get(VIEWS[kind]).catch(() => null); // polling says why
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
