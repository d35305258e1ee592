"""`tritonclient.http`, the client of Triton and KServe over HTTP, with the address `SERVER`."""

import numpy
import tritonclient.http as triton
from claims import SERVER, TEXTS, assert_same_bits, call, claim, main, model, raises
from tritonclient.utils import InferenceServerException

CLIENT = triton.InferenceServerClient(SERVER.removeprefix("http://"))


def texts(list_of_texts, binary=True):
    given = triton.InferInput("text", [len(list_of_texts)], "BYTES")
    given.set_data_from_numpy(numpy.array(list_of_texts, dtype=object), binary_data=binary)
    return [given]


def embed():
    return numpy.array(call("/embed", {"inputs": TEXTS})["embeddings"], dtype=numpy.float32)


@claim
def the_server_and_its_model_are_alive_ready_and_described():
    assert CLIENT.is_server_live() and CLIENT.is_server_ready() and CLIENT.is_model_ready(model())
    assert CLIENT.get_server_metadata()["name"] == "strata"
    described = CLIENT.get_model_metadata(model())
    assert described["name"] == model(), described
    outputs = [output["name"] for output in described["outputs"]]
    assert outputs[0] == "embedding" and "sentiment/probabilities" in outputs, outputs
    assert CLIENT.is_model_ready(model(), described["versions"][0])
    assert not CLIENT.is_model_ready("no-such-model")


@claim
def numbers_are_those_of_the_native_routes_with_and_without_binary_data():
    logits = [one["sentiment"]["logits"] for one in call("/classify", {"inputs": TEXTS})["results"]]
    for given in (True, False):
        for wanted in (True, False):
            outputs = [
                triton.InferRequestedOutput(name, binary_data=wanted) for name in ("embedding", "sentiment/logits")
            ]
            answer = CLIENT.infer(model(), texts(TEXTS, given), outputs=outputs, request_id="7")
            assert_same_bits(answer.as_numpy("embedding"), embed())
            assert_same_bits(answer.as_numpy("sentiment/logits"), numpy.array(logits, dtype=numpy.float32))
            assert answer.get_response()["id"] == "7"


@claim
def all_outputs_are_given_if_none_is_named():
    answer = CLIENT.infer(model(), texts(TEXTS))
    for output in CLIENT.get_model_metadata(model())["outputs"]:
        assert answer.as_numpy(output["name"]).shape == (len(TEXTS), output["shape"][1]), output


@claim
def a_recipe_is_a_parameter():
    answer = CLIENT.infer(model(), texts(TEXTS), parameters={"recipe": "last-four-concat", "dimensions": 100})
    rows = call("/embed", {"inputs": TEXTS, "recipe": "last-four-concat", "dimensions": 100})["embeddings"]
    assert_same_bits(answer.as_numpy("embedding"), numpy.array(rows, dtype=numpy.float32))


@claim
def the_best_classes_have_their_labels():
    outputs = [triton.InferRequestedOutput("sentiment/probabilities", class_count=2)]
    best = CLIENT.infer(model(), texts(TEXTS[:1]), outputs=outputs).as_numpy("sentiment/probabilities")
    labels = [text.decode().split(":")[2] for text in best[0]]
    assert sorted(labels) == ["negative", "positive"], labels


@claim
def bodies_may_be_compressed():
    answer = CLIENT.infer(
        model(), texts(TEXTS), request_compression_algorithm="gzip", response_compression_algorithm="gzip"
    )
    assert_same_bits(answer.as_numpy("embedding"), embed())


@claim
def a_mistake_is_an_InferenceServerException_with_its_status_and_place():
    for asked, status, said in (
        (lambda: CLIENT.infer("no-such-model", texts(TEXTS)), "404", "no-such-model"),
        (lambda: CLIENT.infer(model(), texts(["a", " "])), "400", "text/1: the text is blank"),
        (lambda: CLIENT.infer(model(), texts(TEXTS), parameters={"recipe": "none"}), "400", "parameters/recipe"),
        (lambda: CLIENT.infer(model(), texts(TEXTS), timeout=1), "504", "deadline"),
    ):
        error = raises(InferenceServerException, asked)
        assert (error.status(), said in error.message()) == (status, True), error


if __name__ == "__main__":
    main("tritonclient")
