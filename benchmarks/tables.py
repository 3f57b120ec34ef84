"""What was measured, as aligned tables for people. Figures are medians of the rounds, mostly in µs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from benchmarks.comparison import checks_left_out, overhead, times_ours, times_primitive
from benchmarks.contenders import BARE, GUARDS, OURS, starlette
from benchmarks.contenders.guard import Guard
from benchmarks.latency import Latency
from benchmarks.passwords import PasswordTimes
from benchmarks.refusals import KINDS, NOTHING, PLACES, contender_name
from benchmarks.rules import DECISIONS, SIZES, decision_name
from benchmarks.targets import Verdict
from benchmarks.timing import Samples
from benchmarks.tokens import ALGORITHMS
from benchmarks.verbs import LAYERS, VERBS
from benchmarks.verifiers import VERIFIERS

_LEFT_OUT = "checks left out"


def print_tables(samples: Samples) -> None:
    _print("Each verb alone (µs)", ("verb", "median", "p10", "p90", ""), _verb_rows(samples))
    _print("Each algorithm (µs)", ("layer", *ALGORITHMS, ""), _layer_rows(samples))
    _print("The verifier alone (µs)", ("verifier", *ALGORITHMS, _LEFT_OUT), _verifier_rows(samples))
    _print("One request: overhead over the bare app (µs)", ("app", *ALGORITHMS, _LEFT_OUT), _overhead_rows(samples))
    _print("The same, as a multiple of asgi-bearer's", ("app", *ALGORITHMS), _ratio_rows(samples))
    _print("The same, as a multiple of the primitive", ("app", *ALGORITHMS), _primitive_rows(samples))
    _print("Refused or not: one request, HS256 (µs)", ("request", *PLACES), _refusal_rows(samples))
    sizes = [f"{size:,}" for size in SIZES]
    _print("One decision among so many rules (µs)", ("decided by", *sizes, "1,000 / 10"), _rule_count_rows(samples))
    print_reasons()


def print_latencies(latencies: Mapping[str, Latency]) -> None:
    heads = ("app", "p50", "p90", "p99", "p99.9", "longest")
    rows = [
        (name, *(_figure(figure) for figure in (one.p50, one.p90, one.p99, one.p999, one.most)))
        for name, one in latencies.items()
    ]
    _print("Single requests, HS256, garbage collector on (µs)", heads, rows)


def print_passwords(times: Mapping[int, PasswordTimes]) -> None:
    rows = [(str(cost), _figure(one.hash), _figure(one.check)) for cost, one in times.items()]
    _print("bcrypt (ms)", ("cost", "hash", "check"), rows)


def print_verdicts(verdicts: Iterable[Verdict]) -> None:
    _print("Targets", ("", "target", "measured", "met?"), map(_verdict_row, verdicts), left=("",))


def print_reasons() -> None:
    """Why some checks are left out: where a peer cannot make one, it has less to do."""
    print("\nWhy checks are left out\n")
    for name, check, reason in checks_left_out():
        print(f"  {name}: {check}: {reason}")


def _print(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[str] = ("", _LEFT_OUT)
) -> None:
    """The first column and those whose heads are `left` stand at the left, figures at the right."""
    table = [heads, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    print(f"\n{title}\n")
    for row in table:
        cells = [
            cell.ljust(width) if place == 0 or heads[place] in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip())


def _verb_rows(samples: Samples) -> Iterator[Sequence[str]]:
    for name, meaning in VERBS:
        spread = samples.spread(name)
        yield name, _figure(spread.median), _figure(spread.p10), _figure(spread.p90), meaning


def _layer_rows(samples: Samples) -> Iterator[Sequence[str]]:
    for name, meaning in LAYERS:
        yield name, *(_figure(samples.spread(name, algorithm).median) for algorithm in ALGORITHMS), meaning


def _verifier_rows(samples: Samples) -> Iterator[Sequence[str]]:
    primitives = [_figure(samples.spread("primitive", algorithm).median) for algorithm in ALGORITHMS]
    yield "the primitive", *primitives, "all but the signature"
    for verifier in VERIFIERS:
        figures = [_figure(samples.spread(verifier.name, algorithm).median) for algorithm in ALGORITHMS]
        yield verifier.name.removeprefix("verifier: "), *figures, ", ".join(verifier.left_out)


def _overhead_rows(samples: Samples) -> Iterator[Sequence[str]]:
    for bare in BARE:
        yield f"{bare}: takes {_figure(samples.spread(bare).median)} itself", *("" for _ in ALGORITHMS), ""
        if bare == starlette.BARE:
            yield _primitive_row(samples)
        for guard in GUARDS:
            if guard.bare == bare:
                figures = [_cell(samples, guard, algorithm) for algorithm in ALGORITHMS]
                yield f"  {guard.name}", *figures, ", ".join(guard.left_out)


def _primitive_row(samples: Samples) -> Sequence[str]:
    overheads = [samples.overhead((starlette.PRIMITIVE, one), (starlette.BARE, "")) for one in ALGORITHMS]
    return f"  {starlette.PRIMITIVE}", *(_figure(spread.median) for spread in overheads), "all but the signature"


def _cell(samples: Samples, guard: Guard, algorithm: str) -> str:
    return _figure(overhead(samples, guard, algorithm).median) if algorithm in guard.algorithms else ""


def _ratio_rows(samples: Samples) -> Iterator[Sequence[str]]:
    for guard in GUARDS:
        if guard.name not in OURS.values():
            yield guard.name, *_multiples(times_ours, samples, guard)


def _primitive_rows(samples: Samples) -> Iterator[Sequence[str]]:
    for guard in GUARDS:
        yield guard.name, *_multiples(times_primitive, samples, guard)


def _multiples(multiple: Callable[[Samples, Guard, str], float], samples: Samples, guard: Guard) -> Iterator[str]:
    for algorithm in ALGORITHMS:
        yield f"{multiple(samples, guard, algorithm):.1f} ×" if algorithm in guard.algorithms else ""


def _refusal_rows(samples: Samples) -> Iterator[Sequence[str]]:
    nothing = _figure(samples.spread(NOTHING).median)
    yield NOTHING, nothing, *("" for _ in PLACES[1:])
    for kind in KINDS:
        figures = (
            samples.spread(contender_name(place, kind)).median if kind.is_in(place) else None for place in PLACES
        )
        yield kind.name, *("" if figure is None else _figure(figure) for figure in figures)


def _rule_count_rows(samples: Samples) -> Iterator[Sequence[str]]:
    for decision in DECISIONS:
        medians = {size: samples.spread(decision_name(decision, size)).median for size in SIZES}
        yield decision, *map(_figure, medians.values()), f"{medians[1000] / medians[10]:.2f} ×"


def _verdict_row(verdict: Verdict) -> Sequence[str]:
    target = verdict.target
    bound = f"{target.sense} {target.bound:g} {target.unit}"
    measured = f"{verdict.measured:.2f} {target.unit}"
    return f"{target.point}. {target.name}", bound, measured, "yes" if verdict.is_met else "NO"


def _figure(figure: float) -> str:
    return f"{figure:.1f}"
