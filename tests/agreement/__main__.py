"""The command line: `python -m tests.agreement --requests 8000` prints how many got where they had no right to."""

import argparse
import sys
import time

from tests.agreement.apps import MAKERS
from tests.agreement.run import run
from tests.agreement.targets import requests


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.agreement", description=__doc__)
    parser.add_argument("--requests", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frameworks", nargs="+", choices=MAKERS, default=list(MAKERS))
    chosen = parser.parse_args()
    began = time.monotonic()
    counts = run(requests(chosen.requests, chosen.seed), chosen.frameworks)
    for framework, count in counts.items():
        print(f"{framework:12}{count.requests:8} requests {count.reached:8} reached an endpoint "
              f"{len(count.trespasses):4} without the right to {len(count.broken):4} broken")  # fmt: skip
        for line in (count.trespasses + count.broken)[:10]:
            print("   ", line)
    print(f"{chosen.requests} targets, {time.monotonic() - began:.0f} s")
    return 1 if any(count.trespasses or count.broken for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
