"""`openai` for Python, with the base URL `SERVER/v1` and any key."""

import asyncio
import concurrent.futures

import numpy
import openai
from claims import (
    KEY,
    PROMPTS_SERVER,
    SERVER,
    SMALL_SERVER,
    TEXTS,
    TOO_LONG,
    assert_prompts,
    assert_same_bits,
    claim,
    main,
    model,
    native,
    raises,
)

CLIENT = openai.OpenAI(base_url=f"{SERVER}/v1", api_key=KEY, max_retries=0)
# Each request of the overload has about 2,000 tokens, and the small queue holds 4,096.
FILLING = [" ".join(["word"] * 200)] * 10
AT_ONCE = 6


def rows(answer):
    assert [item.index for item in answer.data] == list(range(len(answer.data)))
    return [item.embedding for item in answer.data]


@claim
def embeddings_in_the_clients_default_format_are_bit_equal_to_native():
    raw = CLIENT.embeddings.with_raw_response.create(model=model(), input=TEXTS)
    sent = raw.http_request.content.decode()
    assert '"base64"' in sent, f"the client asked for another format: {sent[-80:]}"
    assert_same_bits(rows(raw.parse()), native(TEXTS))


@claim
def floats_are_bit_equal_to_native():
    answer = CLIENT.embeddings.create(model=model(), input=TEXTS, encoding_format="float")
    assert_same_bits(rows(answer), native(TEXTS))


@claim
def one_text_is_not_a_list_and_usage_counts_its_tokens():
    answer = CLIENT.embeddings.create(model=model(), input=TEXTS[0], user="someone")
    assert_same_bits(rows(answer), native(TEXTS[:1]))
    assert answer.object == "list" and answer.data[0].object == "embedding"
    assert answer.model == model()
    # "a gripping, beautifully shot film." and the two special tokens.
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 9, answer.usage


@claim
def dimensions_cut_a_row_and_normalise_it_again():
    answer = CLIENT.embeddings.create(model=model(), input=TEXTS, dimensions=64)
    assert_same_bits(rows(answer), native(TEXTS, dimensions=64))
    cut = native(TEXTS)[:, :64].astype(numpy.float64)
    cut /= numpy.linalg.norm(cut, axis=1, keepdims=True)
    assert numpy.abs(numpy.array(rows(answer)) - cut).max() < 1e-6


@claim
def jinas_task_in_the_extra_body_chooses_the_prompt_of_its_purpose():
    client = openai.OpenAI(base_url=f"{PROMPTS_SERVER}/v1", api_key=KEY, max_retries=0)
    names = {
        "retrieval.query": "query",
        "retrieval.passage": "document",
        "text-matching": "text-matching",
        "classification": "classification",
        "clustering": "clustering",
        "separation": "clustering",
    }

    def embed(task):
        return rows(client.embeddings.create(model=model(), input=TEXTS, extra_body={"task": task}))

    assert_prompts(embed, names)


@claim
async def the_async_client_gets_the_same():
    async with openai.AsyncOpenAI(base_url=f"{SERVER}/v1", api_key=KEY) as client:
        calls = [client.embeddings.create(model=model(), input=text) for text in TEXTS]
        answers = await asyncio.gather(*calls)
        assert_same_bits([rows(answer)[0] for answer in answers], native(TEXTS))
        assert model() in [listed.id async for listed in client.models.list()]
        error = await raised(openai.NotFoundError, client.models.retrieve("no-such-model"))
        assert error.code == "model_not_found", error.body


async def raised(kind, call):
    try:
        await call
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


@claim
def models_are_listed_and_retrieved():
    listed = CLIENT.models.list().data
    assert model() in [one.id for one in listed], listed
    assert all(one.object == "model" for one in listed)
    assert CLIENT.models.retrieve(model()).id == model()


@claim
def an_alias_is_a_model():
    """The servers have the alias "text-embedding-3-small", for clients with a fixed name."""
    alias = "text-embedding-3-small"
    assert alias in [one.id for one in CLIENT.models.list()]
    answer = CLIENT.embeddings.create(model=alias, input=TEXTS)
    assert answer.model == alias
    assert_same_bits(rows(answer), native(TEXTS))


@claim
def a_wrong_model_is_a_NotFoundError():
    for error in (
        raises(openai.NotFoundError, CLIENT.embeddings.create, model="no-such-model", input="a"),
        raises(openai.NotFoundError, CLIENT.models.retrieve, "no-such-model"),
    ):
        assert error.code == "model_not_found" and "no-such-model" in error.message, error.body


def refusal(texts):
    """The BadRequestError for this input."""
    return raises(openai.BadRequestError, CLIENT.embeddings.create, model=model(), input=texts)


@claim
def too_long_an_input_is_a_BadRequestError_that_names_it():
    error = refusal(["a", TOO_LONG])
    assert error.code == "context_length_exceeded", error.body
    assert error.type == "invalid_request_error" and error.param == "input[1]", error.body


@claim
def token_ids_are_a_BadRequestError_with_the_remedy():
    for ids in ([1, 2, 3], [[1, 2], [3]]):
        error = refusal(ids)
        assert "token ids" in error.message and error.param == "input", error.body


@claim
def empty_and_blank_inputs_are_a_BadRequestError():
    for texts, place in (([], "input"), ("", "input"), (["a", " "], "input[1]")):
        error = refusal(texts)
        assert error.param in (place, f"{place}[0]"), error.body


@claim
def an_overloaded_server_is_a_RateLimitError_with_a_time_to_wait():
    client = openai.OpenAI(base_url=f"{SMALL_SERVER}/v1", api_key=KEY, max_retries=0)
    outcomes = at_once(client)
    refused = [one for one in outcomes if isinstance(one, openai.RateLimitError)]
    answered = [one for one in outcomes if not isinstance(one, Exception)]
    assert refused and answered and len(refused) + len(answered) == AT_ONCE, outcomes
    for error in refused:
        assert error.code == "rate_limit_exceeded" and error.type == "rate_limit_error", error.body
        assert int(error.response.headers["retry-after"]) >= 1
    return f"{len(refused)} of {AT_ONCE} refused"


@claim
def the_clients_own_retries_get_through_an_overload():
    client = openai.OpenAI(base_url=f"{SMALL_SERVER}/v1", api_key=KEY, max_retries=60)
    expected = native(FILLING)
    for answer in at_once(client):
        assert not isinstance(answer, Exception), answer
        assert_same_bits(rows(answer), expected)


def at_once(client):
    """What each of several requests, sent at the same time, returned or raised."""

    def one(_):
        try:
            return client.embeddings.create(model=model(), input=FILLING)
        except openai.APIError as error:
            return error

    model()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


if __name__ == "__main__":
    main("openai")
