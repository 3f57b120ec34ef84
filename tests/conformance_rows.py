"""The rows of docs/conformance.md: what we do with each known fault of this kind of software and each rule of its standards.

A row's tests are found by its name in theirs (`test_A1_…`, or an id that starts with `R24`); rows J, about reading a token
piece by piece, name their tests. `NOT_APPLICABLE` says why a row has none.
"""

# ruff: noqa: E501

ROWS: dict[str, str] = {
    "A1": "`alg: none` in any spelling, with and without a signature, is refused; it cannot be configured",
    "A2": "a public key used as an HMAC secret verifies nothing",
    "A3": "the same for every form of a public key: PKCS #1, SSH, X.509",
    "A4": "key material in any form is refused as a secret at construction",
    "A5": "also behind white space or a byte order mark",
    "A6": "a JWK without `alg` verifies with the configured algorithm of its kind only",
    "A7": "a key in the header is never used",
    "A8": "where no key is found, nothing is verified",
    "A9": "an empty secret is refused at construction",
    "A10": "a missing or empty signature is refused",
    "A11": "an ECDSA signature of zeros is refused",
    "A12": "DER and wrong lengths are refused without an exception; malleability is documented",
    "A13": "secrets are compared in constant time",
    "A14": "an oversized signature is refused before it is decoded",
    "A15": "an HMAC key shorter than its hash is refused at construction",
    "A16": "published and repeated secrets are refused at construction",
    "A17": "algorithms are always restricted",
    "A18": "there is no argument that turns the check off",
    "B1": "a claim of a wrong type is refused and never taken for an absent one",
    "B2": "`iss` is compared exactly",
    "B3": "`iss` is a string and no array",
    "B4": "`aud` is always checked, by exact members",
    "B5": "audiences are never patterns",
    "B6": "issuer and audience cannot be left out",
    "B7": "a key of one issuer never verifies for another, whatever its `kid`",
    "B8": "a bad signature is told before expiry",
    "B9": "`crit` is never ignored",
    "B10": "event, logout, ID and DPoP tokens are refused by `typ` and by shape",
    "B11": "a user whom the loader does not know is refused; a token by its `jti`: not yet",
    "B12": "expiry is checked for every kind of rule",
    "C1": "megabytes of dots are refused before they are split",
    "C2": "deep JSON in header or payload is refused",
    "C3": "no part of a token is in an answer or a log line",
    "C4": "encrypted tokens are never parsed",
    "C5": "nothing is ever decompressed",
    "C6": "`b64` is refused in any form",
    "C7": "the compact form is read strictly",
    "C8": "polyglots of JSON and the compact form are refused",
    "C9": "no header of an unexpected shape gets an exception out",
    "C10": "ten such headers by name",
    "D1": "random `kid`s cause one fetch a cooldown, all who wait share it, and a failed fetch keeps the old keys",
    "D2": "no redirect is followed",
    "D3": "only https is fetched, and http from this machine where `allow_loopback_http=True` says so",
    "D4": "no URL in a header is ever fetched",
    "D5": "certificates are always checked; the one switch, for loopback, takes no text for True",
    "D6": "keys that one issuer published never verify for another, whatever their `kid`",
    "D7": "`kid` is bounded and only compared",
    "D8": "a `kid` that is no string is refused; an older answer never overwrites a newer one",
    "D9": "a bad key in a set is skipped, the others live",
    "D10": "answers are bounded in bytes and time, and compressed ones refused",
    "D11": "metadata that name another issuer are refused",
    "E1": "tokens that start alike are different people",
    "E2": "a token is decided anew under each configuration",
    "E3": "two Authorization headers never count as one",
    "E4": "a changed part makes a seen token a new one",
    "E5": "a thousand requests at once are never mixed up",
    "E7": "a refused token is not kept and looked at anew; what is kept is bounded in entries and bytes",
    "E8": "a key that was withdrawn is obeyed, by tokens seen before too",
    "F1": "the `Host` header decides nothing about a path; rules that name hosts refuse a broken or repeated one",
    "F2": "forwarding headers decide nothing",
    "F3": "a fragment in the target is refused or opens nothing",
    "F4": "the query decides nothing",
    "F5": "no user agent is exempt",
    "F6": "no header skips the middleware",
    "F7": "dot segments are refused with 400",
    "F8": "empty segments are refused with 400",
    "F9": "an encoded slash is rejected, and what is encoded twice",
    "F10": "an opening is exact in case; a guard holds for every case",
    "F11": "line ends and control characters are refused",
    "F12": "a pattern starts with a slash; stars and empty ones are configuration errors",
    "F13": "an opening is exact about a slash at the end; a guard holds with and without it",
    "F14": "`;` is refused",
    "F15": "the differential run in front of six routers finds no disagreement",
    "F16": "a path without a leading slash is refused",
    "F17": "the raw path opens nothing by itself; an opening must hold in both readings",
    "F18": "there is no matching of suffixes",
    "F19": "a root path that the client chose opens nothing: every router is handed the same reading",
    "F20": "the same decision whether or not the server puts the root path before the path",
    "F21": "a host that a rule names is a site of its own",
    "F22": "rules are relative to the app that is wrapped",
    "F23": "an inner middleware never weakens an outer one",
    "F24": "dot segments never reach static files",
    "F25": "what would open everything is a configuration fault",
    "G1": "a websocket needs a token before it is accepted; unknown scope types are not passed on",
    "G2": "HEAD is decided as GET",
    "G3": "OPTIONS is free only where a rule says so, or where CORS answers before us",
    "G4": "an unusual method satisfies every protected rule and no public one",
    "G5": "an override of the method decides nothing",
    "G6": "two `Authorization` headers are refused",
    "G7": "the app gets a snapshot of the headers",
    "G8": "identity headers are never believed",
    "G9": "a malformed credential is refused wherever a token is looked at",
    "G10": "an optional route refuses a bad token",
    "G11": "unverified claims are nowhere",
    "G12": "a path is never a regular expression",
    "G13": "refusals are printable ASCII",
    "G14": "a scope without a method is decided",
    "I1": "no text of a client is in a header",
    "I2": "no text of a client and no token is in a log",
    "I3": "a token in the query is ignored",
    "I4": "descriptions are fixed sentences",
    "I5": "refusals are not stored, optional answers vary by `Authorization`",
    "I6": "no redirect goes before authentication",
    "I7": "known and unknown routes are refused alike",
    "I8": "a traceback does not show the token",
    "I9": "no user is left for the next request",
    "R1": "the scheme is case-insensitive",
    "R2": "one or more spaces before the token, no other white space",
    "R3": "the token's alphabet is b64token; anything else is a 400",
    "R4": "white space behind the value is tolerated",
    "R5": "two methods or headers are a 400",
    "R6": "tokens in query, body and cookies are ignored",
    "R7": "every challenge has a realm",
    "R8": "without credentials there is no `error`",
    "R9": "400, 401 and 403 as RFC 6750 has them",
    "R10": "`scope` names the missing scopes' rule, sorted",
    "R11": "only allowed characters in a challenge",
    "R12": "each attribute at most once",
    "R13": "no token in a log",
    "R14": "every 401 has its challenge, also for HEAD and websockets",
    "R15": "Authorization is no list",
    "R16": "headers that come later are not seen",
    "R17": "HEAD is decided as GET and has no body",
    "R18": "methods are case-sensitive where a rule opens",
    "R19": "refusals are not stored; optional answers vary by Authorization",
    "R21": "exactly three parts",
    "R22": "base64url without padding or white space",
    "R23": "header names are unique",
    "R24": "unknown header parameters are ignored",
    "R25": "the header is a UTF-8 JSON object",
    "R26": "`alg` is there, a string, case-sensitive",
    "R27": "`jku`, `jwk`, `x5u`, `x5c` are never trusted",
    "R28": "`kid` is a case-sensitive string",
    "R29": "`typ` is compared as a media type",
    "R30": "`crit` is refused",
    "R31": "any failing step refuses the whole",
    "R32": "nothing may follow the JSON",
    "R33": "an HMAC key has at least the hash's size",
    "R34": "RSA keys have 2048 bits or more",
    "R35": "an ECDSA signature has its exact length; the curve is bound to the algorithm",
    "R36": "`none` is never accepted",
    "R37": "`use` and `key_ops` are honoured",
    "R38": "a bad or unknown JWK is ignored, the set survives",
    "R39": "equal `kid`s of different types are told apart",
    "R40": "`b64: false` is refused",
    "R41": "`EdDSA` and `Ed25519` name the same; X25519 never signs",
    "R42": "the claims set is a JSON object with unique names",
    "R43": "a time is a finite number in range",
    "R44": "refused from the second of `exp` on",
    "R45": "refused before `nbf`",
    "R46": "leeway is small, bounded, symmetric",
    "R47": "`aud` is a string or an array of strings, with us in it",
    "R48": "`iss` is a string, exact",
    "R49": "`sub` and `jti` are strings",
    "R50": "nested tokens are refused",
    "R51": "five-part tokens are refused",
    "R52": "`iat` in the future is refused; a maximum age is an option",
    "R53": "a closed list of algorithms",
    "R54": "an algorithm must fit its key",
    "R55": "one algorithm for a key, at use",
    "R56": "each issuer has algorithms of its own",
    "R57": "`none` not even on request",
    "R58": "all steps are validated",
    "R59": "points off their curve are refused",
    "R60": "published secrets are refused",
    "R61": "UTF-8 only",
    "R62": "keys belong to an issuer",
    "R63": "the audience is always validated",
    "R64": "what is in a token is attacker's input: no look-ups by it",
    "R65": "a `typ` that is present must be an expected one",
    "R66": "`typ: JWT` types nothing",
    "R67": "kinds of token exclude each other",
    "R69": "one alphabet, checked before parsing",
    "R70": "with the profile, `typ` is `at+jwt`",
    "R71": "with the profile, `iss` is exact",
    "R72": "with the profile, `aud` has us",
    "R73": "with the profile, no `none`",
    "R74": "with the profile, `exp`",
    "R75": "with the profile, `client_id`, `iat`, `jti` and `sub` are required",
    "R86": "metadata name exactly the issuer that was asked for",
    "R87": "metadata are looked for at each well-known URL, also with the path inserted",
    "R88": "metadata and keys are fetched by https",
    "R89": "keys may be on another host, without redirects",
}

