import {
  type Context,
  context,
  createNoopMeter,
  metrics,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { ActorAddress } from "../protocols/index.ts";
import type { Env } from "./env/env.ts";
import type { Incoming } from "./mailbox.ts";

/** A question on its way: its span's trace context, and how to end it. */
export interface AskSpan {
  readonly traceparent: string | undefined;
  /** With the code of the error it ended in, if any. */
  end(code?: string): void;
}

/** One turn's span. */
export interface TurnSpan {
  within<R>(run: () => R): R;
  /** With the error's text if the actor failed. */
  end(error?: string): void;
}

/**
 * Spans and figures through the OpenTelemetry API: a consumer span for each turn, a client span for
 * each ask, joined across processes by the envelope's W3C `traceparent`; histograms of mailbox age,
 * turn and ask times, and a counter of turns.
 */
export class Telemetry {
  readonly #env: Env;
  readonly #tracer: Tracer = trace.getTracer("coxswain");
  readonly #meter = metrics.getMeter("coxswain");
  readonly #waited = this.#meter.createHistogram("coxswain.mailbox.age", { unit: "ms" });
  readonly #turned = this.#meter.createHistogram("coxswain.turn.duration", { unit: "ms" });
  readonly #asked = this.#meter.createHistogram("coxswain.ask.duration", { unit: "ms" });
  readonly #turns = this.#meter.createCounter("coxswain.turns");

  constructor(env: Env) {
    this.#env = env;
  }

  /** The W3C trace context of the present span, if there is one. */
  traceparent(): string | undefined {
    const span = trace.getActiveSpan();
    return span === undefined ? undefined : format(span);
  }

  /** A turn begins, with a span of its own. */
  turn(address: ActorAddress, incoming: Incoming): TurnSpan {
    const { type, protocol, id, traceparent } = incoming.envelope;
    const attributes = {
      "messaging.system": "coxswain",
      "messaging.destination.name": address,
      "messaging.message.id": id,
    };
    const labels = { protocol, type };
    const beganMs = this.#env.monotonicMs();
    this.#waited.record(beganMs - incoming.enteredMs, labels);
    const parent = parse(traceparent);
    const span = this.#tracer.startSpan(
      `${type} ${address}`,
      { kind: SpanKind.CONSUMER, attributes },
      parent,
    );
    return {
      within: (run) => context.with(trace.setSpan(parent, span), run),
      end: (error) => {
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
        span.end();
        this.#turned.record(this.#env.monotonicMs() - beganMs, labels);
        this.#turns.add(1, { ...labels, outcome: error === undefined ? "ok" : "failed" });
      },
    };
  }

  ask(type: string, to: ActorAddress, causedBy: string | undefined): AskSpan {
    const beganMs = this.#env.monotonicMs();
    const parent = trace.getActiveSpan() === undefined ? parse(causedBy) : context.active();
    const attributes = { "messaging.system": "coxswain", "messaging.destination.name": to };
    const span = this.#tracer.startSpan(`ask ${type}`, { kind: SpanKind.CLIENT, attributes }, parent);
    return {
      traceparent: format(span),
      end: (code) => {
        if (code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
        span.end();
        this.#asked.record(this.#env.monotonicMs() - beganMs, { type, outcome: code ?? "ok" });
      },
    };
  }
}

/** The hooks, where an OpenTelemetry SDK is registered in this process; else undefined, so that they cost one test. */
export function telemetryOf(env: Env): Telemetry | undefined {
  const provider = trace.getTracerProvider();
  const traces =
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer("coxswain") !== undefined;
  const measures = metrics.getMeter("coxswain").constructor !== createNoopMeter().constructor;
  return traces || measures ? new Telemetry(env) : undefined;
}

function format(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return /^0+$/.test(traceId)
    ? undefined
    : `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

function parse(traceparent: string | undefined): Context {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? "");
  if (parts === null) return ROOT_CONTEXT;
  const [, traceId = "", spanId = "", flags = "00"] = parts;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}
