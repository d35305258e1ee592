"""Builds the image from nothing and again after a change, and compares what cargo did and what changed."""

import re
import time

TARGETS = ("with-model", "plain")
MOST_SHARE = 0.3
# A layer with less than this is pushed at once.
SMALL_MB = 35
HOURS = 3600
TOUCHED = "src/app/serve.rs"


class Log:
    """What one or several builds have printed."""

    def __init__(self, text):
        self.text = text
        self.cargo_seconds, self.compiled = 0.0, []
        building = False
        for line in text.splitlines():
            if re.match(r"\[\d+/\d+\] STEP ", line):
                building = "cargo auditable build" in line
            elif building and (crate := re.match(r"\s*Compiling (\S+) v", line)):
                self.compiled.append(crate[1])
            elif building and (took := re.search(r"Finished `release` .* in (?:(\d+)m )?([\d.]+)s", line)):
                self.cargo_seconds += 60 * int(took[1] or 0) + float(took[2])

    def warnings(self):
        """Warnings of any tool, except for those of buildah itself about arguments that it sets."""
        lines = [line for line in self.text.splitlines() if re.search(r"warn", line, flags=re.I)]
        return [line for line in lines if "build argument" not in line and "[Warning] one or more build args" not in line]


def build(report, engine, context, arguments, name):
    """Builds both targets; returns the log."""
    text = ""
    for target in TARGETS:
        report.note(f"{name}: {target}")
        log = engine.folder / f"{name}-{target}.log"
        started = time.monotonic()
        engine.build(context, target, f"strata:{target}", arguments, timeout=2 * HOURS, log=log)
        text += log.read_text(errors="replace")
        report.note(f"{name}: {target}, {time.monotonic() - started:.0f} s")
    return Log(text)


def touch(context):
    """Changes a source file. The numbers of its lines are in the binary, which so differs too."""
    file = context / TOUCHED
    file.write_text("// Touched.\n" + file.read_text())


def check_first(report, log):
    report.check("first build: no warnings", not log.warnings(), "; ".join(log.warnings()[:3]))
    report.note(f"first build: cargo {log.cargo_seconds:.0f} s, {len(log.compiled)} crates")


def check_rebuild(report, first, again, before, after, workspace):
    """`before` and `after` have the layers of each target, `workspace` the names of its crates."""
    share = again.cargo_seconds / first.cargo_seconds
    report.check(
        f"rebuild after a touched source, cargo's part, at most {MOST_SHARE}",
        share <= MOST_SHARE,
        f"{share:.2f} ({again.cargo_seconds:.0f} s of {first.cargo_seconds:.0f} s)",
    )
    report.equal("rebuild: compiled crates", sorted(set(again.compiled)), sorted(workspace))
    for target in TARGETS:
        same = [a == b for a, b in zip(before[target], after[target])]
        changed = [f"{size / 1e6:.1f} MB" for (_, size), kept in zip(after[target], same) if not kept]
        report.check(
            f"rebuild: {target}: layers that a push sends, only the last",
            len(before[target]) == len(after[target]) and same == [True] * (len(same) - 1) + [False],
            changed,
        )
    largest = max(before["with-model"], key=lambda layer: layer[1])
    report.check("rebuild: the model's layer stays", largest in after["with-model"], f"{largest[0][:19]}, {largest[1] / 1e6:.1f} MB")
