// What a person does on the page: asked twice where money moves, done once, and told what came of it.

import { Refused } from "./api.js";
import { $, h } from "./dom.js";

const SHOWN_MS = 12000;
let fading = 0;

export function say(text, kind = "") {
  $("said").textContent = text;
  $("said").className = `said ${kind}`;
  $("said").hidden = !text;
  clearTimeout(fading);
  fading = setTimeout(() => say(""), SHOWN_MS);
}

export function refused(error) {
  if (!(error instanceof Refused)) return "The daemon does not answer.";
  return `${error.message}. ${error.code === "license_required" ? "Register above." : error.hint}`;
}

// Runs work while the button shows that it does. Work returns what there is to say; whoever shows things hears of it.
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

// Resolves to what was chosen: true only by the button that says what will be done.
export function confirmed({ question, told, verb, kind }) {
  const dialog = $("ask");
  return new Promise((resolve) => {
    const done = (answer) => (resolve(answer), dialog.close());
    dialog.replaceChildren(
      h("h2", { id: "ask-title" }, question), h("p", {}, told),
      h("div", { class: "bar choices" },
        h("button", { autofocus: true, onclick: () => done(false) }, "No, go back"),
        h("button", { class: kind, onclick: () => done(true) }, verb)));
    dialog.onclose = () => resolve(false);
    dialog.showModal();
  });
}

export const button = (text, kind, work, label) =>
  h("button", { class: kind, "aria-label": label, onclick: (event) => act(event.currentTarget, work) }, text);
