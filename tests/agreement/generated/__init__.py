"""Generated sites, allowlists and requests: whether any request reaches an endpoint that is not for its client.

`sites` draws a table of routes, `allowlists` draws the rules over it, `requests` draws requests aimed at both.
`frameworks` writes the site in one of six frameworks. Every endpoint notes that it was entered, and with which values.

The law: an endpoint is entered only if the rule for its own canonical request admits the client. The canonical request
is the route with the values that the endpoint got, decoded, in plain spelling. `oracle` says what the allowlist decides
for it, and is written from docs/allowlist.md without any code of the library.

One thing is exempt: a literal rule decides for the URL that it names, whatever endpoint the router puts there. Two
things are not drawn. Every catch-all, mount and static folder is named by some rule, for HTTP and for websockets: a
router that takes `/mntpage` for the mount `/mnt` would reach it by `public("/{page}")`, and no rule says that the mount
exists. And no rule with parameters ends in a slash in front of a router that ignores it.
"""
