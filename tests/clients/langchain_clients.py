"""LangChain: `OpenAIEmbeddings`, `HuggingFaceEndpointEmbeddings` and `CohereRerank`.

- `OpenAIEmbeddings` needs `check_embedding_ctx_length=False`: otherwise it sends the token ids of OpenAI's
  tokenizer.
- `HuggingFaceEndpointEmbeddings` refuses a URL as its model, so it gets its two clients after it is made.
- `CohereRerank` takes the server's URL without a path.
"""

from claims import (
    KEY,
    PROMPTS_SERVER,
    QUERY,
    SERVER,
    TEXTS,
    TOO_LONG,
    assert_prompts,
    assert_ranking,
    assert_same_bits,
    claim,
    main,
    model,
    native,
    raises,
)
from huggingface_hub import AsyncInferenceClient, InferenceClient
from langchain_cohere import CohereRerank
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEndpointEmbeddings
from langchain_openai import OpenAIEmbeddings


def openai_embeddings(server=SERVER, **fields):
    base = {"base_url": f"{server}/v1", "api_key": KEY, "model": model()}
    return OpenAIEmbeddings(**base, check_embedding_ctx_length=False, **fields)


def endpoint_embeddings(server=SERVER, **fields):
    embeddings = HuggingFaceEndpointEmbeddings(model=model(), **fields)
    embeddings.client = InferenceClient(f"{server}/tei")
    embeddings.async_client = AsyncInferenceClient(f"{server}/tei")
    return embeddings


def cohere_rerank(**fields):
    return CohereRerank(base_url=SERVER, cohere_api_key=KEY, model=model(), **fields)


DOCUMENTS = [Document(text, metadata={"place": place}) for place, text in enumerate(TEXTS)]


@claim
def openai_embeddings_of_documents_and_a_query_are_native():
    embeddings = openai_embeddings()
    assert_same_bits(embeddings.embed_documents(TEXTS), native(TEXTS))
    assert_same_bits([embeddings.embed_query(QUERY)], native([QUERY]))


@claim
async def openai_embeddings_are_the_same_async():
    embeddings = openai_embeddings()
    assert_same_bits(await embeddings.aembed_documents(TEXTS), native(TEXTS))
    assert_same_bits([await embeddings.aembed_query(QUERY)], native([QUERY]))


@claim
def openai_embeddings_take_dimensions_and_send_many_texts_in_chunks():
    many = [f"{text} {number}" for number in range(10) for text in TEXTS]
    rows = openai_embeddings(dimensions=64, chunk_size=16).embed_documents(many)
    assert_same_bits(rows, native(many, dimensions=64))


@claim
def endpoint_embeddings_of_documents_and_a_query_are_native():
    embeddings = endpoint_embeddings()
    assert_same_bits(embeddings.embed_documents(TEXTS), native(TEXTS))
    assert_same_bits([embeddings.embed_query(QUERY)], native([QUERY]))


@claim
async def endpoint_embeddings_are_the_same_async():
    embeddings = endpoint_embeddings()
    assert_same_bits(await embeddings.aembed_documents(TEXTS), native(TEXTS))
    assert_same_bits([await embeddings.aembed_query(QUERY)], native([QUERY]))


@claim
def endpoint_embeddings_cut_a_long_text_where_they_are_asked_to():
    rows = endpoint_embeddings(model_kwargs={"truncate": True}).embed_documents([TOO_LONG])
    assert_same_bits(rows, native([TOO_LONG], long_text="truncate"))


@claim
def model_kwargs_choose_a_prompt_by_jinas_task_and_by_prompt_name():
    def by_task(task):
        fields = {"model_kwargs": {"extra_body": {"task": task}}}
        return openai_embeddings(PROMPTS_SERVER, **fields).embed_documents(TEXTS)

    def by_name(name):
        fields = {"model_kwargs": {"prompt_name": name}}
        return endpoint_embeddings(PROMPTS_SERVER, **fields).embed_documents(TEXTS)

    assert_prompts(by_task, {"retrieval.query": "query", "retrieval.passage": "document"})
    assert_prompts(by_name, {"query": "query", "document": "document"})


@claim
def endpoint_embeddings_refuse_a_url_which_is_why_they_get_their_clients_later():
    raises(ValueError, HuggingFaceEndpointEmbeddings, model=f"{SERVER}/tei")


@claim
def cohere_rerank_compresses_documents():
    ranked = cohere_rerank(top_n=3).compress_documents(DOCUMENTS, QUERY)
    pairs = [(one.metadata["place"], one.metadata["relevance_score"]) for one in ranked]
    assert_ranking(pairs, TEXTS, top=3)
    assert all(one.page_content == TEXTS[one.metadata["place"]] for one in ranked)


@claim
async def cohere_rerank_compresses_documents_async():
    ranked = await cohere_rerank(top_n=3).acompress_documents(DOCUMENTS, QUERY)
    pairs = [(one.metadata["place"], one.metadata["relevance_score"]) for one in ranked]
    assert_ranking(pairs, TEXTS, top=3)


@claim
def cohere_rerank_ranks_texts():
    ranked = cohere_rerank().rerank(TEXTS, QUERY, top_n=None)
    assert_ranking([(one["index"], one["relevance_score"]) for one in ranked], TEXTS)


if __name__ == "__main__":
    main("langchain-openai", "langchain-huggingface", "langchain-cohere")
