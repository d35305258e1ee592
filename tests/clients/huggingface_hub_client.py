"""`huggingface_hub.InferenceClient`, which posts each task to the URL given: one URL per task.

| task | URL |
|---|---|
| `feature_extraction` | `SERVER/tei` |
| `text_classification` | `SERVER/tei/predict`; one head is configured (`STRATA_CLASSIFY_HEADS`) |
| `sentence_similarity` | `SERVER/tei/similarity` |
"""

import numpy
from claims import (
    PROMPTS_SERVER,
    QUERY,
    SCORE_TOLERANCE,
    SERVER,
    TEXTS,
    TOO_LONG,
    assert_prompts,
    assert_same_bits,
    call,
    claim,
    cosines,
    main,
    native,
    raises,
)
from huggingface_hub import AsyncInferenceClient, InferenceClient
from huggingface_hub.errors import HfHubHTTPError

EMBED = InferenceClient(f"{SERVER}/tei")
PREDICT = InferenceClient(f"{SERVER}/tei/predict")
SIMILARITY = InferenceClient(f"{SERVER}/tei/similarity")


@claim
def features_of_one_text_and_of_several_are_native():
    assert_same_bits(EMBED.feature_extraction(TEXTS), native(TEXTS))
    assert_same_bits(EMBED.feature_extraction(TEXTS[0]), native(TEXTS[:1]))


@claim
def both_ways_to_write_the_base_and_the_route_embed_do_the_same():
    for path in ("/tei/", "/tei/embed"):
        assert_same_bits(InferenceClient(SERVER + path).feature_extraction(TEXTS), native(TEXTS))


@claim
def truncation_dimensions_and_normalisation_are_obeyed():
    rows = EMBED.feature_extraction([*TEXTS, TOO_LONG], truncate=True, truncation_direction="right")
    assert_same_bits(rows, native([*TEXTS, TOO_LONG], long_text="truncate"))
    rows = EMBED.feature_extraction(TEXTS, dimensions=64, normalize=True)
    assert_same_bits(rows, native(TEXTS, dimensions=64))
    rows = EMBED.feature_extraction(TEXTS, normalize=False)
    recipe = call("/info")["recipes"]["native"] | {"normalize": False}
    assert_same_bits(rows, native(TEXTS, recipe=recipe))


@claim
def prompt_name_chooses_a_prompt():
    client = InferenceClient(f"{PROMPTS_SERVER}/tei")
    names = {name: name for name in ("query", "document", "classification")}
    assert_prompts(lambda name: client.feature_extraction(TEXTS, prompt_name=name), names)


@claim
def the_end_of_a_long_text_is_read_if_its_beginning_is_cut():
    """The end is one text, whatever stands before it."""
    end = " ".join(["word"] * 254)
    rows = EMBED.feature_extraction(f"other things {end}", truncate=True, truncation_direction="left")
    assert_same_bits(rows, native([end]))


@claim
def too_long_a_text_and_an_unknown_prompt_are_errors_with_a_message():
    for text, fields in ((TOO_LONG, {"truncate": False}), ("a", {"prompt_name": "no-such-prompt"})):
        error = raises(HfHubHTTPError, EMBED.feature_extraction, text, **fields)
        assert error.response.status_code == 413, error
        # The client shows the field `error`.
        said = error.response.json()
        assert said["error_type"] == "Validation" and said["error"] in str(error), error


@claim
async def the_async_client_gets_the_same():
    async with AsyncInferenceClient(f"{SERVER}/tei") as client:
        assert_same_bits(await client.feature_extraction(TEXTS), native(TEXTS))
    async with AsyncInferenceClient(f"{SERVER}/tei/similarity") as client:
        check_similarity(await client.sentence_similarity(QUERY, TEXTS))
    async with AsyncInferenceClient(f"{SERVER}/tei/predict") as client:
        check_classes(TEXTS[0], await client.text_classification(TEXTS[0]))


def check_similarity(scores):
    assert len(scores) == len(TEXTS)
    assert numpy.abs(numpy.array(scores) - cosines(QUERY, TEXTS)).max() < SCORE_TOLERANCE


@claim
def similarities_are_cosines():
    check_similarity(SIMILARITY.sentence_similarity(QUERY, TEXTS))


def check_classes(text, found, top=None):
    """The labels of the configured head with their probabilities, best first, as `/classify` has them."""
    assert isinstance(found, list), f"the client made {found} of the answer"
    answer = call("/classify", {"inputs": text})
    [(head, labels)] = answer["labels"].items()
    probabilities = answer["results"][0][head]["probabilities"]
    expected = sorted(zip(probabilities, labels, strict=True), reverse=True)[:top]
    assert [one.label for one in found] == [label for _, label in expected]
    assert numpy.allclose([one.score for one in found], [score for score, _ in expected], atol=1e-6, rtol=0)


@claim
def a_text_is_classified_as_by_classify():
    for text in TEXTS[:2]:
        check_classes(text, PREDICT.text_classification(text))


@claim
def a_text_is_classified_with_the_best_classes_alone():
    check_classes(TEXTS[0], PREDICT.text_classification(TEXTS[0], top_k=1), top=1)


if __name__ == "__main__":
    main("huggingface-hub")
