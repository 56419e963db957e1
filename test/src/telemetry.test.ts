import { context, metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSystem } from "../../src/index.ts";
import { counter, counterActor } from "../support/counter.ts";
import { testServer } from "../support/nats-server.ts";
import { rejection } from "../support/systems.ts";

const spans = new InMemorySpanExporter();
const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 1_000_000 });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  );
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
});
afterAll(() => {
  trace.disable();
  metrics.disable();
  context.disable();
});

test("a span for each turn and ask, joined over NATS to the script's own span", async () => {
  await using server = await testServer();
  await using a = await createSystem({ name: "traced", node: "a", servers: server.url });
  await using b = await createSystem({ name: "traced", node: "b", servers: server.url });
  await a.spawn("one", counterActor);
  const tracer = trace.getTracer("script");
  await tracer.startActiveSpan("script", async (span) => {
    await b.ref("one", counter).ask({ type: "read" });
    b.ref("one", counter).tell({ type: "add", by: 1 });
    span.end();
  });
  await expect.poll(() => spans.getFinishedSpans().map((span) => span.name)).toContain("add one");
  const named = (name: string) => spans.getFinishedSpans().find((span) => span.name === name);
  const [script, ask, read, add] = ["script", "ask read", "read one", "add one"].map(named);
  expect(ask?.kind).toBe(SpanKind.CLIENT);
  expect(read?.kind).toBe(SpanKind.CONSUMER);
  expect(ask?.parentSpanContext?.spanId).toBe(script?.spanContext().spanId);
  expect(read?.parentSpanContext?.spanId).toBe(ask?.spanContext().spanId);
  expect(add?.parentSpanContext?.spanId).toBe(script?.spanContext().spanId);
  expect(new Set([script, ask, read, add].map((span) => span?.spanContext().traceId)).size).toBe(1);
});

test("a failed turn and a refused ask say so on their spans, and the figures count them", async () => {
  spans.reset();
  await using system = await createSystem({ name: "traced", transport: "memory", onReport: () => {} });
  const ref = await system.spawn("one", counterActor);
  const refused = await rejection(
    ref
      .ask({ type: "read" }, { withinMs: 1_000 })
      .then(() => system.ref("two", counter).ask({ type: "read" })),
  );
  ref.tell({ type: "fail", text: "boom" });
  await expect.poll(() => spans.getFinishedSpans().some((span) => span.name === "fail one")).toBe(true);
  const failed = spans.getFinishedSpans().find((span) => span.name === "fail one");
  expect(failed?.status).toMatchObject({
    code: SpanStatusCode.ERROR,
    message: expect.stringContaining("boom"),
  });
  const unanswered = spans
    .getFinishedSpans()
    .filter((span) => span.name === "ask read")
    .at(-1);
  expect(unanswered?.status).toMatchObject({ code: SpanStatusCode.ERROR, message: refused.code });
  await reader.forceFlush();
  const names = figures
    .getMetrics()
    .flatMap((each) =>
      each.scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => metric.descriptor.name)),
    );
  expect(names).toEqual(
    expect.arrayContaining([
      "coxswain.mailbox.age",
      "coxswain.turn.duration",
      "coxswain.ask.duration",
      "coxswain.turns",
    ]),
  );
});
