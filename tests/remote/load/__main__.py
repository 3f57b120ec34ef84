"""All three runs at their full size, with their figures; it ends with 1 where one is not as it must be."""

import asyncio
import sys

from tests.keys import public_jwk
from tests.providers.oidc_provider import OidcProvider
from tests.remote.load.runs import flood, outage, rotation
from tests.remote.server import JwksServer


def main() -> int:
    provider = OidcProvider.start()
    try:
        turned = asyncio.run(rotation(provider, clients=200, rotations=3, cooldown=2))
    finally:
        provider.stop()
    print(f"rotation: 200 clients, {turned.rotations} rotations, cooldown 2 s")
    print(f"  {turned.answers}; {turned.refused} valid tokens refused; {turned.fetches} fetches")
    kept = turned.refused == 0 and turned.fetches <= turned.rotations + 1

    with JwksServer([public_jwk("ES256", kid="one")]) as server:
        new = public_jwk("ES256", kid="two")
        beside = asyncio.run(flood(server, new, junk=10_000, seconds=10, cooldown=2))
    ratio = beside.beside.quantile(0.99) / beside.undisturbed.quantile(0.99)
    print("flood: 10000 tokens with random kids in 10 s, cooldown 2 s")
    print(f"  junk: {beside.junk}; {beside.fetches} fetches, {beside.allowed} allowed")
    print(f"  good requests: {beside.undisturbed} undisturbed, {beside.beside} beside it")
    p50, p99 = (1000 * beside.undisturbed.quantile(part) for part in (0.5, 0.99))
    print(f"  undisturbed: median {p50:.1f} ms, p99 {p99:.1f} ms")
    p50, p99 = (1000 * beside.beside.quantile(part) for part in (0.5, 0.99))
    print(f"  beside it:   median {p50:.1f} ms, p99 {p99:.1f} ms, {ratio:.1f} times")
    print(f"  a rotation in its middle was picked up after {beside.picked_up_after:.1f} s")
    kept = kept and beside.fetches <= beside.allowed and set(beside.beside.statuses) == {200}
    kept = kept and beside.picked_up_after <= 2 + 1

    with JwksServer([public_jwk("ES256", kid="one")]) as server:
        gone = asyncio.run(outage(server, lifetime=4, stale=6, max_backoff=2))
    print(f"outage: keys serve for {gone.window:.0f} s, back-off up to 2 s")
    print(f"  within: {gone.in_window}; then: {gone.after}; back after {gone.back_after:.1f} s")
    kept = kept and set(gone.in_window.statuses) == {200} and set(gone.after.statuses) == {503}
    print("as it must be" if kept and ratio <= 3 else "NOT as it must be")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
