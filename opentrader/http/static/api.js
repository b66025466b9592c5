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

async function call(method, path, body) {
  const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const told = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
