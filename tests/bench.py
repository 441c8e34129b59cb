"""Measures what the plugin costs, against promised limits: commands timed in turn, A B A B.

Each figure is the median of paired ratios, so that a machine that changes its speed does not change
the figure. Prints a table; the exit status is 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from identity_center import IdentityCenter
from identity_center.center import START_URL
from support import real_parts
from support.completing import TAB, Prompt, at_a_prompt, source
from support.real_shells import Shell
from support.set_up import on, set_up

CHECKOUT = Path(__file__).parent.parent
PLUGIN = "[plugins]\ncli_legacy_plugin_path = {}\nlegacy_sso = awscli_plugin_legacy_sso\n"
SESSION = f"""
[sso-session corp]
sso_region = us-east-1
sso_start_url = {START_URL}
sso_registration_scopes = sso:account:access
"""
PROFILE = """
[profile p{0}]
sso_session = corp
sso_account_id = {0:012}
sso_role_name = Developer
region = us-west-2
"""
SECTION = """
[other{0}]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
region = eu-west-1
"""


COUNTS = (500, 1000, 5000)


@dataclass
class Workplace:
    """A scratch HOME with the plugin on, signed in, and a portal that answers after 100 ms."""

    home: Path
    aws: Path
    center: IdentityCenter
    environment: dict[str, str]
    plugin_path: Path

    def configure(self, profiles: int = 1, *, plugin: bool = True) -> None:
        text = PLUGIN.format(self.plugin_path) if plugin else ""
        text += SESSION + "".join(PROFILE.format(number) for number in range(profiles))
        (self.home / ".aws" / "config").write_text(text)

    def forget_roles(self) -> None:
        shutil.rmtree(self.home / ".aws" / "cli", ignore_errors=True)

    def run(self, *arguments: str) -> float:
        """Run ``aws`` and return the seconds it took."""
        self.forget_roles()
        start = time.perf_counter()
        done = subprocess.run(
            [self.aws, *arguments], env=self.environment, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"bench: aws {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return seconds


@contextmanager
def workplace() -> Iterator[Workplace]:
    with tempfile.TemporaryDirectory() as scratch, IdentityCenter() as center:
        home = Path(scratch) / "home"
        (home / ".aws").mkdir(parents=True)
        environment = {
            **center.environment(Path(scratch) / "endpoints"),
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
        }
        plugin_path = real_parts.plugin_folder(Path(scratch) / "plugin", CHECKOUT)
        center.behaviour.delay = 0.1
        center.sign_in(home, session_name="corp")
        yield Workplace(home, real_parts.frozen_cli(), center, environment, plugin_path)


def paired(
    runs: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[float, float, float]:
    """Run both in turn; return the median of their ratios, and the median of each."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


@dataclass(frozen=True)
class Figure:
    """One promised limit and what was measured."""

    what: str
    measured: float
    promised: float
    detail: str

    def __str__(self) -> str:
        verdict = "kept  " if self.measured <= self.promised else "BROKEN"
        return (
            f"{verdict}  {self.measured:7.3f} <= {self.promised:<6g}  {self.what} ({self.detail})"
        )


def ratio(what: str, promised: float, measured: tuple[float, float, float]) -> Figure:
    value, ours, theirs = measured
    return Figure(what, value, promised, f"{ours:.3f} s against {theirs:.3f} s")


def bench_plugin_on(place: Workplace, runs: int) -> Iterator[Figure]:
    def version(*, plugin: bool) -> float:
        place.configure(plugin=plugin)
        return place.run("--version")

    figure = paired(2 * runs, lambda: version(plugin=True), lambda: version(plugin=False))
    yield ratio("aws --version, plugin on against off", 1.01, figure)
    yield Figure(
        "import and registration in process, ms", _registration(place), 1.0, "median of 15"
    )


