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
  #open = false;

  constructor(name, connect, disconnect) {
    this.#name = name;
    this.#state = byId(`${name}-state`);
    this.#button = byId(`${name}-switch`);
    this.lines = new Lines(byId(`${name}-lines`), 5);
    this.#button.addEventListener("click", () => (this.#open ? disconnect() : connect()));
    this.#show("ended", "Not connected");
  }

  get open() {
    return this.#open;
  }

  opened() {
    this.#open = true;
    this.#show("live", "Live");
  }

  ended(reason) {
    this.#open = false;
    this.#show("ended", `Ended: ${reason}`);
  }

  #show(kind, text) {
    this.#state.className = `state ${kind}`;
    this.#state.textContent = text;
    this.#button.textContent = `${this.#open ? "Disconnect" : "Connect"} the ${this.#name}`;
  }
}
