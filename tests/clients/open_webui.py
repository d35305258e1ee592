"""Open WebUI's requests to an embedder and to a reranker, replayed, and their answers read as it reads them.

From `backend/open_webui/retrieval/utils.py` (`agenerate_openai_batch_embeddings`) and
`retrieval/models/external.py` (`ExternalReranker`) of its repository. Open WebUI isn't installed here, since
it is a whole application; `requests` is what it calls the reranker with.

Settings: "OpenAI" as the embedding engine with `SERVER/v1` as its URL; "external" as the reranking engine
with `SERVER/v1/rerank` as its URL. Any key does.
"""

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

# What it adds if it is set to forward who is asking.
USER = {
    "X-OpenWebUI-User-Name": "Zo%C3%AB",
    "X-OpenWebUI-User-Id": "f1f4a0a0-0000-4000-8000-000000000000",
    "X-OpenWebUI-User-Email": "zoe@example.org",
    "X-OpenWebUI-User-Role": "user",
}


def post(path, body, key=KEY, headers=None):
    authorization = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    answer = requests.post(SERVER + path, headers=authorization | (headers or {}), json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def embed(texts, **fields):
    """It takes the rows in the order of `data`, whatever their index says."""
    body = {"input": texts, "model": model()}
    return [one["embedding"] for one in post("/v1/embeddings", body, **fields)["data"]]


@claim
def a_batch_of_texts_is_embedded():
    assert_same_bits(embed(TEXTS), native(TEXTS))


@claim
def a_batch_of_one_is_embedded_without_a_key_and_with_a_user():
    assert_same_bits(embed([QUERY], key="", headers=USER), native([QUERY]))


@claim
def the_external_reranker_gets_a_score_per_document():
    """It sorts the results by their index, and takes each one's score."""
    body = {"model": model(), "query": QUERY, "documents": TEXTS, "top_n": len(TEXTS)}
    results = post("/v1/rerank", body, headers=USER)["results"]
    assert sorted(one["index"] for one in results) == list(range(len(TEXTS)))
    assert_ranking([(one["index"], one["relevance_score"]) for one in results], TEXTS)


if __name__ == "__main__":
    main("requests")