NOT_APPLICABLE: dict[str, str] = {
    "B13": "there are no rules about e-mail addresses",
    "E6": "there is no cache outside the process",
    "R20": "there is one scheme, Bearer",
    "R68": "there is no JWE, so nothing is derived or decompressed; five parts are refused (R51)",
}

READING: dict[str, tuple[str, str]] = {
    "J1": (
        "white space and control characters in a token are refused",
        "test_C7_R22_R69_the_compact_form_has_one_alphabet",
    ),
    "J2": ("padding is refused", "test_C7_R22_R69_the_compact_form_has_one_alphabet"),
    "J3": ("unused bits must be zero", "test_unused_bits_must_be_zero"),
    "J4": ("the other base64 alphabet is refused", "test_the_compact_form_is_strict"),
    "J5": ("any number of parts but three is refused", "test_R21_R51_a_token_has_exactly_three_parts"),
    "J6": ("bytes that are no text are refused", "test_a_malformed_header_is_an_invalid_request"),
    "J7": ("ten megabytes are refused unread", "test_C1_a_megabyte_of_dots_is_refused_before_it_is_split"),
    "J8": ("header, payload and signature have limits of their own", "test_a_part_over_its_limit_is_rejected"),
    "J9": ("deep nesting is refused", "test_C2_deep_JSON_is_refused"),
    "J10": ("a header that is no object is refused", "test_C9_C10_a_header_of_another_shape_is_refused"),
    "J11": ("UTF-16, UTF-32 and byte order marks are refused", "test_R23_R25_R32_R61_a_header_is_strict_JSON"),
    "J12": ("the same in the payload", "test_R42_R61_a_payload_is_strict_JSON"),
    "J13": ("names that occur twice are refused", "test_anything_else_is_a_value_error"),
    "J14": ("NaN, Infinity and 1e400 are refused", "test_anything_else_is_a_value_error"),
    "J15": ("lone surrogates are refused", "test_anything_else_is_a_value_error"),
    "J16": ("`alg` of another type or spelling is refused", "test_a_header_that_is_refused"),
    "J17": ("unknown header parameters are accepted", "test_a_header_that_is_accepted"),
    "J18": ("`enc`, `zip`, `cty` are refused", "test_a_header_that_is_refused"),
    "J19": ("`typ` has a policy", "test_R65_another_typ_is_refused"),
    "J20": ("`kid` of another type is refused", "test_D8_a_kid_that_is_no_string_does_not_bypass_the_choice_of_keys"),
    "J21": ("`crit` in any form is refused", "test_B9_R30_crit_is_never_ignored"),
    "J22": ("`b64` in any form is refused", "test_C6_R40_an_unencoded_payload_is_refused"),
    "J23": ("`none` is refused in every configuration", "test_A1_alg_none_is_refused"),
    "J24": (
        "tokens of one algorithm never verify with a key of another",
        "test_joserfc_key_objects_of_other_algorithms_do_not_cross",
    ),
    "J25": ("public keys in any form are no secrets", "test_A2_A3_A4_A5_key_material_is_no_secret"),
    "J26": ("algorithms are exact names of a closed list", "test_a_fault_is_said"),
    "J27": ("short secrets are refused", "test_R33_a_secret_has_the_size_of_its_hash"),
    "J28": ("RSA keys are 2048 to 8192 bits with a usual exponent", "test_a_set_without_a_good_key_is_a_fault"),
    "J29": ("a key of another curve is refused", "test_a_PEM_that_is_refused"),
    "J30": (
        "signatures of zeros, DER and wrong lengths are refused",
        "test_A11_A12_R35_a_signature_of_zeros_DER_or_another_length_is_refused",
    ),
    "J31": (
        "malleable signatures are the same claims",
        "test_A12_a_malleable_signature_is_another_text_for_the_same_claims",
    ),
    "J32": ("both names of Ed25519 are accepted", "test_EdDSA_and_Ed25519_name_the_same_thing"),
    "J33": ("Ed25519 keys of small order are refused", "test_a_set_without_a_good_key_is_a_fault"),
    "J34": (
        "a token without `kid` is tried against every key that fits",
        "test_every_key_that_fits_is_tried_for_a_token_without_kid",
    ),
    "J35": ("a key without `kid` serves a token with one", "test_a_key_without_kid_serves_a_token_with_one"),
    "J36": ("equal `kid`s are told apart by type", "test_R39_two_keys_of_one_name_are_told_apart_by_type"),
    "J37": (
        "`use`, `alg`, `key_ops` are honoured, `key_ops` as a list",
        "test_R37_R38_R59_D9_a_bad_key_is_skipped_and_the_others_live",
    ),
    "J38": ("a broken key never kills its set", "test_R37_R38_R59_D9_a_bad_key_is_skipped_and_the_others_live"),
    "J39": ("a set that is no set is a fault", "test_a_set_that_is_refused"),
    "J40": ("a private key in a set is a fault", "test_a_set_that_is_refused"),
    "J41": ("times of other types and out of range are refused", "test_R43_a_time_is_a_number_in_range"),
    "J42": ("`exp` and `aud` are always required", "test_exp_is_required_and_nbf_and_iat_are_not"),
    "J43": ("limits of time are exact to the second", "test_R44_exp_is_over_at_its_second"),
    "J44": ("`iat` just ahead needs leeway", "test_R45_R52_nbf_and_iat_hold_from_their_second"),
    "J45": (
        "`iss`, `aud`, `sub`, `jti` of other types are refused",
        "test_B1_a_name_of_another_type_is_never_an_absent_one",
    ),
    "J46": ("scopes are sets, never compared as text", "test_scopes_are_granted_only_where_well_formed"),
    "J47": ("a payload that is no object is refused", "test_R42_a_payload_that_is_no_claims_set_is_refused"),
    "J48": (
        "a subject with control characters is in no answer and no log",
        "test_I1_I2_I4_no_text_of_a_client_is_in_an_answer_or_a_log",
    ),
}

