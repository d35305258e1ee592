"""Turns measured seconds into tables, ratios and a plot. Takes plain data, returns text."""

import statistics
from html import escape

import goals
import work
from page import plot_name

median = statistics.median
CLASSES = ["f32", "bf16", "int8"]


def precision(peer):
    """`strata f32 fma` → `f32`."""
    return peer.split()[1]


def belongs_to(peer, group):
    """Whether `peer` belongs to the `group` of a goal."""
    if group in goals.SINGLE_PEERS:
        return peer == goals.SINGLE_PEERS[group]
    any_precision = "any precision" in group
    return not peer.startswith("strata") and (any_precision or precision(peer) in group.split())


def ratio(section, dtype, case, group, peer_case):
    """(how many times as fast Strata is, median over rounds; the peer that was fastest most often)"""
    peers = section["peers"]
    ours = peers.get(f"strata {dtype}", {}).get("seconds", {}).get(case)
    group_seconds = {
        name: peer["seconds"][peer_case]
        for name, peer in peers.items()
        if belongs_to(name, group) and peer_case in peer["seconds"]
    }
    if not ours or not group_seconds:
        return None
    fastest = [
        min((seconds[index], name) for name, seconds in group_seconds.items()) for index in range(len(ours))
    ]
    best = statistics.mode(name for _, name in fastest)
    return median(theirs / own for (theirs, _), own in zip(fastest, ours)), best


def rate(case, seconds):
    """Converts seconds to the table's unit: tokens/s, texts/s, or milliseconds for one sentence."""
    if case == "1x16":
        return 1_000 * seconds
    if case in work.SNIPPETS:
        return work.TEXTS / seconds
    b, t = work.shape(case)
    return b * t / seconds


def unit(case):
    if case == "1x16":
        return "ms"
    return "texts/s" if case in work.SNIPPETS else "tokens/s"


def figure(case, seconds):
    value = rate(case, seconds)
    return f"{value:.2f}" if case == "1x16" else f"{value:,.0f}"


def markdown(results):
    machine = results["machine"]
    lines = [
        f"![Rates of every peer and case]({plot_name(machine)})",
        "",
        f"{results['date']}, {machine['cpu']}, {machine['cores']} cores. Medians over interleaved rounds.",
        "",
    ]
    for section in results["sections"]:
        lines += [f"### {section['model']}", "", *figures(section), ""]
        others = f"{section['others_share']:.1%} of the processor time"
        lines += [f"Other processes used {others} during the measurement.", ""]
    for section in results["sections"]:
        if rows := [*ratios(section, machine)]:
            lines += [f"### Ratios, {section['model']}", "", *rows, ""]
    lines += ["### Settings", "", *settings(results["sections"]), ""]
    return "\n".join(lines)


def figures(section):
    cases = section["cases"]
    yield "| | " + " | ".join(f"{case}, {unit(case)}" for case in cases) + " |"
    yield "|---|" + "---:|" * len(cases)
    for name, peer in section["peers"].items():
        bold = "**" if name.startswith("strata") else ""
        row = [f"{bold}{figure(case, median(peer['seconds'][case]))}{bold}" for case in cases]
        yield f"| {bold}{name}{bold} | " + " | ".join(row) + " |"


def ratios(section, machine):
    """The rows of the table of goals, or none if the model has no goals on this kind of processor."""
    wanted = goals.of(section["model"], machine["amx"])
    if not wanted:
        return
    yield "| Strata | compared with | goal | measured |"
    yield "|---|---|---:|---:|"
    for dtype, case, group, peer_case, goal in wanted:
        found = ratio(section, dtype, case, group, peer_case)
        measured = f"{found[0]:.2f} ×" if found else "not measured"
        compared = f"{group} ({found[1]})" if found else group
        yield f"| {dtype}, {case} | {compared} | {goal} × | {measured} |"


