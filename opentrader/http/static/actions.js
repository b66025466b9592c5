// The user's actions: confirm first where money moves, execute once, show the result.

import { Refused } from "./api.js";
import { $, h } from "./dom.js";

const VISIBLE_MS = 12000;
let fading = 0;

export function say(text, kind = "") {
  $("said").textContent = text;
  $("said").className = `said ${kind}`;
  $("said").hidden = !text;
  clearTimeout(fading);
  fading = setTimeout(() => say(""), VISIBLE_MS);
}

export function refused(error) {
  if (!(error instanceof Refused)) return "The daemon does not respond.";
  return `${error.message}. ${error.code === "license_required" ? "Register above." : error.hint}`;
}

// Runs `work` with the button busy, shows the text that it returns, and sends `acted` so that the page reloads its data.
export async function act(button, work) {
  button.disabled = true;
  button.classList.add("busy");
  try {
    say((await work()) || "");
  } catch (error) {
    say(refused(error), "bad");
  } finally {
    button.disabled = false;
    button.classList.remove("busy");
    document.dispatchEvent(new Event("acted"));
  }
}

// Asks in a dialog; resolves to true only if the user clicks the button that names the action.
export function confirmed({ question, detail, verb, kind }) {
  const dialog = $("ask");
  return new Promise((resolve) => {
    const done = (answer) => (resolve(answer), dialog.close());
    dialog.replaceChildren(
      h("h2", { id: "ask-title" }, question), h("p", {}, detail),
      h("div", { class: "bar choices" },
        h("button", { autofocus: true, onclick: () => done(false) }, "Cancel"),
        h("button", { class: kind, onclick: () => done(true) }, verb)));
    dialog.onclose = () => resolve(false);
    dialog.showModal();
  });
}

export const button = (text, kind, work, label) =>
  h("button", { class: kind, "aria-label": label, onclick: (event) => act(event.currentTarget, work) }, text);
