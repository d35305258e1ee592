"""From seconds to tables, ratios and a plot. Plain data in, text out."""

import statistics
from html import escape

import work

median = statistics.median
START, END = "<!-- bench-peers: start -->", "<!-- bench-peers: end -->"
CLASSES = ["f32", "bf16", "int8"]

# What is promised: Strata's precision and case, over which peers and on which of their cases, and
# how many times as fast.
PROMISES = [
    ("f32", "snippets", "best f32 peer, sorted by length", "snippets-sorted", 1.25),
    ("f32", "32x128", "best f32 peer", "32x128", 1.15),
    ("f32", "32x32", "best f32 peer", "32x32", 1.15),
    ("bf16", "snippets", "best bf16 peer, sorted by length", "snippets-sorted", 1.3),
    ("int8", "snippets", "best peer of any precision, sorted by length", "snippets-sorted", 2.0),
    ("f32", "1x16", "best f32 peer", "1x16", 1.5),
    ("bf16", "1x16", "best bf16 peer", "1x16", 1.5),
    ("f32", "8x512", "best f32 peer", "8x512", 1.15),
    ("f32", "snippets", "stock candle", "snippets", 5.0),
]


def precision(peer):
    return peer.split()[-1]


def among(peer, group):
    """Whether `peer` is one of those that a promise calls `group`."""
    if group == "stock candle":
        return peer == "candle f32"
    any_precision = "any precision" in group
    return not peer.startswith("strata") and (any_precision or precision(peer) in group.split())


def ratio(section, dtype, case, group, theirs):
    """How many times as fast Strata is, the median over rounds, and the peer most often the best."""
    peers = section["peers"]
    ours = peers.get(f"strata {dtype}", {}).get("seconds", {}).get(case)
    rivals = {
        name: peer["seconds"][theirs]
        for name, peer in peers.items()
        if among(name, group) and theirs in peer["seconds"]
    }
    if not ours or not rivals:
        return None
    rounds = [min((seconds[at], name) for name, seconds in rivals.items()) for at in range(len(ours))]
    best = statistics.mode(name for _, name in rounds)
    return median(their / our for (their, _), our in zip(rounds, ours)), best


def rate(case, seconds):
    """Seconds → the figure of the table: tokens or texts a second, or milliseconds of one."""
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
        f"{results['date']}, {machine['cpu']}, {machine['cores']} cores. Medians of interleaved rounds.",
        "",
    ]
    for section in results["sections"]:
        lines += [f"### {section['model']}", "", *figures(section), ""]
        lines += [f"Other processes used {section['others_share']:.1%} of the cores meanwhile.", ""]
    first = results["sections"][0]
    lines += [f"### Ratios, {first['model']}", "", *promises(first), ""]
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


def promises(section):
    yield "| what | over | at least | measured |"
    yield "|---|---|---:|---:|"
    for dtype, case, group, theirs, least in PROMISES:
        found = ratio(section, dtype, case, group, theirs)
        measured = f"{found[0]:.2f} ×" if found else "not measured"
        over = f"{group} ({found[1]})" if found else group
        yield f"| {dtype}, {case} | {over} | {least} × | {measured} |"


def settings(sections):
    yield "| peer | version | least cosine | case: batch size, streams × threads, graph |"
    yield "|---|---|---:|---|"
    for section in sections:
        for name, peer in section["peers"].items():
            of = "" if section is sections[0] else f", {section['model']}"
            cosine = peer["settings"].get("least_cosine", "")
            yield f"| {name}{of} | {peer['version']} | {cosine} | {settings_in_words(peer)} |"


def settings_in_words(peer):
    if peer["tuned"]:
        return "; ".join(f"{case}: {plan_in_words(plan)}" for case, plan in peer["tuned"].items())
    fixed = {key: value for key, value in peer["settings"].items() if key not in ["cores", "least_cosine"]}
    return ", ".join(f"{key} {value}" for key, value in fixed.items()) or "as it comes"


def plan_in_words(plan):
    """`{"streams": 2, "threads": 1, "batch": 8, "graph": "plain"}` → `8, 2 × 1, plain`."""
    words = [str(plan["batch"])] if "batch" in plan else []
    if "streams" in plan:
        words.append(f"{plan['streams']} × {plan['threads']}")
    known = {"batch", "streams", "threads"}
    for key, value in plan.items():
        if key not in known:
            words.append(value if key == "graph" else key.replace("_", " ") if value is True else f"{key} {value}")
    return ", ".join(words)


def put_between_marks(page, table):
    """Replaces what stands between the marks; leaves a page without them alone."""
    text = page.read_text("utf-8") if page.exists() else ""
    if START in text and END in text:
        before, after = text.split(START)[0], text.split(END)[1]
        page.write_text(f"{before}{START}\n{table}{END}{after}", "utf-8")


# The plot: a panel a case, a bar a peer, in two columns. Colours are legible on white and on black.
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
    peers = in_order(section["peers"])
    column, height = (WIDTH - GAP) // 2, TITLE + STEP * len(peers) + GAP
    rows = -(-len(section["cases"]) // 2)
    parts = [
        text(0, 16, f"{section['model']} on {machine['cores']} cores", "title"),
        text(0, 34, f"{machine['cpu']}, {results['date']}; Strata solid, peers pale", "small"),
    ]
    for at, case in enumerate(section["cases"]):
        x, y = (at % 2) * (column + GAP), TOP + (at // 2) * height
        parts += panel(section, peers, case, x, y, column)
    total = TOP + rows * height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" role="img">'
    name = "<title>Strata and its peers on the same machine</title>"
    return "\n".join([head, name, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def in_order(peers):
    """By precision, Strata first in each."""
    return sorted(peers, key=lambda name: (CLASSES.index(precision(name)), not name.startswith("strata")))


def panel(section, peers, case, x, y, width):
    values = {name: rate(case, median(section["peers"][name]["seconds"][case])) for name in peers}
    longest, room = max(values.values()), width - LABEL - VALUE
    better = "less is better" if case == "1x16" else "more is better"
    yield text(x, y + 14, f"{case}, {unit(case)}: {better}", "title")
    for at, name in enumerate(peers):
        top = y + TITLE + at * STEP
        ours = name.startswith("strata")
        length = max(1.0, room * values[name] / longest)
        value = figure(case, median(section["peers"][name]["seconds"][case]))
        yield text(x + LABEL - 8, top + 11, name, "strata" if ours else "", "end")
        yield (
            f'<rect x="{x + LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" '
            f'fill="{COLOURS[precision(name)]}" fill-opacity="{1 if ours else 0.45}"/>'
        )
        yield text(x + LABEL + length + 6, top + 11, value, "strata" if ours else "small")


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