DIFFERENCES: dict[str, tuple[str, str]] = {
    "Keycloak's kind": ("refused", "RFC 8725 section 3.12: a claim `typ` that names a refresh, ID or logout token"),
    "another kind": ("refused", "RFC 8725 sections 3.11 and 3.12: ID and event tokens by shape; decision 0005: `cnf`"),
    "typ": ("refused", "RFC 8725bis section 3.11: a `typ` that is present must be an expected one"),
    "no subject": ("refused", "decision 0005: a user needs a name"),
    "nested": ("refused", "RFC 7519 section 5.2: `cty` announces a token in a token, which is not supported"),
    "b64": ("refused", "RFC 7797 section 7: JWTs do not use it"),
    "crit": ("refused", "RFC 7515 section 4.1.11: empty, repeated, registered or unknown names"),
    "kid": ("refused", "RFC 8725 section 3.10: a bounded string without control characters"),
    "exp of another type": ("refused", "RFC 7519 section 2: a number, within years that exist"),
    "iat of another type": ("refused", "RFC 7519 section 2: a number, within years that exist"),
    "client_id of another type": ("refused", "RFC 8693 section 4.3: a string"),
    "UTF-16": ("refused", "RFC 7519 section 7.2, RFC 8725 section 3.7: UTF-8 only"),
    "a name twice": ("refused", "RFC 7519 section 4: names are unique"),
    "a lone surrogate": ("refused", "RFC 8259 section 8.2: it is no character"),
    "payload deep": ("refused", "a depth of 32, so that nothing that reads the claims later runs out of stack"),
    "header": ("accepted", "RFC 7515 section 4: parameters that are not understood are ignored"),
    "Ed25519": ("accepted", "RFC 9864: `Ed25519` and `EdDSA` name the same algorithm for such a key"),
}
"""Where general JWT libraries, used correctly, may decide otherwise: the story of the token, what we do, and the rule."""

