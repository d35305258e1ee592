"""Keys and their limits, with `openai`, `cohere` and `huggingface_hub`.

KEYED_SERVER is the URL of a server that asks for keys. GOOD_KEY is one of them; SLOW_KEY is another, with
one request a minute.
"""

import os

import cohere
import openai
from claims import TEXTS, assert_same_bits, claim, main, model, native, raises
from cohere.errors import TooManyRequestsError, UnauthorizedError
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

SERVER = os.environ["KEYED_SERVER"]
GOOD, SLOW, WRONG = os.environ["GOOD_KEY"], os.environ["SLOW_KEY"], "strata_not-a-key"


def with_openai(key):
    client = openai.OpenAI(base_url=f"{SERVER}/v1", api_key=key, max_retries=0)
    return client.embeddings.create(model=model(), input=TEXTS)


def with_cohere(key):
    client = cohere.ClientV2(api_key=key, base_url=SERVER)
    fields = {"model": model(), "input_type": "search_document", "embedding_types": ["float"]}
    return client.embed(texts=TEXTS, **fields, request_options={"max_retries": 0})


def with_huggingface_hub(key):
    return InferenceClient(f"{SERVER}/tei", token=key).feature_extraction(TEXTS[0])


@claim
def a_known_key_gets_the_answers_of_a_server_without_keys():
    assert_same_bits([item.embedding for item in with_openai(GOOD).data], native(TEXTS))
    assert_same_bits(with_cohere(GOOD).embeddings.float_, native(TEXTS))
    assert_same_bits(with_huggingface_hub(GOOD), native(TEXTS[:1]))


@claim
def an_unknown_key_is_openais_AuthenticationError():
    error = raises(openai.AuthenticationError, lambda: with_openai(WRONG))
    assert error.code == "invalid_api_key" and error.status_code == 401, error.body
    assert WRONG not in str(error.body)
    assert error.response.headers["www-authenticate"] == "Bearer"


@claim
def an_unknown_key_is_coheres_UnauthorizedError():
    error = raises(UnauthorizedError, lambda: with_cohere(WRONG))
    assert "the key is not known" in error.body["message"], error.body


@claim
def an_unknown_key_is_a_401_to_huggingface_hub():
    error = raises(HfHubHTTPError, lambda: with_huggingface_hub(WRONG))
    assert error.response.status_code == 401, error


@claim
def a_key_over_its_limit_is_each_clients_error_for_that():
    # This one is let in; the limit then is used up for a minute.
    with_openai(SLOW)
    error = raises(openai.RateLimitError, lambda: with_openai(SLOW))
    assert error.code == "rate_limit_exceeded" and error.type == "rate_limit_error", error.body
    assert 1 <= int(error.response.headers["retry-after"]) <= 60
    raises(TooManyRequestsError, lambda: with_cohere(SLOW))
    error = raises(HfHubHTTPError, lambda: with_huggingface_hub(SLOW))
    assert error.response.status_code == 429, error
    with_openai(GOOD)


if __name__ == "__main__":
    main("openai", "cohere", "huggingface_hub")
