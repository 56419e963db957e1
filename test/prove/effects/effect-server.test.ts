import { expect, test } from "vitest";
import { startEffectServer } from "./effect-server.ts";
import { perform } from "./perform.ts";

const { signal } = new AbortController();
const request = (key: string, attempt = 1) => ({ key, actor: "caller.k1", from: "s1", n: 1, attempt });

test("the effect server does what it is asked to, gives one answer for one key, and writes every request down", async () => {
  await using server = await startEffectServer();
  process.env.EFFECTS_URL = server.url;
  const first = await perform(request("a"), signal);
  expect(await perform(request("a", 2), signal)).toBe(first);
  expect(await perform(request("b"), signal)).not.toBe(first);
  const lines = await (await fetch(`${server.url}/effects`)).json();
  expect(lines).toEqual(server.lines);
  expect(lines).toMatchObject([
    { key: "a", attempt: 1, performed: true, answer: first },
    { key: "a", attempt: 2, performed: true, answer: first },
    { key: "b", performed: true },
  ]);
});

test("with a seed it refuses some, loses the answer of some, and says truly which were done", async () => {
  await using server = await startEffectServer(5);
  process.env.EFFECTS_URL = server.url;
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      perform(request(`k${index}`), signal).then(
        () => "answered",
        (error: { readonly status?: number }) => error.status ?? "broken",
      ),
    ),
  );
  expect(new Set(outcomes)).toEqual(new Set(["answered", 429, 503, "broken"]));
  const undone = server.lines.filter(({ performed }) => !performed).length;
  expect(outcomes.filter((outcome) => typeof outcome === "number")).toHaveLength(undone);
});
