"""`cohere`'s v2 client (`ClientV2`, `AsyncClientV2`) for embedding, with the base URL `SERVER`.

The types int8 and uint8 need ranges that `strata calibrate` computed beforehand. The server at SERVER has
none for 64 dimensions.
"""

import base64

import cohere
import numpy
from claims import (
    KEY,
    PROMPTS_SERVER,
    SERVER,
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
from cohere.core import ApiError
from cohere.errors import BadRequestError, NotFoundError

CLIENT = cohere.ClientV2(api_key=KEY, base_url=SERVER)
ALL = ["float", "int8", "uint8", "binary", "ubinary", "base64"]


def embed(texts=TEXTS, types=("float",), **fields):
    fields = {"model": model(), "input_type": "search_document", "embedding_types": list(types)} | fields
    return CLIENT.embed(texts=texts, **fields)


@claim
def floats_and_base64_are_bit_equal_to_native():
    answer = embed(types=["float", "base64"])
    assert_same_bits(answer.embeddings.float_, native(TEXTS))
    decoded = [numpy.frombuffer(base64.b64decode(row), "<f4") for row in answer.embeddings.base64]
    assert_same_bits(decoded, native(TEXTS))
    assert answer.embeddings.int8 is None and answer.embeddings.binary is None
    assert answer.id and answer.texts == TEXTS
    assert answer.meta.billed_units.input_tokens > len(TEXTS)


@claim
def floats_are_what_is_returned_if_no_type_is_named():
    answer = CLIENT.embed(texts=TEXTS, model=model(), input_type="search_query")
    assert_same_bits(answer.embeddings.float_, native(TEXTS))


@claim
def packed_bits_are_the_signs_of_the_floats():
    """As sentence-transformers packs them: the first column is a byte's highest bit; signed, less 128."""
    answer = embed(types=["ubinary", "binary"])
    packed = numpy.packbits(native(TEXTS) > 0, axis=1)
    assert (numpy.array(answer.embeddings.ubinary) == packed).all()
    assert (numpy.array(answer.embeddings.binary) == packed.astype(int) - 128).all()
    assert answer.embeddings.float_ is None


@claim
def bytes_are_the_floats_within_calibrated_ranges():
    """int8 is uint8 less 128; and each is nowhere more than a step from its float."""
    answer = embed(types=ALL)
    signed, unsigned = numpy.array(answer.embeddings.int8), numpy.array(answer.embeddings.uint8)
    assert signed.shape == unsigned.shape == native(TEXTS).shape
    assert (signed == unsigned - 128).all()
    assert signed.min() >= -128 and signed.max() <= 127 and len(numpy.unique(signed)) > 50
    for column in range(signed.shape[1]):
        order = numpy.argsort(native(TEXTS)[:, column])
        assert (numpy.diff(signed[order, column]) >= 0).all(), f"column {column} isn't in the floats' order"


@claim
def bytes_without_ranges_are_an_error_that_says_so():
    for kind in ("int8", "uint8"):
        error = raises(ApiError, embed, types=[kind], output_dimension=64)
        assert error.status_code in (400, 422) and "calibrate" in str(error.body), error


@claim
def output_dimension_cuts_a_row_and_normalises_it_again():
    answer = embed(types=["float", "ubinary"], output_dimension=64)
    assert_same_bits(answer.embeddings.float_, native(TEXTS, dimensions=64))
    assert numpy.array(answer.embeddings.ubinary).shape == (len(TEXTS), 8)


@claim
def each_input_type_chooses_the_prompt_of_its_purpose():
    client = cohere.ClientV2(api_key=KEY, base_url=PROMPTS_SERVER)

    def rows(kind):
        fields = {"model": model(), "input_type": kind, "embedding_types": ["float"]}
        return client.embed(texts=TEXTS, **fields).embeddings.float_

    names = {"search_query": "query", "search_document": "document"}
    assert_prompts(rows, names | {kind: kind for kind in ("classification", "clustering")})


@claim
def a_long_text_is_cut_at_its_end_or_refused_as_asked():
    cut = native([TOO_LONG], long_text="truncate")
    assert_same_bits(embed([TOO_LONG], truncate="END").embeddings.float_, cut)
    assert_same_bits(embed([TOO_LONG]).embeddings.float_, cut)
    raises(BadRequestError, embed, [TOO_LONG], truncate="NONE")


@claim
def inputs_with_one_text_each_are_embedded():
    inputs = [{"content": [{"type": "text", "text": text}]} for text in TEXTS]
    answer = CLIENT.embed(inputs=inputs, model=model(), input_type="search_query", embedding_types=["float"])
    assert_same_bits(answer.embeddings.float_, native(TEXTS))


@claim
async def the_async_client_gets_the_same():
    async with cohere.AsyncClientV2(api_key=KEY, base_url=SERVER) as client:
        fields = {"model": model(), "input_type": "search_query", "embedding_types": ["float"]}
        answer = await client.embed(texts=TEXTS, **fields)
    assert_same_bits(answer.embeddings.float_, native(TEXTS))


@claim
def a_wrong_model_is_a_NotFoundError_and_an_image_a_BadRequestError():
    raises(NotFoundError, embed, model="no-such-model")
    image = "data:image/png;base64,AAAA"
    raises(BadRequestError, CLIENT.embed, images=[image], model=model(), input_type="image")


if __name__ == "__main__":
    main("cohere")
