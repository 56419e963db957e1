import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { type Protocol, replySchema } from "../../../protocols/index.ts";
import { activeNodes } from "../../xstate/internals.ts";
import { statesOf } from "../../xstate/machine-parts.ts";
import type { ModelCall } from "./calls.ts";
import type { Occurrence } from "./occurrence.ts";
import type { ModelOptions, Samples } from "./options.ts";
import type { Sample, SampleBook } from "./sample-book.ts";
import { isTried } from "./seen.ts";
import type { ModelState } from "./stepper.ts";
import { dueNext } from "./timers.ts";

const downs = (
  [{ kind: "failed", error: { code: "ACTOR_FAILED", message: "it failed" } }, { kind: "done" }] as const
).map((outcome) => ({ address: "child", activation: "life", outcome, atMs: 0, chance: 0.5 }));

/** Tells what may happen next to a machine. */
export class Occurrences {
  readonly #options: ModelOptions<never>;
  readonly #book: SampleBook;
  readonly #protocol: Protocol | undefined;
  /** The types that anybody may send. */
  readonly messages: readonly string[];
  /** Those the machine knows besides, which its children may send. */
  readonly #internal: readonly string[];
  /** Event types the machine names that nothing in this model says. */
  readonly unsaid: readonly string[];

  constructor(machine: AnyStateMachine, options: ModelOptions<never>, book: SampleBook) {
    this.#options = options;
    this.#book = book;
    this.#protocol = options.protocol;
    const named = [...new Set(statesOf(machine).flatMap((node) => [...node.transitions.keys()]))];
    const own = named.filter((type) => !/^(xstate|coxswain)\.|\*/.test(type));
    const given = Object.keys(options.payloads ?? {}).filter((type) => !/^(xstate|coxswain)\./.test(type));
    this.messages = options.protocol === undefined ? own : Object.keys(options.protocol.accepts);
    this.#internal = given.filter((type) => !this.messages.includes(type));
    this.unsaid = own.filter((type) => !this.messages.includes(type) && !this.#internal.includes(type));
  }

  /** The messages nobody gave payloads for. */
  get madeUp(): readonly string[] {
    return this.messages.filter((type) => this.#options.payloads?.[type] === undefined);
  }

  at(state: ModelState): Occurrence[] {
    const { snapshot, timers, calls, stopped } = state;
    if (stopped || snapshot.status !== "active") return [];
    const all = [
      ...this.messages.flatMap((type) => this.#saying(type, snapshot)),
      ...this.#internal.flatMap((type) => this.#saying(type, snapshot)),
      ...calls.flatMap((call) => this.#endings(call, snapshot)),
      ...dueNext(timers).map(
        ({ id, event }): Occurrence => ({ kind: "timer", event, id, label: id, madeUp: false }),
      ),
      ...this.#fromRuntime("coxswain.shutdown", snapshot, [{}]),
      ...this.#fromRuntime("coxswain.down", snapshot, downs),
    ];
    return all.filter((occurrence) => this.may(occurrence, snapshot));
  }

  may(occurrence: Occurrence, snapshot: AnyMachineSnapshot): boolean {
    return this.#options.may?.(occurrence, snapshot as never) ?? true;
  }

  /** Other results of a call, for a machine that fails on the one that was made up first. */
  *variants(occurrence: Occurrence): Generator<Occurrence> {
    yield occurrence;
    if (occurrence.kind !== "done" || !occurrence.madeUp) return;
    for (const output of this.#book.results())
      yield { ...occurrence, event: { ...occurrence.event, output } };
  }

  /** Whether somebody may say it now, and the machine would look at it. */
  isOpen(type: string, snapshot: AnyMachineSnapshot): boolean {
    const { refused = false } = this.#options;
    const isTold = refused && this.messages.includes(type);
    return (isTold || isTried(snapshot, type)) && !isPostponed(snapshot, type);
  }

  /** One message. */
  message(type: string, { payload, body }: Sample, madeUp: boolean): Occurrence {
    const protocol = this.#protocol;
    const asked = protocol !== undefined && replySchema(protocol, type) !== undefined;
    const kind = this.messages.includes(type) ? "message" : "internal";
    const event: AnyEventObject = {
      ...body,
      ...(asked ? { replyTo: { $replyTo: "asker", question: type } } : {}),
      type,
    };
    return { kind, event, id: type, label: type, payload, madeUp };
  }

  #saying(type: string, snapshot: AnyMachineSnapshot): Occurrence[] {
    if (!this.isOpen(type, snapshot)) return [];
    const given = this.#given(this.#options.payloads?.[type], snapshot);
    if (given === undefined) return this.#book.few(type).map((sample) => this.message(type, sample, true));
    return given.map((payload) => this.message(type, this.#book.given(type, payload as object), false));
  }

  #endings(call: ModelCall, snapshot: AnyMachineSnapshot): Occurrence[] {
    const { id, kind } = call;
    const label = labelOf(call);
    const outputs = this.#of(this.#options.outputs, call, snapshot);
    const errors = this.#of(this.#options.errors, call, snapshot);
    const done = { type: `xstate.done.actor.${id}`, actorId: id };
    const failed = { type: `xstate.error.actor.${id}`, actorId: id };
    const ends = kind === "promise" || kind === "observable" || kind === "machine" || outputs !== undefined;
    const fails = kind === "promise" || isTried(snapshot, failed.type);
    return [
      ...(ends ? (outputs ?? [{}]) : []).map(
        (output): Occurrence => ({
          kind: "done",
          id,
          label,
          event: { ...done, output },
          madeUp: outputs === undefined,
        }),
      ),
      ...(fails ? (errors ?? [new Error("it failed")]) : []).map(
        (error): Occurrence => ({
          kind: "failed",
          id,
          label,
          event: { ...failed, error },
          madeUp: errors === undefined,
        }),
      ),
      ...this.#snapshots(call, snapshot),
    ];
  }

  /** What a child shows of itself while it goes on. */
  #snapshots(call: ModelCall, snapshot: AnyMachineSnapshot): Occurrence[] {
    const { id, ref } = call;
    const type = `xstate.snapshot.${id}`;
    if (!isTried(snapshot, type)) return [];
    const given = this.#given(this.#options.payloads?.[type], snapshot);
    const shown = given ?? [{ snapshot: ref.getSnapshot() }];
    return shown.map((body) => ({
      kind: "snapshot",
      id,
      label: labelOf(call),
      event: { ...(body as object), type },
      madeUp: given === undefined,
    }));
  }

  #fromRuntime(type: string, snapshot: AnyMachineSnapshot, made: readonly object[]): Occurrence[] {
    if (!this.isOpen(type, snapshot)) return [];
    const given = this.#given(this.#options.payloads?.[type], snapshot);
    return (given ?? made).map((body) => ({
      kind: "runtime",
      id: type,
      label: type,
      event: { ...(body as object), type },
      madeUp: given === undefined,
    }));
  }

  #of(
    samples: Readonly<Record<string, Samples<never, unknown, [ModelCall]>>> | undefined,
    call: ModelCall,
    snapshot: AnyMachineSnapshot,
  ): readonly unknown[] | undefined {
    return this.#given(samples?.[call.id] ?? samples?.[call.src], snapshot, call);
  }

  #given(
    samples: Samples<never, unknown, [ModelCall]> | undefined,
    snapshot: AnyMachineSnapshot,
    call?: ModelCall,
  ): readonly unknown[] | undefined {
    return typeof samples === "function" ? samples(snapshot as never, call as ModelCall) : samples;
  }
}

function isPostponed(snapshot: AnyMachineSnapshot, type: string): boolean {
  return activeNodes(snapshot).some((node) => {
    const { postpone } = (node.meta ?? {}) as { postpone?: unknown };
    return Array.isArray(postpone) && postpone.includes(type);
  });
}

/** An invocation without an id gets one from the state it stands in; its name says more. */
function labelOf({ id, src }: ModelCall): string {
  return /^\d+\./.test(id) && src !== "(inline)" && !src.startsWith("xstate.") ? src : id;
}
