// Small pieces of the page that are used more than once. Text goes in as text, never as HTML.

export const byId = (id) => document.getElementById(id);

/** An element with text and attributes. */
export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

/** A list that shows the newest lines on top, each with its time. */
export class Lines {
  #list;
  #most;

  constructor(list, most) {
    this.#list = list;
    this.#most = most;
  }

  add(text) {
    this.#list.querySelector(".placeholder")?.remove();
    const line = element("li", "");
    line.append(element("time", new Date().toLocaleTimeString()), ` ${text}`);
    this.#list.prepend(line);
    while (this.#list.children.length > this.#most) this.#list.lastChild.remove();
  }

  clear() {
    this.#list.replaceChildren();
  }
}

/** What the stream's card and the socket's have in common: a state, lines, and a button to connect and disconnect. */
export class Connection {
  lines;
  #name;
  #state;
  #button;
  #now = "ended";

  constructor(name, connect, disconnect) {
    this.#name = name;
    this.#state = byId(`${name}-state`);
    this.#button = byId(`${name}-switch`);
    this.lines = new Lines(byId(`${name}-lines`), 5);
    this.#button.addEventListener("click", () => (this.#now === "ended" ? connect() : disconnect()));
    this.#show("ended", "Not connected");
  }

  get live() {
    return this.#now === "live";
  }

  connecting() {
    this.#show("connecting", "Connecting");
  }

  opened() {
    this.#show("live", "Live");
  }

  ended(reason) {
    this.#show("ended", `Ended: ${reason}`);
  }

  #show(now, text) {
    this.#now = now;
    this.#state.className = `state ${now}`;
    this.#state.textContent = text;
    this.#button.textContent = `${now === "ended" ? "Connect" : "Disconnect"} the ${this.#name}`;
  }
}