def _registration(place: Workplace) -> float:
    code = (
        "import sys, time; sys.path.append(sys.argv[1]); t = time.perf_counter();"
        "import awscli_plugin_legacy_sso as p;"
        "p.awscli_initialize(type('E', (), {'register_last': lambda *a: None})());"
        "print((time.perf_counter() - t) * 1000)"
    )
    command = [sys.executable, "-B", "-c", code, str(place.plugin_path)]
    return statistics.median(float(subprocess.check_output(command)) for _ in range(15))


PROBE = """
import os, sys, time

def awscli_initialize(events):
    events.register_first("building-command-table.sso", first)

def first(**kwargs):
    sys.dont_write_bytecode = False
    start = time.process_time()
    import configupdater
    milliseconds = (time.process_time() - start) * 1000
    with open(os.environ["PROBE"], "a") as file:
        file.write(f"{milliseconds}\\n")
"""


def bench_configupdater(place: Workplace, runs: int) -> Iterator[Figure]:
    """Measure its import in the official CLI, where it has no .pyc at first."""
    place.configure()
    (place.plugin_path / "probe.py").write_text(PROBE)
    config = place.home / ".aws" / "config"
    config.write_text(config.read_text().replace("[plugins]\n", "[plugins]\nprobe = probe\n"))
    answers = place.home / "probe"
    place.environment["PROBE"] = str(answers)
    compiled = place.plugin_path / "configupdater" / "__pycache__"
    for _ in range(runs):
        shutil.rmtree(compiled, ignore_errors=True)
        place.run("sso", "list-legacy")
        place.run("sso", "list-legacy")
    times = list(map(float, answers.read_text().split()))
    detail = f"CPU, median of {runs}, in the official CLI"
    first, then = statistics.median(times[::2]), statistics.median(times[1::2])
    yield Figure("import of ConfigUpdater, compiled first, ms", first, 150, detail)
    yield Figure("import of ConfigUpdater from then on, ms", then, 10, detail)


def bench_ways_in(place: Workplace, runs: int) -> Iterator[Figure]:
    """Measure CPU time, as the wall clock also counts other load of the machine."""
    folder = set_up(place.home)
    plain = place.environment

    def listed(environment: Mapping[str, str], *, classic: bool) -> float:
        place.configure(plugin=classic)
        return _cpu_seconds([place.aws, "sso", "list-legacy"], environment)

    def by_classic_lines() -> float:
        return listed(plain, classic=True)

    figure = paired(2 * runs, lambda: listed(on(folder, plain), classic=False), by_classic_lines)
    yield ratio("aws sso list-legacy, by the hook against classic lines", 1.02, figure)
    figure = paired(runs, lambda: listed(plain, classic=False), by_classic_lines)
    yield ratio("the same by the alias, which starts the CLI twice", 2.5, figure)


