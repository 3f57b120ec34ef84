// The demo's HTTP API: one function a route. It keeps nothing and touches no element of the page.

/** Where a path of the API is, wherever the demo is mounted. */
export function urlOf(path) {
  return new URL(`../${path}`, import.meta.url);
}

/** The server said no: its status and its sentence. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const register = (username, password) =>
  ask("POST", "register", { body: JSON.stringify({ username, password }), type: "application/json" });

export const login = (username, password) =>
  ask("POST", "login", { body: new URLSearchParams({ username, password }) });

export const refresh = (refreshToken) =>
  ask("POST", "token/refresh", {
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken }),
  });

export const profile = (token) => ask("GET", "profile", { token });
export const logout = (token) => ask("POST", "logout", { token });
export const logoutEverywhere = (token) => ask("POST", "logout/everywhere", { token });

/** The open event stream. `EventSource` can send no Authorization header, and a token in a URL ends up in logs. */
export const events = (token, signal) => send("GET", "events", { token, signal });

async function ask(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

async function send(method, path, { token, body, type, signal }) {
  const headers = new Headers();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (type) headers.set("Content-Type", type);
  const response = await fetch(urlOf(path), { method, headers, body, signal, cache: "no-store", redirect: "error" });
  if (!response.ok) throw new Refused(response.status, await detailOf(response));
  return response;
}

async function detailOf(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return `The server answered ${response.status}`; // something in between did
  }
}
