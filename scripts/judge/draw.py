"""Random combinations of settings: what is drawn, and how often.

A setting is a function that changes a draft. Settings that Strata refuses are drawn more rarely, so that
most combinations are served.
"""

import draw_config
import draw_sentence
import draw_tokenizer
from draft import Draft
from modules import Module
from tiny import PROMPTS, SENTENCE_TYPES

MOST_SETTINGS = 5
EXTRA = ["[E1]", "[E2]", "<s>", "</s>"]


def draw(rng):
    """(a draft, the names of its settings)"""
    kind = rng.choice(["tokenizer", "tokenizer", "vocab", "vocab", "sentence", "sentence", "classifier"])
    make = Draft.vocab_only if kind == "vocab" or rng.random() < 0.2 else Draft.plain
    draft = make(seed=rng.randrange(1 << 30), extra=EXTRA[2:], rows=6, num_hidden_layers=rng.choice([1, 2]))
    draft.dtype = "float32"
    settings = draw_tokenizer.SETTINGS + draw_config.SETTINGS
    if kind == "sentence":
        draft.modules = [Module("", SENTENCE_TYPES + "Transformer")]
        draw_sentence.draw_modules(draft, rng)
        settings = settings + draw_sentence.SETTINGS * 4
    if kind == "classifier":
        draw_config.draw_classifier(draft, rng)
        settings = settings + draw_config.CLASSIFIER_SETTINGS * 6
    names = [kind + (" with vocab.txt" if draft.vocab and kind != "vocab" else "")]
    chosen = {}
    for _ in range(rng.randint(1, MOST_SETTINGS)):
        weights = [weight for weight, _ in settings]
        _, setting = rng.choices(settings, weights)[0]
        chosen[setting.__name__] = setting
    for name, setting in chosen.items():
        value = setting(draft, rng)
        names.append(name if value is None else f"{name}={value}")
    if draft.sub:
        # Files of the encoder lie beside its config.
        draft.files = {placed(draft, path): value for path, value in draft.files.items()}
    return draft, names


def placed(draft, path):
    return path if "/" in path or path == PROMPTS else f"{draft.sub}/{path}"
