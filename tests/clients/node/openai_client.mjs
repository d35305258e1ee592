// `openai` for Node, with the base URL `SERVER/v1` and any key.
//
// Environment and output are those of the Python scripts: see claims.py.

import assert from "node:assert/strict";
import OpenAI from "openai";

const { SERVER, SMALL_SERVER } = process.env;
const KEY = "no-key-needed";
const TEXTS = ["A gripping, beautifully shot film.", "Le cœur a ses raisons.", "🙂 日本の映画", "first line\nsecond line"];
const TOO_LONG = Array(400).fill("word").join(" ");
// Each request of the overload has about 2,000 tokens, and the small queue holds 4,096.
const FILLING = Array(10).fill(Array(200).fill("word").join(" "));
const AT_ONCE = 6;

const client = new OpenAI({ baseURL: `${SERVER}/v1`, apiKey: KEY, maxRetries: 0 });

async function call(path, body) {
  const request = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(SERVER + path, request);
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const model = (await call("/info")).model.name;

async function native(texts, fields = {}) {
  return (await call("/embed", { inputs: texts, recipe: "native", ...fields })).embeddings;
}

/** Two lists of rows are the same float32 numbers, bit for bit. */
function assertSameBits(rows, expected) {
  const bits = (row) => [...new Uint32Array(Float32Array.from(row).buffer)];
  assert.deepEqual(rows.map(bits), expected.map(bits));
}

const rows = (answer) => answer.data.map((item) => item.embedding);

async function raised(kind, promise) {
  const error = await promise.then(
    () => assert.fail(`${kind.name} was not raised`),
    (error) => error,
  );
  assert.ok(error instanceof kind, String(error));
  return error;
}

const claims = {
  async "embeddings in the client's default format are bit equal to native"() {
    let sent;
    const watched = new OpenAI({
      baseURL: `${SERVER}/v1`,
      apiKey: KEY,
      fetch: (url, options) => fetch(url, ((sent = options.body), options)),
    });
    const answer = await watched.embeddings.create({ model, input: TEXTS });
    assert.match(String(sent), /"base64"/);
    assertSameBits(rows(answer), await native(TEXTS));
  },

  async "floats are bit equal to native"() {
    const answer = await client.embeddings.create({ model, input: TEXTS, encoding_format: "float" });
    assertSameBits(rows(answer), await native(TEXTS));
    assert.equal(answer.usage.prompt_tokens, answer.usage.total_tokens);
  },

  async "one text is not a list, and dimensions are obeyed"() {
    const answer = await client.embeddings.create({ model, input: TEXTS[0], dimensions: 64 });
    assertSameBits(rows(answer), await native([TEXTS[0]], { dimensions: 64 }));
  },

  async "models are listed and retrieved"() {
    const names = [];
    for await (const one of client.models.list()) names.push(one.id);
    assert.ok(names.includes(model) && names.includes("text-embedding-3-small"), String(names));
    assert.equal((await client.models.retrieve(model)).id, model);
  },

  async "a wrong model is a NotFoundError"() {
    for (const wrong of [
      client.embeddings.create({ model: "no-such-model", input: "a" }),
      client.models.retrieve("no-such-model"),
    ]) {
      assert.equal((await raised(OpenAI.NotFoundError, wrong)).code, "model_not_found");
    }
  },

  async "too long an input is a BadRequestError that names it"() {
    const error = await raised(OpenAI.BadRequestError, client.embeddings.create({ model, input: ["a", TOO_LONG] }));
    assert.equal(error.code, "context_length_exceeded");
    assert.equal(error.param, "input[1]");
  },

  async "an overloaded server is a RateLimitError"() {
    const outcomes = await atOnce(0);
    const refused = outcomes.filter((one) => one.status === "rejected").map((one) => one.reason);
    assert.ok(refused.length > 0 && refused.length < AT_ONCE, `${refused.length} of ${AT_ONCE} refused`);
    for (const error of refused) {
      assert.ok(error instanceof OpenAI.RateLimitError, String(error));
      assert.ok(Number(error.headers.get("retry-after")) >= 1);
    }
  },

  async "the client's own retries get through an overload"() {
    const expected = await native(FILLING);
    for (const outcome of await atOnce(60)) {
      assert.equal(outcome.status, "fulfilled", String(outcome.reason));
      assertSameBits(rows(outcome.value), expected);
    }
  },
};

function atOnce(maxRetries) {
  const small = new OpenAI({ baseURL: `${SMALL_SERVER}/v1`, apiKey: KEY, maxRetries });
  const calls = Array.from({ length: AT_ONCE }, () => small.embeddings.create({ model, input: FILLING }));
  return Promise.allSettled(calls);
}

let failed = 0;
for (const [name, claim] of Object.entries(claims)) {
  try {
    await claim();
    console.log(`  holds: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`  FAILS: ${name}\n${error.stack}`);
  }
}
console.log(`  ${Object.keys(claims).length - failed} hold, ${failed} fail`);
process.exit(failed ? 1 : 0);
