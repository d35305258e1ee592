"""The sections of benches/RESULTS.md: one per kind of processor, each between marks of its own.

A kind is maker, family and model as the processor reports them, and whether it has tiles (AMX):
`amd-25-17`, `intel-6-173-amx`.
"""

import re

ANY_END = re.compile(r"<!-- bench-peers: end [a-z0-9-]+ -->\n")
MAKERS = {"AuthenticAMD": "amd", "GenuineIntel": "intel"}


def kind(maker, family, model, amx):
    """`("GenuineIntel", "6", "173", True)` → `intel-6-173-amx`."""
    maker = MAKERS.get(maker, re.sub(r"[^a-z0-9]+", "", maker.lower()) or "other")
    parts = [maker, *(re.sub(r"[^a-z0-9]+", "", part.lower()) or "x" for part in (family, model))]
    return "-".join([*parts, *(["amx"] if amx else [])])


def plot_name(machine):
    return f"peers-{machine['kind']}.svg"


def marks(kind):
    return f"<!-- bench-peers: start {kind} -->\n", f"<!-- bench-peers: end {kind} -->\n"


def put_section(page, machine, table):
    """Replaces what is between the marks of this kind of processor. A page without them gets a section
    with them, after that of the last kind and what is said about it."""
    text = page.read_text("utf-8")
    start, end = marks(machine["kind"])
    if (start in text) != (end in text):
        raise SystemExit(f"{page} has only one of the marks {start.strip()} and {end.strip()}")
    if start in text:
        before, after = text.split(start)[0], text.split(end)[1]
    else:
        last = max((found.end() for found in ANY_END.finditer(text)), default=len(text))
        next_heading = text.find("\n## ", last)
        at = len(text) if next_heading < 0 else next_heading + 1
        before, after = f"{text[:at].rstrip()}\n\n## Peers on {machine['cpu']}\n\n", f"\n{text[at:]}"
    page.write_text(f"{before}{start}{table}{end}{after}", "utf-8")
