// The page: what its forms and buttons do, and what it shows of the session.

import * as api from "./api.js";
import { claimsOf, clockTime, described } from "./claims.js";
import { byId, Connection, element, Lines } from "./elements.js";
import { Session } from "./session.js";
import { openSocket } from "./socket.js";
import { followEvents } from "./stream.js";

const session = new Session();
const activity = new Lines(byId("activity"), 8);

// Logging in and out

byId("credentials").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("entry-fault").textContent = "";
  const logsIn = event.submitter !== byId("register"); // the enter key does too
  try {
    await (logsIn ? login : register)(byId("username").value, byId("password").value);
  } catch (error) {
    byId("entry-fault").textContent = error.message;
  }
});

byId("logout").addEventListener("click", () => leave(api.logout, "Logged out: this session's tokens are revoked"));
byId("logout-everywhere").addEventListener("click", () =>
  leave(api.logoutEverywhere, "Logged out everywhere: every token of this account is revoked"),
);

async function register(username, password) {
  await api.register(username, password);
  activity.add(`Registered ${username}. Now log in.`);
  byId("login").focus();
}

async function login(username, password) {
  await session.login(username, password);
  activity.add(`Logged in as ${username}`);
  const { message } = await session.authorized(api.profile);
  byId("welcome").textContent = message;
  byId("entry").hidden = true;
  byId("board").hidden = false;
  byId("password").value = "";
  byId("welcome").focus();
  connectStream();
  connectSocket();
}

async function leave(logout, said) {
  try {
    await session.authorized(logout);
    activity.add(said);
  } catch (error) {
    activity.add(`${error.message}. The tokens are forgotten here.`);
    stream.abort();
    socket?.close();
  }
  session.forget();
}

session.addEventListener("end", () => {
  byId("board").hidden = true;
  byId("entry").hidden = false;
  byId("claims").replaceChildren();
  streamCard.lines.clear();
  socketCard.lines.clear();
  byId("username").focus();
});

// The token

session.addEventListener("token", () => {
  const rows = described(claimsOf(session.token)).map(([claim, name, value]) => {
    const term = element("dt", "");
    term.append(element("code", claim), ` ${name}`);
    return [term, element("dd", value)];
  });
  byId("claims").replaceChildren(...rows.flat());
  byId("remaining").max = session.lifetime;
  countDown();
});

byId("refresh").addEventListener("click", async () => {
  try {
    await session.renew();
    activity.add("Refreshed: a new access token and a new refresh token");
    if (socketCard.live) socket.renew(session.token);
  } catch (error) {
    activity.add(error.message);
    if (error.status === 400) session.forget();
  }
});

function countDown() {
  const seconds = Math.max(0, Math.ceil((session.endsAt - performance.now()) / 1000));
  byId("token").classList.toggle("expired", seconds === 0);
  byId("countdown").textContent = clockTime(seconds);
  byId("countdown-label").textContent = seconds ? "until it expires" : "it has expired; refresh it to go on";
  byId("remaining").value = seconds;
}

setInterval(() => {
  if (session.token) countDown();
}, 250);

// The event stream

let stream = null;
const streamCard = new Connection("stream", connectStream, () => stream.abort());

async function connectStream() {
  const mine = (stream = new AbortController());
  streamCard.connecting();
  let reason;
  try {
    reason = await session.authorized((token) =>
      followEvents(token, mine.signal, {
        opened: () => streamCard.opened(),
        event: ({ number, listeners }) => streamCard.lines.add(`event ${number}, listeners: ${listeners}`),
      }),
    );
  } catch (error) {
    reason = mine.signal.aborted ? "closed here" : error.message;
  }
  if (mine === stream) endedBy(streamCard, "event stream", reason || "by the server");
}

// The websocket

let socket = null;
const socketCard = new Connection("socket", connectSocket, () => socket?.close());

async function connectSocket() {
  socketCard.connecting();
  try {
    // A browser does not say why a websocket was refused, so a token that has ended is not even tried.
    const mine = openSocket(await session.freshToken(), {
      opened: () => socketCard.opened(),
      message: (text) => socketCard.lines.add(text),
      renewed: (accepted) => activity.add(`The websocket ${accepted ? "took" : "refused"} the new token`),
      closed: (reason) => mine === socket && endedBy(socketCard, "websocket", reason),
    });
    socket = mine;
  } catch (error) {
    endedBy(socketCard, "websocket", error.message);
  }
}

byId("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!socketCard.live) return activity.add("The websocket is not connected");
  socket.send(byId("message").value);
  byId("message").value = "";
});

function endedBy(card, name, reason) {
  card.ended(reason);
  activity.add(`The ${name} ended: ${reason}`);
}
