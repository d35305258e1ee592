"""Haystack with `huggingface-api-haystack`: text and document embedders, and the ranker.

The embedders take the URL `SERVER/tei`. The ranker replaces the path of its URL by `/rerank`, so it asks the
server's own `/rerank` in the shape of text-embeddings-inference, whatever the path is.
"""

from claims import (
    QUERY,
    SERVER,
    TEXTS,
    TOO_LONG,
    assert_ranking,
    assert_same_bits,
    call,
    claim,
    main,
    native,
)
from haystack import Document
from haystack_integrations.components.embedders.huggingface_api import (
    HuggingFaceAPIDocumentEmbedder,
    HuggingFaceAPITextEmbedder,
)
from haystack_integrations.components.rankers.huggingface_api import HuggingFaceTEIRanker

TEI = {"api_type": "text_embeddings_inference", "api_params": {"url": f"{SERVER}/tei"}}
QUIET = TEI | {"progress_bar": False}
# A document's id is a hash of its content, so equal ones would be merged.
DISTINCT = list(dict.fromkeys(TEXTS))


def not_normalised(texts):
    """Rows of the recipe `native` without its last step."""
    recipe = call("/info")["recipes"]["native"] | {"normalize": False}
    return native(texts, recipe=recipe)


def documents():
    return [Document(content=text, meta={"place": place}) for place, text in enumerate(DISTINCT)]


def pairs(answer):
    return [(document.meta["place"], document.score) for document in answer["documents"]]


@claim
def a_query_is_embedded():
    embedder = HuggingFaceAPITextEmbedder(**TEI, normalize=True)
    assert_same_bits([embedder.run(QUERY)["embedding"]], native([QUERY]))


@claim
def documents_are_embedded():
    answer = HuggingFaceAPIDocumentEmbedder(**QUIET, normalize=True, batch_size=3).run(documents())
    assert_same_bits([document.embedding for document in answer["documents"]], native(DISTINCT))


@claim
def by_default_rows_are_not_normalised_as_the_client_asks():
    answer = HuggingFaceAPIDocumentEmbedder(**QUIET).run(documents())
    assert_same_bits([document.embedding for document in answer["documents"]], not_normalised(DISTINCT))


@claim
async def both_are_the_same_async():
    query = await HuggingFaceAPITextEmbedder(**TEI, normalize=True).run_async(QUERY)
    assert_same_bits([query["embedding"]], native([QUERY]))
    answer = await HuggingFaceAPIDocumentEmbedder(**QUIET, normalize=True).run_async(documents())
    assert_same_bits([document.embedding for document in answer["documents"]], native(DISTINCT))


@claim
def a_long_text_is_cut_as_the_client_asks():
    embedder = HuggingFaceAPITextEmbedder(**TEI, normalize=True)
    assert_same_bits([embedder.run(TOO_LONG)["embedding"]], native([TOO_LONG], long_text="truncate"))


@claim
def documents_are_ranked():
    ranker = HuggingFaceTEIRanker(url=f"{SERVER}/tei", top_k=3, max_retries=1)
    assert_ranking(pairs(ranker.run(query=QUERY, documents=documents())), DISTINCT, top=3)


@claim
async def documents_are_ranked_async():
    ranker = HuggingFaceTEIRanker(url=f"{SERVER}/tei", top_k=len(DISTINCT), max_retries=1)
    answer = await ranker.run_async(query=QUERY, documents=documents())
    assert_ranking(pairs(answer), DISTINCT)


if __name__ == "__main__":
    main("haystack-ai", "huggingface-api-haystack")
