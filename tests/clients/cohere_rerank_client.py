"""`cohere`'s v2 client (`ClientV2`, `AsyncClientV2`) for reranking, with the base URL `SERVER`."""

import cohere
from claims import KEY, QUERY, SERVER, TEXTS, assert_ranking, claim, main, model, raises
from cohere.errors import BadRequestError, NotFoundError

CLIENT = cohere.ClientV2(api_key=KEY, base_url=SERVER)


def pairs(answer):
    assert answer.id and answer.meta.billed_units.search_units == 1, answer
    return [(result.index, result.relevance_score) for result in answer.results]


@claim
def documents_are_ranked_by_their_cosine():
    assert_ranking(pairs(CLIENT.rerank(model=model(), query=QUERY, documents=TEXTS)), TEXTS)


@claim
def top_n_keeps_the_best():
    answer = CLIENT.rerank(model=model(), query=QUERY, documents=TEXTS, top_n=3)
    assert_ranking(pairs(answer), TEXTS, top=3)


@claim
def max_tokens_per_doc_may_be_none_or_as_many_as_the_model_reads():
    for most in (None, 4096):
        answer = CLIENT.rerank(model=model(), query=QUERY, documents=TEXTS, max_tokens_per_doc=most)
        assert_ranking(pairs(answer), TEXTS)


@claim
async def the_async_client_gets_the_same():
    async with cohere.AsyncClientV2(api_key=KEY, base_url=SERVER) as client:
        answer = await client.rerank(model=model(), query=QUERY, documents=TEXTS)
    assert_ranking(pairs(answer), TEXTS)


@claim
def the_v1_client_gets_its_documents_back():
    client = cohere.Client(api_key=KEY, base_url=SERVER)
    documents = [{"text": text} for text in TEXTS]
    answer = client.rerank(model=model(), query=QUERY, documents=documents, return_documents=True)
    assert_ranking(pairs(answer), TEXTS)
    assert [result.document.text for result in answer.results] == [TEXTS[one.index] for one in answer.results]


@claim
def a_wrong_model_is_a_NotFoundError():
    error = raises(NotFoundError, CLIENT.rerank, model="no-such-model", query=QUERY, documents=TEXTS)
    assert "no-such-model" in error.body["message"], error.body


@claim
def a_blank_document_is_a_BadRequestError():
    error = raises(BadRequestError, CLIENT.rerank, model=model(), query=QUERY, documents=["a", " "])
    assert error.body["message"], error.body


if __name__ == "__main__":
    main("cohere")