AGREEMENT = """\
## Agreement with routers

Sites that are drawn at random, each behind an allowlist that is drawn over it: `python -m tests.agreement --sites 1000
--requests 510` draws 1,000 of them for each framework, aims requests at them, and counts those that entered an endpoint
whose own canonical request the rules deny to that client. Last run on 2026-11-27:

```
starlette    510000 requests  31073 reached an endpoint  430657 refused  0 without the right to
fastapi      510000 requests  30715 reached an endpoint  431821 refused  0 without the right to
litestar     510000 requests  37464 reached an endpoint  423336 refused  0 without the right to
quart        510000 requests  33964 reached an endpoint  423987 refused  0 without the right to
django       502953 requests  35883 reached an endpoint  421175 refused  0 without the right to
blacksheep   510000 requests  34766 reached an endpoint  426821 refused  0 without the right to
```

A fixed site in each framework, behind the same allowlist; `python -m tests.agreement --sites 0 --requests 10000` sends
every target twice, without a token and with one that lacks all scopes and roles, and counts what reached an endpoint
that it had no right to. Last run on 2026-11-27:

```
starlette      20052 requests     1727 reached an endpoint    0 without the right to    0 broken
fastapi        20052 requests     1670 reached an endpoint    0 without the right to    0 broken
litestar       20052 requests     1719 reached an endpoint    0 without the right to    0 broken
quart          20052 requests     3209 reached an endpoint    0 without the right to    0 broken
django         18860 requests     1720 reached an endpoint    0 without the right to    0 broken
blacksheep     20052 requests     1821 reached an endpoint    0 without the right to    0 broken
10000 targets, 18 s
```

Over raw sockets, `python -m tests.agreement.servers`, each server with and without a root path, and over HTTP/2:

```
uvicorn, h11                          3168 requests    480 reached an endpoint   0 without the right to    0 server errors
uvicorn, h11 --root-path /api         3168 requests    480 reached an endpoint   0 without the right to    0 server errors
uvicorn, httptools                    3168 requests    504 reached an endpoint   0 without the right to    0 server errors
uvicorn, httptools --root-path /api   3168 requests    504 reached an endpoint   0 without the right to    0 server errors
hypercorn                             3168 requests    540 reached an endpoint   0 without the right to    0 server errors
hypercorn --root-path /api            3168 requests    552 reached an endpoint   0 without the right to    0 server errors
granian                               3168 requests    504 reached an endpoint   0 without the right to    0 server errors
granian --root-path /api              3168 requests    516 reached an endpoint   0 without the right to    0 server errors
daphne                               10728 requests    396 reached an endpoint   0 without the right to    0 server errors
daphne --root-path /api              10728 requests    408 reached an endpoint   0 without the right to    0 server errors
hypercorn, HTTP/2                     1932 requests    180 reached an endpoint   0 without the right to
granian, HTTP/2                       1932 requests    120 reached an endpoint   0 without the right to
```

The harness bites: with an allowlist on `request.url.path` and starlette 1.0.0, whose URL is built from the `Host`
header, `python -m tests.agreement.control` counts 23 requests that got past it, and none past ours on that version. On
today's Starlette it still counts 9: `Host()` routes, of which a path alone knows nothing.
"""
