"""`litellm`: `embedding` and `rerank` by each of its providers that takes a base URL.

| model | base URL |
|---|---|
| `openai/NAME`, `hosted_vllm/NAME`, `jina_ai/NAME`, `infinity/NAME` for embeddings | `SERVER/v1` |
| `hosted_vllm/NAME`, `jina_ai/NAME` for reranking | `SERVER/v1` |
| `huggingface/NAME`, with `input_type="embed"` for embeddings | `SERVER/tei` |
| `cohere/NAME` for reranking | `SERVER` |
| `cohere/NAME` for embeddings | `SERVER/v2/embed` |

Without `input_type` the provider `huggingface` asks the model hub which task the model is for.
"""

import litellm
from claims import (
    KEY,
    QUERY,
    SERVER,
    TEXTS,
    TOO_LONG,
    assert_ranking,
    assert_same_bits,
    claim,
    main,
    model,
    native,
    raises,
)

litellm.suppress_debug_info = True
EMBEDDERS = {"openai": "/v1", "hosted_vllm": "/v1", "jina_ai": "/v1", "infinity": "/v1"}
RERANKERS = {"cohere": "", "hosted_vllm": "/v1", "jina_ai": "/v1"}


def target(provider, path):
    return {"model": f"{provider}/{model()}", "api_base": SERVER + path, "api_key": KEY}


def rows(answer):
    return [item["embedding"] for item in answer.data]


def pairs(answer):
    return [(result["index"], result["relevance_score"]) for result in answer.results]


@claim
def embeddings_are_native_with_every_provider_of_openais_shape():
    for provider, path in EMBEDDERS.items():
        answer = litellm.embedding(**target(provider, path), input=TEXTS)
        assert_same_bits(rows(answer), native(TEXTS))
        assert answer.usage.prompt_tokens > len(TEXTS), (provider, answer.usage)
    return ", ".join(EMBEDDERS)


@claim
async def embeddings_are_the_same_async():
    for provider, path in EMBEDDERS.items():
        answer = await litellm.aembedding(**target(provider, path), input=TEXTS)
        assert_same_bits(rows(answer), native(TEXTS))


@claim
def embeddings_take_a_format_and_dimensions():
    answer = litellm.embedding(**target("openai", "/v1"), input=TEXTS, encoding_format="float")
    assert_same_bits(rows(answer), native(TEXTS))
    answer = litellm.embedding(**target("jina_ai", "/v1"), input=TEXTS, dimensions=64)
    assert_same_bits(rows(answer), native(TEXTS, dimensions=64))


@claim
def embeddings_are_native_with_the_provider_huggingface():
    to = target("huggingface", "/tei")
    assert_same_bits(rows(litellm.embedding(**to, input=TEXTS, input_type="embed")), native(TEXTS))


@claim
async def embeddings_with_the_provider_huggingface_are_the_same_async():
    answer = await litellm.aembedding(**target("huggingface", "/tei"), input=TEXTS, input_type="embed")
    assert_same_bits(rows(answer), native(TEXTS))


@claim
def embeddings_are_native_with_the_provider_cohere():
    to = target("cohere", "/v2/embed")
    answer = litellm.embedding(**to, input=TEXTS)
    assert_same_bits(rows(answer), native(TEXTS))
    assert answer.usage.prompt_tokens > len(TEXTS), answer.usage
    answer = litellm.embedding(**to, input=TEXTS, encoding_format="float", dimensions=64)
    assert_same_bits(rows(answer), native(TEXTS, dimensions=64))


@claim
def errors_are_litellms_own():
    to = target("openai", "/v1")
    error = raises(litellm.NotFoundError, litellm.embedding, **to | {"model": "openai/none"}, input=["a"])
    assert "none" in error.message, error
    # The code that litellm looks for, or its words.
    raises(litellm.BadRequestError, litellm.embedding, **to, input=[TOO_LONG])


@claim
def rerank_ranks_with_every_provider_of_coheres_and_jinas_shape():
    for provider, path in RERANKERS.items():
        answer = litellm.rerank(**target(provider, path), query=QUERY, documents=TEXTS, top_n=3)
        assert_ranking(pairs(answer), TEXTS, top=3)
        texts = [result["document"]["text"] for result in answer.results]
        assert texts == [TEXTS[result["index"]] for result in answer.results], (provider, texts)
    return ", ".join(RERANKERS)


@claim
async def rerank_is_the_same_async():
    for provider, path in RERANKERS.items():
        answer = await litellm.arerank(**target(provider, path), query=QUERY, documents=TEXTS)
        assert_ranking(pairs(answer), TEXTS)


@claim
def rerank_takes_the_most_tokens_of_a_document():
    answer = litellm.rerank(
        **target("cohere", ""), query=QUERY, documents=TEXTS, max_tokens_per_doc=4096, return_documents=False
    )
    assert_ranking(pairs(answer), TEXTS)


@claim
def rerank_ranks_with_the_provider_huggingface():
    to = target("huggingface", "/tei")
    assert_ranking(pairs(litellm.rerank(**to, query=QUERY, documents=TEXTS)), TEXTS)
    # text-embeddings-inference has no `top_n`; this provider sends it anyway, and returns what comes.
    answer = litellm.rerank(**to, query=QUERY, documents=TEXTS, top_n=3)
    assert_ranking(pairs(answer)[:3], TEXTS, top=3)
    assert [one["document"]["text"] for one in answer.results[:3]] == [TEXTS[at] for at, _ in pairs(answer)[:3]]


if __name__ == "__main__":
    main("litellm")
