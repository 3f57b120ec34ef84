"""The command line: generated sites in six frameworks, and how many requests got where they had no right to.

python -m tests.agreement --sites 200 --requests 500 --seed 0    500 requests to each of 200 sites in each framework
python -m tests.agreement --site 17 --frameworks django          one site again, with all that it is told
python -m tests.agreement --sites 0 --requests 8000              the fixed site of `site.py`
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.agreement.apps import MAKERS
from tests.agreement.generated.running import Count, run_sites
from tests.agreement.run import run
from tests.agreement.targets import requests

_AT_A_TIME = 20
"""Sites between two reports."""


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.agreement", description=__doc__)
    parser.add_argument("--sites", type=int, default=100, help="generated sites a framework; 0 for the fixed one")
    parser.add_argument("--site", type=int, help="only this one")
    parser.add_argument("--requests", type=int, default=500, help="to each site")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frameworks", nargs="+", choices=MAKERS, default=list(MAKERS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shown", type=int, default=10, help="trespasses that are printed, a framework")
    chosen = parser.parse_args()
    return _run_generated(chosen) if chosen.sites or chosen.site is not None else _run_fixed(chosen)


def _run_generated(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    counts = {framework: Count() for framework in chosen.frameworks}
    with ProcessPoolExecutor(chosen.processes) as processes:
        running = {
            processes.submit(run_sites, framework, numbers, chosen.requests, chosen.seed): framework
            for framework in chosen.frameworks
            for numbers in _parts(chosen)
        }
        for done in as_completed(running):
            count = counts[running[done]]
            count.add(done.result())
            progress = f"{running[done]}: {count.requests} requests, {len(count.trespasses)} trespasses"
            print(f"{time.monotonic() - began:5.0f} s  {progress}", file=sys.stderr, flush=True)
    for framework, count in counts.items():
        print(f"{framework:12}{count.sites:6} sites {count.requests:9} requests {count.reached:8} reached an endpoint "
              f"{count.refused:9} refused {len(count.trespasses):5} trespasses {len(count.broken):4} broken; "
              f"{count.canonical} endpoints reached by their own request, {len(count.missed)} not; "
              f"{count.rejected} allowlists rejected")  # fmt: skip
        for line in (count.trespasses + count.broken + count.missed)[: chosen.shown]:
            print("   ", line)
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if any(count.trespasses or count.broken or count.missed for count in counts.values()) else 0


def _parts(chosen: argparse.Namespace) -> Iterator[range]:
    if chosen.site is not None:
        yield range(chosen.site, chosen.site + 1)
        return
    for first in range(0, chosen.sites, _AT_A_TIME):
        yield range(first, min(first + _AT_A_TIME, chosen.sites))


def _run_fixed(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    counts = run(requests(chosen.requests, chosen.seed), chosen.frameworks)
    for framework, count in counts.items():
        print(f"{framework:12}{count.requests:8} requests {count.reached:8} reached an endpoint "
              f"{len(count.trespasses):4} without the right to {len(count.broken):4} broken")  # fmt: skip
        for line in (count.trespasses + count.broken)[: chosen.shown]:
            print("   ", line)
    print(f"{chosen.requests} targets, {time.monotonic() - began:.0f} s")
    return 1 if any(count.trespasses or count.broken for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
