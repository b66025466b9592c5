// Talks to the daemon. The token lives in this variable and nowhere else.

let token = "";

export function setToken(value) {
  token = value;
}

export class Refused extends Error {
  constructor(status, body) {
    super(typeof body.detail === "string" ? body.detail : (body.detail || []).map((d) => `${d.loc.at(-1)}: ${d.msg}`).join("; "));
    this.status = status;
    this.code = body.code;
    this.hint = body.hint || "";
  }
}

export const hasToken = () => token !== "";

const authorized = () => (token ? { Authorization: `Bearer ${token}` } : {});

async function call(method, path, body) {
  const headers = { ...authorized(), ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const told = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const del = (path) => call("DELETE", path);

// The body of an answer that goes on for as long as `signal` lets it.
export async function stream(path, signal) {
  const answer = await fetch(path, { headers: authorized(), cache: "no-store", signal });
  if (!answer.ok) throw new Refused(answer.status, await answer.json());
  return answer.body;
}
