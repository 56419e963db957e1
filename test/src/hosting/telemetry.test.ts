import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { counterActor } from "../../support/counter.ts";
import { rejection, twoNodes } from "../../support/systems.ts";
import { clerkIn } from "./definitions.ts";

const spans = new InMemorySpanExporter();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
});
afterAll(() => {
  trace.disable();
  context.disable();
});

function named(name: string): ReadableSpan | undefined {
  return spans.getFinishedSpans().find((span) => span.name === name);
}

function durationMs(span: ReadableSpan | undefined): number {
  const [seconds, nanoseconds] = span?.duration ?? [0, 0];
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

test("a hosted turn has a span that lasts until it is over, and what it says belongs to it", async () => {
  await using nodes = await twoNodes();
  const ref = await nodes.a.spawn("clerk", clerkIn("thread"));
  await nodes.b.spawn("counter", counterActor);
  await ref.ask({ type: "ponder", forMs: 60 });
  ref.tell({ type: "pass", to: "counter", by: 1 });
  await expect.poll(() => named("add counter")).toBeDefined();
  expect(durationMs(named("ponder clerk"))).toBeGreaterThanOrEqual(59);
  const [pass, add] = [named("pass clerk"), named("add counter")];
  expect(add?.parentSpanContext?.spanId).toBe(pass?.spanContext().spanId);
});

test("the span of a turn that was killed says so", async () => {
  spans.reset();
  await using nodes = await twoNodes();
  const ref = await nodes.a.spawn("clerk", clerkIn("thread", { turnMaxMs: 200 }));
  await rejection(ref.ask({ type: "ponder", forMs: 60_000 }));
  expect(named("ponder clerk")?.status).toEqual({ code: SpanStatusCode.ERROR, message: "killed" });
});
