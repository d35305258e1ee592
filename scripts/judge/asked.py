"""The requests that a checkpoint is judged by, each with the answer that is right."""

import numpy

DIGITS = 7


def numbers(array):
    return numpy.round(numpy.asarray(array, float), DIGITS).tolist()


def ask(reference, inputs, prompts=(None,), layers=(0,)):
    """All requests for `inputs`, each a text or a pair (text, pair). Rows are those of the last layer, and
    of `layers`.

    Inputs for which the libraries raise, because an id or a position has no row in its table, are left out.
    """
    asked, full = [], []
    for given in inputs:
        text, pair = (given, None) if isinstance(given, str) else given
        encoded, truncated = reference.tokens(text, pair)
        if encoded["input_ids"].shape[1] == 0:
            asked += no_tokens(reference, given)
        elif has_rows(reference.model.config, encoded):
            full.append((given, encoded, truncated))
    if full:
        asked += token_rows(reference, full, layers)
        if reference.classifier is not None:
            asked.append(classify(reference, full))
        texts = [given for given, _, _ in full if isinstance(given, str)]
        if texts and reference.sentence is not None:
            asked += [request for prompt in prompts for request in native(reference, texts, prompt)]
    return asked


def has_rows(config, encoded):
    """Whether every position, id and token type has a row in its table."""
    ids = encoded["input_ids"]
    types = encoded.get("token_type_ids", ids * 0)
    fits = ids.max() < config.vocab_size and types.max() < config.type_vocab_size
    return bool(fits) and ids.shape[1] <= config.max_position_embeddings


def written(given):
    return given if isinstance(given, str) else {"text": given[0], "pair": given[1]}


def no_tokens(reference, given):
    """Each route refuses an input of which no token is left."""
    first = reference.tokens("the cat")[0]["input_ids"]
    pointer = {"pointer": "/inputs/1"} if first.shape[1] else {}
    inputs = {"inputs": ["the cat", written(given)]}
    # A default prompt has tokens of its own.
    is_prompted = reference.sentence is not None and reference.sentence.default_prompt_name
    bodies = [{"tokens": True}] if is_prompted else [{"recipe": "native"}, {"tokens": True}]
    # Only a single text is read in windows.
    bodies += [{"long_text": "window"}] if isinstance(given, str) else []
    asked = [{"path": "/embed", "body": inputs | body} for body in bodies]
    if reference.classifier is not None:
        asked.append({"path": "/classify", "body": inputs})
    expect = {"status": 422, "code": "no_tokens"} | pointer
    return [request | {"expect": expect} for request in asked]


def token_rows(reference, full, layers):
    """The rows of all tokens after each of `layers` and the last; 0 is the embedding output."""
    states = [reference.hidden_states(encoded) for _, encoded, _ in full]
    for layer in [*layers, len(states[0]) - 1]:
        recipe = {"layers": [layer], "pooling": "mean"}
        body = {"inputs": [written(given) for given, _, _ in full], "tokens": True, "recipe": recipe}
        expect = {
            "status": 200,
            "tokens": sum(len(state[layer]) for state in states),
            "truncated": [index for index, (_, _, truncated) in enumerate(full) if truncated],
            "embeddings": [numbers(state[layer]) for state in states],
        }
        yield {"path": "/embed", "body": body, "expect": expect}


def classify(reference, full):
    body = {"inputs": [written(given) for given, _, _ in full]}
    results = []
    for _, encoded, _ in full:
        logits, probabilities = reference.classify(encoded)
        result = {"logits": numbers(logits)}
        if probabilities is not None:
            result["probabilities"] = numbers(probabilities)
        results.append(result)
    return {"path": "/classify", "body": body, "expect": {"status": 200, "results": results}}


def native(reference, texts, prompt):
    """The rows by sentence-transformers. A text of which no token is pooled is refused."""
    body = {"recipe": "native"} | ({"prompt_name": prompt} if prompt else {})
    rows = reference.native(texts, prompt)
    kept = [text for text, row in zip(texts, rows) if row is not None]
    if kept:
        expect = {"status": 200, "embeddings": numbers([row for row in rows if row is not None])}
        yield {"path": "/embed", "body": {"inputs": kept} | body, "expect": expect}
    for text, row in zip(texts, rows):
        if row is None:
            expect = {"status": 422, "code": "no_tokens", "pointer": "/inputs"}
            yield {"path": "/embed", "body": {"inputs": text} | body, "expect": expect}
