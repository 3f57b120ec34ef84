// Who is logged in here: the tokens, and when to get new ones.
//
// Both tokens are kept in private fields, in memory. localStorage would give them to every script that ever runs on
// this origin, today's or an injected one's, and keep them after the tab is closed. The price: a reload logs out.

import * as api from "./api.js";

export class Session extends EventTarget {
  #accessToken = null;
  #refreshToken = null;
  #renewal = null;

  /** The access token, or null. */
  get token() {
    return this.#accessToken;
  }

  /** Seconds that the access token lives, and when it ends on the clock of `performance.now()`, in milliseconds. */
  lifetime = 0;
  endsAt = 0;

  async login(username, password) {
    this.#keep(await api.login(username, password));
  }

  /** The next pair of tokens. Asked for once at a time: a refresh token that is sent twice ends the session. */
  renew() {
    this.#renewal ??= api
      .refresh(this.#refreshToken)
      .then((answer) => this.#keep(answer))
      .finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  /** An access token that has not ended yet, as far as can be told here. */
  async freshToken() {
    if (performance.now() >= this.endsAt) await this.renew();
    return this.#accessToken;
  }

  /** Whatever `call` makes of the access token; if that has ended, of the next one. */
  async authorized(call) {
    try {
      return await call(this.#accessToken);
    } catch (error) {
      if (error.status !== 401) throw error;
      await this.renew();
      return call(this.#accessToken);
    }
  }

  forget() {
    this.#accessToken = this.#refreshToken = null;
    this.dispatchEvent(new Event("end"));
  }

  #keep(answer) {
    this.#accessToken = answer.access_token;
    this.#refreshToken = answer.refresh_token;
    this.lifetime = answer.expires_in;
    this.endsAt = performance.now() + answer.expires_in * 1000; // not `exp`: this machine's clock may be wrong
    this.dispatchEvent(new Event("token"));
  }
}
