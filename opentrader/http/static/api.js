// Calls the API. The token is kept in this variable only.

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
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const payload = await response.json();
  if (!response.ok) throw new Refused(response.status, payload);
  return payload;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const del = (path) => call("DELETE", path);

// The body of an endless response; `signal` ends it.
export async function stream(path, signal) {
  const response = await fetch(path, { headers: authorized(), cache: "no-store", signal });
  if (!response.ok) throw new Refused(response.status, await response.json());
  return response.body;
}
