// The event stream: read with fetch(), since EventSource can send no Authorization header.

import * as api from "./api.js";

/** Opens it and tells of each event until it ends. Resolves to the reason that the server gave, or "". */
export async function followEvents(token, signal, tell) {
  const response = await api.events(token, signal);
  tell.opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let reason = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return reason;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const event of blocks.map(parse)) {
      if (event.type.startsWith("token_")) reason = event.type.replace("_", " ");
      else if (event.data) tell.event(JSON.parse(event.data));
    }
  }
}

/** One block of lines (WHATWG HTML, section 9.2.6). Lines that begin with a colon are comments. */
function parse(block) {
  const event = { type: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, field, text] = /^(\w*):? ?(.*)$/.exec(line);
    if (field === "event") event.type = text;
    if (field === "data") event.data += text;
  }
  return event;
}
