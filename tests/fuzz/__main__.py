"""The long run: new cases until the time is over. The seed of one that fails is printed, so that it can be rerun."""

import argparse
import sys
import time
import traceback
from random import Random

from tests.fuzz.cases import run


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--first-seed", type=int, default=0)
    arguments = parser.parse_args()
    ends = time.monotonic() + arguments.minutes * 60
    seed, requests, failures = arguments.first_seed, 0, 0
    while time.monotonic() < ends and failures < 10:
        try:
            requests += run(Random(seed))
        except Exception:  # noqa: BLE001 - whatever comes out is a find
            failures += 1
            print(f"seed {seed} fails:\n{traceback.format_exc()}", file=sys.stderr)
        seed += 1
    print(f"{seed - arguments.first_seed:,} cases, {requests:,} requests, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
