import { request } from "node:http";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { failureClassOf } from "../../../machines/retry/failure-classes.ts";
import { CoxswainError, type ErrorCode, errorTable } from "../../../protocols/index.ts";

const thrown = (traits: object): Error => Object.assign(new Error("no"), traits);

describe("the class of an error", () => {
  test.each([
    [{ status: 429 }, "throttled", "retry", "undone"],
    [{ status: 408 }, "incomplete", "retry", "undone"],
    [{ status: 500 }, "server", "retry", "unknown"],
    [{ statusCode: 503 }, "server", "retry", "unknown"],
    [{ response: { status: 599 } }, "server", "retry", "unknown"],
    [{ status: 400 }, "client", "fail", "undone"],
    [{ status: 499, code: "ECONNRESET" }, "client", "fail", "undone"],
    [{ status: 200 }, "other", "fail", "unknown"],
    [{ status: "503" }, "other", "fail", "unknown"],
    [{ code: "ECONNREFUSED" }, "unreached", "retry", "undone"],
    [{ code: "ENOTFOUND" }, "unreached", "retry", "undone"],
    [{ code: "UND_ERR_CONNECT_TIMEOUT" }, "unreached", "retry", "undone"],
    [{ code: "ECONNRESET" }, "broken", "retry", "unknown"],
    [{ code: "EPIPE" }, "broken", "retry", "unknown"],
    [{ code: "ETIMEDOUT" }, "broken", "retry", "unknown"],
    [{ code: "UND_ERR_SOCKET" }, "broken", "retry", "unknown"],
    [{ code: "UND_ERR_INVALID_ARG" }, "other", "fail", "unknown"],
    [{ name: "TimeoutError" }, "timedOut", "retry", "unknown"],
    [{ name: "AbortError" }, "aborted", "fail", "unknown"],
    [{ code: "ABORT_ERR", status: 503 }, "aborted", "fail", "unknown"],
    [{ code: "ENOENT" }, "other", "fail", "unknown"],
    [{}, "other", "fail", "unknown"],
  ])("%j is %s: %s, %s", (traits, name, then, outcome) => {
    const found = failureClassOf(thrown(traits));
    expect([found.name, found.again ? "retry" : "fail", found.mayBeDone ? "unknown" : "undone"]).toEqual([
      name,
      then,
      outcome,
    ]);
  });

  test("of ours is what its row says, and every row that can be tried again says whether it may be done", () => {
    const found = Object.fromEntries(
      (Object.keys(errorTable) as ErrorCode[])
        .map((code) => [code, failureClassOf(new CoxswainError(code, "no"))] as const)
        .filter(([, { again }]) => again)
        .map(([code, { mayBeDone }]) => [code, mayBeDone ? "unknown" : "undone"]),
    );
    const retryable = (Object.keys(errorTable) as ErrorCode[]).filter((code) => errorTable[code].retryable);
    expect(Object.keys(found)).toEqual(retryable);
    expect(found).toMatchObject({
      UNREACHABLE: "undone",
      MAILBOX_FULL: "undone",
      ASK_TIMEOUT: "unknown",
      CONNECTION_LOST: "unknown",
      NODE_LOST: "unknown",
      STORE_FAILED: "unknown",
    });
    expect(failureClassOf(new CoxswainError("CANCELLED", "no")).name).toBe("aborted");
    expect(failureClassOf(new CoxswainError("REFUSED", "no", { cause: thrown({ status: 503 }) })).name).toBe(
      "oursFinal",
    );
  });

  test("is that of the first cause that has one, however it is nested, and ends on a circle", () => {
    const nested = new TypeError("fetch failed", { cause: thrown({ code: "ECONNRESET" }) });
    expect(failureClassOf(new Error("Connection error.", { cause: nested })).name).toBe("broken");
    const circle = thrown({});
    circle.cause = circle;
    expect(failureClassOf(circle).name).toBe("other");
  });

  test.each([
    ["nothing", undefined],
    ["a text", "429"],
    ["null", null],
    [
      "one that throws when it is read",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("do not look");
          },
        },
      ),
    ],
  ])("of %s that was thrown is other", (_, value) => {
    expect(failureClassOf(value).name).toBe("other");
  });
});

describe("the class of a real failure", () => {
  test("of fetch and of http, where nobody listens and where the connection breaks", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const viaHttp = () =>
      new Promise((resolve, reject) => request(url, resolve).on("error", reject).end()).catch(
        (error) => error,
      );
    const viaFetch = () => fetch(url).catch((error: unknown) => error);
    expect(failureClassOf(await viaHttp()).name).toBe("broken");
    expect(failureClassOf(await viaFetch()).name).toBe("broken");
    await new Promise((resolve) => server.close(resolve));
    expect(failureClassOf(await viaHttp()).name).toBe("unreached");
    expect(failureClassOf(await viaFetch()).name).toBe("unreached");
  });

  test("of fetch that timed out, and of one that was aborted", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const failed = (signal: AbortSignal) => fetch(url, { signal }).catch((error: unknown) => error);
    expect(failureClassOf(await failed(AbortSignal.timeout(20))).name).toBe("timedOut");
    expect(failureClassOf(await failed(AbortSignal.abort())).name).toBe("aborted");
    server.close();
  });
});
