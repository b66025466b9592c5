// Follows /api/events while the page is looked at. By fetch, for an EventSource cannot send a token.

import { stream } from "./api.js";

const AGAIN_MS = 3000;
const SILENT_MS = 40000; // the daemon says something every 15 s

// `event(kind, data)` for each event, `up(yes)` when the stream begins and ends.
export function follow({ event, up }) {
  let running = null, waiting = 0;

  async function run() {
    clearTimeout(waiting);
    const mine = (running = new AbortController());
    try {
      await read(await stream("/api/events", mine.signal), mine, event, up);
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

async function read(body, mine, event, up) {
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
      for (const block of blocks) tell(block, event);
    }
  } finally {
    clearTimeout(silent);
  }
}

function tell(block, event) {
  const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
  if (fields.event) event(fields.event, JSON.parse(fields.data));
}