def _cpu_seconds(command: Sequence[str | Path], environment: Mapping[str, str]) -> float:
    """Return the CPU time of a command and its child processes."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: {command} failed")
    return usage.ru_utime + usage.ru_stime


def bench_one_profile(place: Workplace, runs: int) -> Iterator[Figure]:
    place.configure()
    figure = paired(
        runs,
        lambda: place.run("sso", "refresh-legacy", "--profile", "p0"),
        lambda: place.run("configure", "export-credentials", "--profile", "p0"),
    )
    yield ratio("refresh-legacy against export-credentials, one profile", 1.0, figure)


def bench_fifty_profiles(place: Workplace, runs: int) -> Iterator[Figure]:
    place.configure(50)
    figure = paired(
        runs,
        lambda: place.run("sso", "refresh-legacy", "--source-profiles", "p*"),
        lambda: place.run("sso", "refresh-legacy", "--profile", "p0"),
    )
    yield ratio("refresh-legacy of 50 profiles against one", 1.5, figure)


def bench_yawsso(place: Workplace, runs: int) -> Iterator[Figure]:
    """Measure yawsso once, since it takes minutes."""
    place.configure(50)
    refresh = ("sso", "refresh-legacy", "--source-profiles", "p*")
    ours = statistics.median(place.run(*refresh) for _ in range(3))
    place.configure(50, plugin=False)  # yawsso takes [plugins] for a profile, and stops
    place.forget_roles()
    program = real_parts.old_client("yawsso").parent / "yawsso"
    start = time.perf_counter()
    done = subprocess.run(
        [program, "--bin", place.aws], env=place.environment, capture_output=True, text=True
    )
    theirs = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"bench: yawsso failed:\n{done.stdout}{done.stderr}")
    detail = f"{ours:.2f} s against {theirs:.1f} s: {theirs / ours:.0f} times faster"
    yield Figure("refresh-legacy against yawsso 1.4.0, 50 profiles", ours / theirs, 1 / 30, detail)


def bench_throttled(place: Workplace, runs: int) -> Iterator[Figure]:
    place.configure(300)
    place.center.behaviour.requests_per_second = 20
    seconds = place.run("sso", "refresh-legacy", "--source-profiles", "p*")
    place.center.behaviour.requests_per_second = None
    detail = f"{seconds:.1f} s against the limit's own 15 s, none failed"
    yield Figure("300 profiles under 20 requests a second", seconds / 15, 1.15, detail)


def bench_long_file(place: Workplace, runs: int) -> Iterator[Figure]:
    credentials = place.home / ".aws" / "credentials"
    refresh = ("sso", "refresh-legacy", "--profile", "p0")
    exported = {}
    place.configure()
    texts = {count: "".join(map(SECTION.format, range(count))) for count in COUNTS}
    for count, text in texts.items():
        credentials.write_text(text)
        _, ours, theirs = paired(
            runs,
            lambda: place.run(*refresh),
            lambda: place.run("configure", "export-credentials", "--profile", "p0"),
        )
        exported[count] = theirs
        what = f"seconds above export-credentials, {count} other profiles in the file"
        yield Figure(what, ours - theirs, 1.0, f"{ours:.3f} s against {theirs:.3f} s")
    # CPU time, each count in turn: what 500 more cost is no more than the noise of the wall clock.
    spent: dict[int, list[float]] = {count: [] for count in COUNTS}
    for _ in range(3 * runs):
        for count, text in texts.items():
            credentials.write_text(text)
            place.forget_roles()
            spent[count].append(_cpu_seconds([place.aws, *refresh], place.environment))
    medians = {count: statistics.median(times) for count, times in spent.items()}
    figure = straight_line("profiles in the file, CPU", medians)
    yield replace(figure, detail=f"{figure.detail}; export-credentials: {each(exported)}")


def bench_number_refreshed(place: Workplace, runs: int) -> Iterator[Figure]:
    """Measure our own cost for each profile, with a portal that answers at once."""
    place.center.behaviour.delay = 0
    seconds = {}
    for count in COUNTS:
        place.configure(count)
        (place.home / ".aws" / "credentials").unlink(missing_ok=True)
        seconds[count] = statistics.median(
            place.run("sso", "refresh-legacy", "--source-profiles", "p*") for _ in range(3)
        )
    yield straight_line("profiles refreshed", seconds)


def straight_line(what: str, seconds: dict[int, float]) -> Figure:
    """Compare the cost of one more profile among many and among few: 1 on a straight line."""
    few, more, many = seconds
    among_few = (seconds[more] - seconds[few]) / (more - few)
    among_many = (seconds[many] - seconds[more]) / (many - more)
    detail = ", ".join(f"{count:,}: {time:.2f} s" for count, time in seconds.items())
    detail += f"; {each(seconds)}"
    return Figure(
        f"one more among many against among few, {what}", among_many / among_few, 1.5, detail
    )


def each(seconds: dict[int, float]) -> str:
    """Return the cost of each further profile as text: the slope of the line."""
    few, *_, many = seconds
    return f"{(seconds[many] - seconds[few]) / (many - few) * 1000:.3f} ms for each further one"


def bench_ctrl_c(place: Workplace, runs: int) -> Iterator[Figure]:
    # In the background SIGINT is ignored, which child processes inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place.configure(20)
    place.center.behaviour.hang.add("GetRoleCredentials")
    times = []
    for _ in range(runs):
        place.center.reset_calls()
        process = subprocess.Popen(
            [place.aws, "sso", "refresh-legacy", "--source-profiles", "p*"],
            env=place.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        place.center.wait_for("GetRoleCredentials", 10)
        start = time.perf_counter()
        process.send_signal(signal.SIGINT)
        status = process.wait()
        times.append(time.perf_counter() - start)
        if status != 130:
            sys.exit(f"bench: interrupted, it ended with {status}")
    yield Figure("Ctrl-C to the end, s", max(times), 1.0, f"the longest of {len(times)}")


def bench_memory(place: Workplace, runs: int) -> Iterator[Figure]:
    place.configure(300)
    many = _peak_memory(place, "sso", "refresh-legacy", "--source-profiles", "p*")
    one = _peak_memory(place, "configure", "export-credentials", "--profile", "p0")
    detail = f"{many / 1024:.0f} MiB against {one / 1024:.0f} MiB"
    yield Figure("peak memory, 300 profiles against one exported", many / one, 1.3, detail)


def _peak_memory(place: Workplace, *arguments: str) -> int:
    """Return the peak resident size of one ``aws`` process, in KiB."""
    place.forget_roles()
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(
            [place.aws, *arguments], env=place.environment, stdout=nowhere, stderr=nowhere
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: aws {' '.join(arguments)} failed")
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss


def bench_hook_sourcing(place: Workplace, runs: int) -> Iterator[Figure]:
    for shell in HOOKED_SHELLS:
        # On one line: the time in which the shell reads the next line is not the hook's.
        lines = f"before=$EPOCHREALTIME; {shell.source.strip()}; after=$EPOCHREALTIME\n"
        lines += 'echo "$before $after"\nread -r stat </proc/$$/stat\necho "$stat"\n'
        starts, faults = [], 0
        for _ in range(8 * runs):  # new shells: a second sourcing does something else
            times, stat = _in_shell(place, shell, lines)
            before, after = map(float, times.split())
            starts.append((after - before) * 1000)
            faults += int(stat.rpartition(")")[2].split()[8])
        # So short a time doubles when the machine runs slower for a while.
        fast, median = statistics.quantiles(starts, n=10)[0], statistics.median(starts)
        detail = f"median of {len(starts)} shell starts, fastest tenth {fast:.3f}"
        yield Figure(f"sourcing the hook in {shell.kind}, ms", median, 0.5, detail)
        what = f"page faults of what sourcing started in {shell.kind}"
        yield Figure(what, faults, 0, "any process has some")


def bench_completion(place: Workplace, runs: int) -> Iterator[Figure]:
    """Measure the time from the Tab key to the answer on the screen, with 500 source profiles."""
    config = place.home / "500"
    text = "".join(PROFILE.format(number) for number in range(500))
    config.write_text(text + PROFILE.replace("p{0}", "the-last").format(500))
    for shell in HOOKED_SHELLS:
        with at_a_prompt(shell, place.home) as prompt:
            prompt.typing.line(f"AWS_CONFIG_FILE='{config}'")
            times = [_seconds_of_a_tab(prompt) * 1000 for _ in range(2 * runs)]
        detail = f"median of {len(times)}, among 500 profiles"
        yield Figure(f"a Tab in {shell.kind}, ms", statistics.median(times), 50.0, detail)

        set_up = "autoload -Uz compinit && compinit -D -u\n" if shell.kind == "zsh" else ""
        lines = f"{set_up}before=$EPOCHREALTIME; {source(shell)}; after=$EPOCHREALTIME\n"
        lines += 'echo "$before $after"\n'
        starts = []
        for _ in range(2 * runs):
            before, after = map(float, _in_shell(place, shell, lines)[0].split())
            starts.append((after - before) * 1000)
        what = f"sourcing the completion in {shell.kind}, ms"
        yield Figure(what, statistics.median(starts), 1.0, f"median of {len(starts)} shell starts")


def _seconds_of_a_tab(prompt: Prompt) -> float:
    prompt.typing.screen.send("aws sso refresh-legacy --profile the-")
    prompt.typing.wait("the-")
    start = time.perf_counter()
    prompt.typing.screen.send(TAB)
    prompt.typing.wait("last")
    seconds = time.perf_counter() - start
    prompt.typing.screen.send("\x15")  # Ctrl-U deletes the line
    prompt.typing.line("")
    return seconds


def bench_hook_call(place: Workplace, runs: int) -> Iterator[Figure]:
    place.configure()
    aws = place.home / "bin" / "aws"
    aws.parent.mkdir()
    for shell in HOOKED_SHELLS:
        aws.unlink(missing_ok=True)
        aws.symlink_to(place.aws)
        # Few pairs in each shell, for a slow machine; the first pair runs with cold caches.
        pairs = [pair for _ in range(runs) for pair in _call_pairs(place, shell, 2)][1:]
        theirs = statistics.median(b for _, b in pairs)
        paired_ratio = statistics.median(a / b for a, b in pairs)

        # The limit is for the hook's own cost: pairs that take a second each differ by more than
        # that on a machine with other load.
        aws.unlink()
        aws.write_text("#!/bin/sh\n")
        aws.chmod(0o755)
        cost = statistics.median(a - b for a, b in _call_pairs(place, shell, 500))
        yield Figure(
            f"what a call costs more through the hook in {shell.kind}, ms",
            cost * 1000,
            0.1,
            f"median of 500; that is {cost / theirs:.3%} of aws --version: {paired_ratio:.3f}",
        )


def _call_pairs(place: Workplace, shell: Shell, count: int) -> list[tuple[float, float]]:
    """Call ``aws`` in turn with the hook and without; return the seconds of each pair."""
    lines = f"""{shell.source}for ((i = 0; i < {count}; i++)); do
  start=$EPOCHREALTIME
  aws --version >/dev/null || exit
  between=$EPOCHREALTIME
  command aws --version >/dev/null || exit
  echo "$start $between $EPOCHREALTIME"
