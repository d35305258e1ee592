"""LlamaIndex: `OpenAILikeEmbedding`, `TextEmbeddingsInference` and its rerank.

The first takes the base URL `SERVER/v1`, the others take `SERVER/tei`.
"""

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
)
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference as Rerank


def openai_like(**fields):
    return OpenAILikeEmbedding(model_name=model(), api_base=f"{SERVER}/v1", api_key=KEY, **fields)


def inference(**fields):
    return TextEmbeddingsInference(model_name=model(), base_url=f"{SERVER}/tei", **fields)


def nodes():
    return [NodeWithScore(node=TextNode(text=text, id_=str(at)), score=0.0) for at, text in enumerate(TEXTS)]


def check(embedding):
    assert_same_bits(embedding.get_text_embedding_batch(TEXTS), native(TEXTS))
    assert_same_bits([embedding.get_text_embedding(TEXTS[0])], native(TEXTS[:1]))
    assert_same_bits([embedding.get_query_embedding(QUERY)], native([QUERY]))


async def check_async(embedding):
    assert_same_bits(await embedding.aget_text_embedding_batch(TEXTS), native(TEXTS))
    assert_same_bits([await embedding.aget_text_embedding(TEXTS[0])], native(TEXTS[:1]))
    assert_same_bits([await embedding.aget_query_embedding(QUERY)], native([QUERY]))


@claim
def openai_like_embeddings_of_texts_and_a_query_are_native():
    # The class replaces line breaks by spaces, which this model doesn't distinguish.
    check(openai_like())


@claim
async def openai_like_embeddings_are_the_same_async():
    await check_async(openai_like())


@claim
def openai_like_embeddings_take_dimensions():
    rows = openai_like(dimensions=64).get_text_embedding_batch(TEXTS)
    assert_same_bits(rows, native(TEXTS, dimensions=64))


@claim
def text_embeddings_inference_of_texts_and_a_query_is_native():
    check(inference())


@claim
async def text_embeddings_inference_is_the_same_async():
    await check_async(inference())


@claim
def text_embeddings_inference_cuts_a_long_text():
    rows = [inference(auth_token=KEY).get_text_embedding(TOO_LONG)]
    assert_same_bits(rows, native([TOO_LONG], long_text="truncate"))


@claim
def its_rerank_orders_nodes():
    ranked = Rerank(base_url=f"{SERVER}/tei", top_n=3).postprocess_nodes(nodes(), query_str=QUERY)
    assert_ranking([(int(one.node.node_id), one.score) for one in ranked], TEXTS, top=3)


@claim
async def its_rerank_orders_nodes_async():
    rerank = Rerank(base_url=f"{SERVER}/tei", top_n=len(TEXTS))
    ranked = await rerank.apostprocess_nodes(nodes(), query_str=QUERY)
    assert_ranking([(int(one.node.node_id), one.score) for one in ranked], TEXTS)


if __name__ == "__main__":
    main(
        "llama-index-embeddings-openai-like",
        "llama-index-embeddings-text-embeddings-inference",
        "llama-index-postprocessor-tei-rerank",
    )
