// The websocket. A browser can set no header on it, so the token goes in as a subprotocol, which no log shows.

import { urlOf } from "./api.js";

/** Opens it. `tell` is told what happens: `opened()`, `message(text)`, `renewed(accepted)`, `closed(reason)`. */
export function openSocket(token, tell) {
  const url = urlOf("ws/echo");
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url, ["bearer", token]);
  socket.addEventListener("open", () => tell.opened());
  socket.addEventListener("message", ({ data }) => {
    const answer = /^\{"type": ?"bearer\.(renewed|refused)"/.exec(data);
    if (answer) tell.renewed(answer[1] === "renewed");
    else tell.message(data);
  });
  socket.addEventListener("close", ({ code, reason }) => tell.closed(reason || `code ${code}`));
  return {
    send: (text) => socket.send(text),
    /** Hands in a fresh token, so that the socket outlives the one it was opened with. */
    renew: (fresh) => socket.send(JSON.stringify({ type: "bearer.renew", access_token: fresh })),
    close: () => socket.close(1000, "closed here"),
  };
}