done
"""
    pairs = []
    for line in _in_shell(place, shell, lines):
        start, between, end = map(float, line.split())
        pairs.append((between - start, end - between))
    return pairs


def _in_shell(place: Workplace, shell: Shell, lines: str) -> Sequence[str]:
    """Run lines in an interactive shell that can tell the time; return the lines they print."""
    clock = "zmodload zsh/datetime\n" if shell.kind == "zsh" else ""
    ran = shell.run(clock + lines, place.home)
    if ran.status != 0 or ran.err:
        sys.exit(f"bench: {shell.path} failed with {ran.status}:\n{ran.err}")
    return ran.out.splitlines()


HOOKED_SHELLS = (Shell("bash"), Shell("zsh"))
BENCHMARKS = {
    "plugin-on": bench_plugin_on,
    "configupdater": bench_configupdater,
    "ways-in": bench_ways_in,
    "one-profile": bench_one_profile,
    "fifty-profiles": bench_fifty_profiles,
    "yawsso": bench_yawsso,
    "throttled": bench_throttled,
    "long-file": bench_long_file,
    "number-refreshed": bench_number_refreshed,
    "ctrl-c": bench_ctrl_c,
    "memory": bench_memory,
    "hook-sourcing": bench_hook_sourcing,
    "hook-call": bench_hook_call,
    "completion": bench_completion,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="default: all")
    parser.add_argument("--runs", type=int, default=15, help="pairs of runs for each ratio")
    chosen = parser.parse_args(arguments)
    figures = []
    for name in chosen.names or BENCHMARKS:
        with workplace() as place:
            for figure in BENCHMARKS[name](place, chosen.runs):
                print(figure, flush=True)
                figures.append(figure)
    return int(any(figure.measured > figure.promised for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
