// What an access token says, for people. Nothing here is verified: that is the server's work.

const NAMES = {
  sub: "subject",
  exp: "expires at",
  iat: "issued at",
  roles: "roles",
  scope: "scopes",
  iss: "issuer",
  aud: "audience",
  client_id: "client",
  sid: "session",
  jti: "token id",
};

/** The claims set of a JWT. */
export function claimsOf(token) {
  const octets = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (letter) =>
    letter.charCodeAt(0),
  );
  return JSON.parse(new TextDecoder().decode(octets));
}

/** Each claim, what it is in words, and its value as text; those that everybody knows come first. */
export function described(claims) {
  const known = Object.keys(NAMES).filter((claim) => claim in claims);
  return [...new Set([...known, ...Object.keys(claims)])].map((claim) => [
    claim,
    NAMES[claim] ?? "",
    textOf(claim, claims[claim]),
  ]);
}

/** Seconds as m:ss. */
export function clockTime(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function textOf(claim, value) {
  if (claim === "iat" || claim === "exp") return new Date(value * 1000).toLocaleTimeString();
  return Array.isArray(value) ? value.join(", ") : String(value);
}
