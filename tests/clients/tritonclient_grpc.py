"""`tritonclient.grpc`, the client of Triton and KServe over gRPC, and `grpcio-health-checking`, with the
address `SERVER`; with keys, KEYED_SERVER, of which GOOD_KEY is one."""

import os
import time

import grpc
import numpy
import tritonclient.grpc as triton
from claims import SERVER, TEXTS, assert_same_bits, call, claim, fetch, main, model, raises
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from tritonclient.utils import InferenceServerException

ADDRESS = SERVER.removeprefix("http://")
KEYED = os.environ["KEYED_SERVER"].removeprefix("http://")
CLIENT = triton.InferenceServerClient(ADDRESS)
ROUTE = 'route="/inference.GRPCInferenceService/ModelInfer",method="POST"'
# Seconds of work for two cores, so that it has not ended when its client leaves.
MANY = [" ".join(["word"] * 200)] * 500
PATIENCE_SECONDS = 60


def texts(list_of_texts):
    given = triton.InferInput("text", [len(list_of_texts)], "BYTES")
    given.set_data_from_numpy(numpy.array(list_of_texts, dtype=object))
    return [given]


def embed():
    return numpy.array(call("/embed", {"inputs": TEXTS})["embeddings"], dtype=numpy.float32)


def metric(name):
    lines = fetch("/metrics").decode().splitlines()
    found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)]
    return sum(found)


def until(holds):
    """Waits until a condition holds."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends, "it doesn't come true"
        time.sleep(0.05)


@claim
def the_server_and_its_model_are_alive_ready_and_described():
    assert CLIENT.is_server_live() and CLIENT.is_server_ready() and CLIENT.is_model_ready(model())
    assert CLIENT.get_server_metadata().name == "strata"
    described = CLIENT.get_model_metadata(model())
    assert described.name == model() and described.inputs[0].datatype == "BYTES", described
    assert CLIENT.is_model_ready(model(), described.versions[0])


@claim
def numbers_are_those_of_the_native_routes():
    answer = CLIENT.infer(model(), texts(TEXTS), request_id="7")
    assert_same_bits(answer.as_numpy("embedding"), embed())
    logits = [one["sentiment"]["logits"] for one in call("/classify", {"inputs": TEXTS})["results"]]
    assert_same_bits(answer.as_numpy("sentiment/logits"), numpy.array(logits, dtype=numpy.float32))
    assert answer.get_response().id == "7"


@claim
def outputs_recipes_and_classes_are_chosen():
    outputs = [
        triton.InferRequestedOutput("embedding"),
        triton.InferRequestedOutput("sentiment/probabilities", class_count=1),
    ]
    answer = CLIENT.infer(model(), texts(TEXTS), outputs=outputs, parameters={"recipe": "last-four-concat"})
    rows = call("/embed", {"inputs": TEXTS, "recipe": "last-four-concat"})["embeddings"]
    assert_same_bits(answer.as_numpy("embedding"), numpy.array(rows, dtype=numpy.float32))
    best = answer.as_numpy("sentiment/probabilities")
    assert best.shape == (len(TEXTS), 1) and best[0, 0].endswith(b":1:positive"), best


@claim
def messages_may_be_compressed():
    answer = CLIENT.infer(model(), texts(TEXTS), compression_algorithm="gzip")
    assert_same_bits(answer.as_numpy("embedding"), embed())


@claim
def a_mistake_has_its_code_and_place():
    for asked, code, said in (
        (lambda: CLIENT.infer("no-such-model", texts(TEXTS)), "NOT_FOUND", "no-such-model"),
        (lambda: CLIENT.infer(model(), texts(["a", " "])), "INVALID_ARGUMENT", "text/1: the text is blank"),
        (lambda: CLIENT.infer(model(), texts(TEXTS), model_version="9"), "NOT_FOUND", "no version"),
        (lambda: CLIENT.get_model_config(model()), "UNIMPLEMENTED", "no route"),
    ):
        error = raises(InferenceServerException, asked)
        assert (error.status(), said in error.message()) == (f"StatusCode.{code}", True), error


@claim
def a_key_is_metadata():
    with triton.InferenceServerClient(KEYED) as client:
        assert client.is_server_live() and client.is_server_ready()
        error = raises(InferenceServerException, client.infer, model(), texts(TEXTS))
        assert error.status() == "StatusCode.UNAUTHENTICATED", error
        headers = {"authorization": f"Bearer {os.environ['GOOD_KEY']}"}
        answer = client.infer(model(), texts(TEXTS), headers=headers)
        assert_same_bits(answer.as_numpy("embedding"), embed())


def nothing_waits():
    return metric("strata_batching_queue_tokens") == 0


def given_up():
    """How many calls met their deadline, or were cancelled by their client, which may notice it first."""
    late = metric(f'strata_http_requests_total{{{ROUTE},status="504"')
    return late + metric(f"strata_http_requests_cancelled_total{{{ROUTE}")


@claim
def a_deadline_is_honoured_by_the_server():
    before = given_up()
    error = raises(InferenceServerException, CLIENT.infer, model(), texts(MANY), client_timeout=0.3)
    assert error.status() == "StatusCode.DEADLINE_EXCEEDED", error
    until(lambda: given_up() == before + 1 and nothing_waits())


@claim
def a_call_that_is_cancelled_is_no_longer_computed():
    before = given_up()
    errors = []
    context = CLIENT.async_infer(model(), texts(MANY), callback=lambda result, error: errors.append(error))
    until(lambda: not nothing_waits())
    context.cancel()
    until(lambda: errors and given_up() == before + 1 and nothing_waits())
    assert errors[0].status() == "StatusCode.CANCELLED", errors


@claim
def the_health_service_knows_the_server_and_its_models():
    with grpc.insecure_channel(ADDRESS) as channel:
        health = HealthStub(channel)
        for service in ("", "inference.GRPCInferenceService", model()):
            status = health.Check(HealthCheckRequest(service=service)).status
            assert status == HealthCheckResponse.SERVING, (service, status)
        error = raises(grpc.RpcError, health.Check, HealthCheckRequest(service="no-such-service"))
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
        watched = health.Watch(HealthCheckRequest(service=model()))
        assert next(watched).status == HealthCheckResponse.SERVING
        watched.cancel()


if __name__ == "__main__":
    main("tritonclient", "grpcio", "grpcio-health-checking")
