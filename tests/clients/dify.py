"""Dify's requests to an embedder and to a reranker, replayed, and their answers read as it reads them.

From `models/openai_api_compatible` in the repository of its plugins, and from `openai_compatible` in that of
its plugins' SDK, which older plugins use. Both post with `requests`.

Settings of the provider "OpenAI-API-compatible": `SERVER/v1` as the endpoint, for both kinds of model; the
name of the model as `/v1/models` has it. The key may stay empty. "Vision support" stays off: no text model
has it.
"""

import json

import requests
from claims import (
    KEY,
    QUERY,
    SERVER,
    TEXTS,
    assert_ranking,
    assert_same_bits,
    claim,
    main,
    model,
    native,
)

CAPITALS = [
    "Carson City is the capital of Nevada, a state of the USA.",
    "Saipan is the capital of the Northern Mariana Islands.",
    "Washington, D.C., is the capital of the United States.",
]


def post(path, body, key=KEY):
    """As the plugin posts: without a key the header is there and empty."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}" if key else ""}
    answer = requests.post(f"{SERVER}/v1{path}", headers=headers, json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def embed(texts, key=KEY, **fields):
    answer = post("/embeddings", {"model": model(), "input": texts} | fields, key)
    # It adds these up, and reads a price if there is one.
    assert answer["usage"]["prompt_tokens"] and "total_price" not in answer["usage"], answer["usage"]
    return [one["embedding"] for one in answer["data"]]


@claim
def texts_are_embedded_with_and_without_a_key():
    for key in (KEY, ""):
        assert_same_bits(embed(TEXTS, key), native(TEXTS))


@claim
def texts_are_embedded_with_the_format_that_the_settings_name():
    assert_same_bits(embed(TEXTS, encoding_format="float"), native(TEXTS))


@claim
def the_older_plugins_requests_are_answered():
    """They send one text for a check, read `model`, then send batches with a user."""
    headers = {"Content-Type": "application/json"}
    for body in (
        {"input": "ping", "model": model()},
        {"input": TEXTS[:1], "model": model(), "user": "someone", "encoding_format": "float"},
    ):
        answer = requests.post(f"{SERVER}/v1/embeddings", headers=headers, data=json.dumps(body), timeout=60)
        assert answer.status_code == 200 and "model" in answer.json(), answer.text
        assert answer.json()["usage"]["total_tokens"] > 0


@claim
def documents_are_ranked():
    body = {"model": model(), "query": QUERY, "documents": TEXTS, "top_n": 3}
    results = post("/rerank", body)["results"]
    assert_ranking([(one["index"], one["relevance_score"]) for one in results], TEXTS, top=3)


@claim
def the_check_of_a_reranker_passes():
    body = {"model": model(), "query": "What is the capital of the USA?", "documents": CAPITALS, "top_n": 3}
    results = post("/rerank", body, key="")["results"]
    best = max(results, key=lambda one: one["relevance_score"])
    assert best["index"] == 2 and len(results) == 3, results


@claim
def the_older_plugin_gets_its_documents_back():
    """It may leave `top_n` null, and takes a document's text from a dictionary or a string."""
    body = {"model": model(), "query": QUERY, "documents": TEXTS, "top_n": None, "return_documents": True}
    results = post("/rerank", body)["results"]
    assert_ranking([(one["index"], one["relevance_score"]) for one in results], TEXTS)
    assert all(one["document"]["text"] == TEXTS[one["index"]] for one in results), results


if __name__ == "__main__":
    main("requests")
