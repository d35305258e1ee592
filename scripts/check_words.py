"""Finds words that the glossary in ARCHITECTURE.md rules out, where a pattern can tell.

Names are looked for in Rust code, phrases in comments, strings and documents. Prints file:line for
each and fails if there is any. Uses only the standard library.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

COUNT = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|numbers?|\d+)"
THING = (
    r"(?:batch|column|command|event|file|fold|head|input|label|lane|layer|line|object|pass|query|"
    r"request|row|sequence|task|text|thread|token|window)"
)

# Pattern, its replacement, and a pattern for the paths where it applies.
NAMES = [
    (r"(?<!::)(?<!\.)\b(?:of|how|told)\b", "a name that says what it is", ""),
    (r"(?<!bert::)\bHiddenAct\b", "Activation", ""),
    (r"\b[Ss]hel(?:f|ves)\b", "ScratchPool", ""),
    (r"\blet_go\b", "release_pages", ""),
    (r"\bTold\b", "ProcessSignal", ""),
    (r"\b[Tt]ied\b", "layer_weights", ""),
    (r"\bInseparable\b", "NotExplainable", ""),
    (r"\bfn strata\b", "stratify", r"(?!benches/)"),
    (r"\b(?:Finish|Ahead|How)\b", "Epilogue, Prefetch, GemmConfig", r"crates/strata-kernels/"),
    (r"\b(?:least|largest)\b", "min, max", r"crates/strata-kernels/"),
    (r"\b(?:struct|enum|type) Asks?\b", "OutputSpec, TaskSpec", r"src/"),
    (r"\b(?:struct|enum|type) Answer\b", "Output", r"src/"),
    (r"\b(?:struct|enum|type) Finish\b", "OutputBuilder", r"src/"),
    (r"\b(?:struct|enum|type) Problem\b", "ProblemDetails, ProblemType, DatasetErrorKind", r"src/"),
    (r"\b(?:struct|enum|type) Share\b", "PoolingMask, Selection", r"src/"),
    (r"\b(?:struct|enum|type) Plan\b", "RowLayout, Folds", r"src/"),
    (r"\b(?:struct|enum|type) Settings\b", "BatcherOptions, TrainingOptions", r"(?!src/config/)"),
    (r"\b(?:struct|enum|type) Split\b", "TokenAttribution", r"src/(?!training/)"),
    (r"\b(?:struct|enum|type) Tap\b", "PooledLayer", r"src/(?!model/)"),
    (r"\b(?:struct|enum|type) Worker\b", "PassScratch", r"src/(?!batching/)"),
]
PHRASES = [
    (rf"\b{COUNT} an? {THING}\b", "one per input"),
    (r"\bpass(?:es|ed)? over (?:all |the )*(?:training )?rows\b", "epoch"),
    (r"\bleft the numbers\b", "non-finite"),
    (r"\b[Nn]umber[ ]formats?\b", "dtype"),
    (r"\blets? go\b|\bletting go\b", "release"),
    (r"\b(?:is|are|was|were|be|been) told\b", "receives"),
]

# In this order: a comment, a string, a character.
LITERAL = re.compile(
    r"""(?P<text>//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*")"""
    r"""|'(?:\\(?:u\{\w+\}|x\w\w|.)|[^\\'])'""",
    re.S,
)
GLOSSARY = re.compile(r"^\| term \| meaning \| not \|\n(?:\|.*\n)*", re.M)


def blank(text):
    """Spaces of the same length, with the ends of lines kept."""
    return re.sub(r"[^\n]", " ", text)


def code_and_text(source):
    """Rust source twice: without comments and literals, and with only its comments and strings."""
    code = LITERAL.sub(lambda match: blank(match[0]), source)
    parts, end = [], 0
    for match in LITERAL.finditer(source):
        parts += [blank(source[end : match.start()]), match["text"] or blank(match[0])]
        end = match.end()
    return code, "".join(parts) + blank(source[end:])


def offences(path, source):
    """The line, the words and the advice of each match of the tables in a file."""
    if path.endswith(".rs"):
        code, text = code_and_text(source)
    else:
        code, text = "", GLOSSARY.sub(lambda match: blank(match[0]), source)
    # A phrase may continue in the next line of a comment.
    text = re.sub(r"\n(\s*)(//[/!]?|#)", lambda match: "\n" + match[1] + " " * len(match[2]), text)
    for pattern, advice, where in NAMES:
        for match in re.finditer(pattern, code) if re.match(where, path) else ():
            yield code.count("\n", 0, match.start()) + 1, match[0], advice
    for pattern, advice in PHRASES:
        spaced = pattern.replace(" ", r"\s+")
        for match in re.finditer(spaced, text, re.I):
            yield text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), advice


def main():
    kinds = ["*.rs", "*.md", "*.html", "*.toml", "*.yaml", "*.yml", "Dockerfile", "Makefile"]
    listed = ["git", "ls-files", "-co", "--exclude-standard", "--", *kinds]
    paths = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = 0
    for path in filter(lambda path: (ROOT / path).is_file(), paths.splitlines()):
        for line, words, advice in sorted(offences(path, (ROOT / path).read_text())):
            print(f'{path}:{line}: "{words}" (better: {advice})')
            found += 1
    if found:
        sys.exit(f"check_words: {found} words that the glossary of ARCHITECTURE.md rules out")


if __name__ == "__main__":
    main()