def settings(sections):
    yield "| peer | version | precision | minimum cosine | case: batch size, streams × threads, graph |"
    yield "|---|---|---|---:|---|"
    for section in sections:
        for name, peer in section["peers"].items():
            model = "" if section is sections[0] else f", {section['model']}"
            cosine, precise = (peer["settings"].get(key, "") for key in ["min_cosine", "precision"])
            described = describe_settings(peer)
            yield f"| {name}{model} | {peer['version']} | {precise} | {cosine} | {described} |"


# Settings that have columns of their own, or are the same for all.
NOT_TUNED = ["cores", "min_cosine", "precision"]


def describe_settings(peer):
    if peer["tuned"]:
        return "; ".join(f"{case}: {describe_plan(plan)}" for case, plan in peer["tuned"].items())
    fixed = {key: value for key, value in peer["settings"].items() if key not in NOT_TUNED}
    return ", ".join(f"{key} {value}" for key, value in fixed.items()) or "default settings"


def describe_plan(plan):
    """`{"streams": 2, "threads": 1, "batch": 8, "graph": "plain"}` → `8, 2 × 1, plain`."""
    parts = [str(plan["batch"])] if "batch" in plan else []
    if "streams" in plan:
        parts.append(f"{plan['streams']} × {plan['threads']}")
    known = {"batch", "streams", "threads"}
    for key, value in plan.items():
        if key not in known:
            parts.append(value if key == "graph" else key.replace("_", " ") if value is True else f"{key} {value}")
    return ", ".join(parts)


# The plot: one panel per case, one bar per peer, in two columns. The colours are legible on white and on black.
WIDTH, GAP, LABEL, VALUE = 960, 24, 128, 64
BAR, STEP, TITLE, TOP = 13, 18, 30, 56
COLOURS = {"f32": "#3b82f6", "bf16": "#d97706", "int8": "#16a34a"}
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; } .small { fill: #59636e; } .strata { font-weight: 700; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .small { fill: #9198a1; } }
"""


def svg(results):
    section, machine = results["sections"][0], results["machine"]
    peers = ordered(section["peers"])
    column, height = (WIDTH - GAP) // 2, TITLE + STEP * len(peers) + GAP
    rows = -(-len(section["cases"]) // 2)
    parts = [
        text(0, 16, f"{section['model']} on {machine['cores']} cores", "title"),
        text(0, 34, f"{machine['cpu']}, {results['date']}; Strata in solid colours, peers in pale colours", "small"),
    ]
    for index, case in enumerate(section["cases"]):
        x, y = (index % 2) * (column + GAP), TOP + (index // 2) * height
        parts += panel(section, peers, case, x, y, column)
    total = TOP + rows * height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" role="img">'
    name = "<title>Strata and its peers on the same machine</title>"
    return "\n".join([head, name, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def ordered(peers):
    """Sorted by precision; within a precision, Strata first."""
    return sorted(peers, key=lambda name: (CLASSES.index(precision(name)), not name.startswith("strata")))


def panel(section, peers, case, x, y, width):
    values = {name: rate(case, median(section["peers"][name]["seconds"][case])) for name in peers}
    longest, bar_width = max(values.values()), width - LABEL - VALUE
    better = "lower is better" if case == "1x16" else "higher is better"
    yield text(x, y + 14, f"{case}, {unit(case)}: {better}", "title")
    for index, name in enumerate(peers):
        top = y + TITLE + index * STEP
        ours = name.startswith("strata")
        length = max(1.0, bar_width * values[name] / longest)
        value = figure(case, median(section["peers"][name]["seconds"][case]))
        yield text(x + LABEL - 8, top + 11, name, "strata" if ours else "", "end")
        yield (
            f'<rect x="{x + LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" '
            f'fill="{COLOURS[precision(name)]}" fill-opacity="{1 if ours else 0.45}"/>'
        )
        yield text(x + LABEL + length + 6, top + 11, value, "strata" if ours else "small")


def text(x, y, content, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(content)}</text>'
