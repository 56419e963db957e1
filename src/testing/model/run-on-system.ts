import type { AnyEventObject, AnyStateMachine } from "xstate";
import {
  CoxswainError,
  isCoxswainError,
  type Protocol,
  replySchema,
  validate,
} from "../../../protocols/index.ts";
import { defineActor } from "../../actor.ts";
import { createSystem } from "../../create-system.ts";
import { realEnv } from "../../env/env.ts";
import type { ActorRef } from "../../ref.ts";
import type { ActorSystem } from "../../system.ts";
import { compare, type Observed, PathError } from "./moment.ts";
import type { Path, PathStep } from "./path.ts";
import { textOf } from "./plain.ts";
import type { RunOptions } from "./run-options.ts";
import type { Said } from "./said.ts";
import { Stage } from "./stage.ts";
import type { ModelState } from "./stepper.ts";

let paths = 0;

/** Goes a path as an actor of a system. */
export async function runOn(
  on: "memory" | ActorSystem,
  path: Path,
  how: RunOptions & { readonly machine: AnyStateMachine },
  check: (state: ModelState) => void,
): Promise<void> {
  const { protocol } = path.model.options;
  if (protocol === undefined)
    throw new CoxswainError("OPTION_INVALID", "Expected a protocol for a path that runs on a system");
  if (on !== "memory") return new Run(on, protocol, path, how).go(check);
  await using system = await createSystem({ name: "paths", transport: "memory", onReport: () => {} });
  await new Run(system, protocol, path, how).go(check);
}

interface Asked {
  readonly type: string;
  answer: { readonly kind: "reply" | "refusal" | "error"; readonly value: unknown } | undefined;
  counted: boolean;
}

class Run {
  readonly #system: ActorSystem;
  readonly #path: Path;
  readonly #how: RunOptions;
  readonly #protocol: Protocol;
  readonly #stage: Stage;
  readonly #ref: ActorRef;
  readonly #asked: Asked[] = [];
  readonly #emitted = new Map<string, unknown[]>();
  readonly #expected = new Map<string, unknown[]>();
  readonly #over = new AbortController();

  constructor(
    system: ActorSystem,
    protocol: Protocol,
    path: Path,
    how: RunOptions & { readonly machine: AnyStateMachine },
  ) {
    this.#system = system;
    this.#path = path;
    this.#how = how;
    this.#protocol = protocol;
    this.#stage = new Stage(how.machine);
    this.#ref = system.ref(how.address ?? `path${paths++}`, protocol);
  }

  async go(check: (state: ModelState) => void): Promise<void> {
    const listening = Object.keys(this.#protocol.emits).map((type) =>
      this.#ref.on(type, (event) => this.#listOf(this.#emitted, type).push(event)),
    );
    const definition = defineActor({ protocol: this.#protocol, machine: this.#stage.machine as never });
    const { input } = this.#path.model.options;
    // An actor that is starting for several steps is up only in the midst of its path.
    const up = this.#system.spawn(this.#ref.address, definition, { input } as never).then(
      () => undefined,
      (error: unknown) => error,
    );
    try {
      await this.#until("it starts", async () => this.#stage.started || (await soon(up)));
      const passed = async (where: string, expected: Observed): Promise<void> => {
        const actual = this.#stage.take();
        compare(where, expected, actual);
        await this.#heard(where, expected.said);
        check(actual.state);
      };
      await passed("At the start", this.#path.start);
      for (const [n, step] of this.#path.steps.entries()) {
        const where = `At step ${n + 1} (${step.name})`;
        await this.#happen(where, step);
        await passed(where, step);
      }
      this.#noMore();
    } finally {
      this.#over.abort();
      for (const each of listening) each.close();
      if (this.#stage.started && this.#stage.cell.outcome === undefined)
        this.#stage.cell.finish({ kind: "stopped", reason: "its path is over" });
      await up;
    }
  }

  async #happen(where: string, { occurrence, taken }: PathStep): Promise<void> {
    const { turns } = this.#stage;
    if (occurrence.kind !== "message") {
      this.#stage.let(occurrence);
      const unheard = occurrence.kind === "runtime" && !taken;
      return unheard ? undefined : this.#until(where, () => this.#stage.turns > turns);
    }
    const message = { ...occurrence.payload, type: occurrence.event.type } as never;
    const { counts } = this.#system;
    const before = counts.refused + counts.dead;
    if (replySchema(this.#protocol, occurrence.event.type) === undefined) this.#ref.tell(message);
    else this.#ask(occurrence.event.type, message);
    const isRefused = (): boolean => counts.refused + counts.dead > before;
    // One that should be refused and is taken shows in the comparison.
    await this.#until(where, () => this.#stage.turns > turns || isRefused());
  }

  #ask(type: string, message: never): void {
    const asked: Asked = { type, answer: undefined, counted: false };
    this.#asked.push(asked);
    const withinMs = 600_000;
    this.#ref.ask(message, { withinMs, signal: this.#over.signal }).then(
      (value) => {
        asked.answer = { kind: "reply", value };
      },
      (error: unknown) => {
        const refused = isCoxswainError(error, "REFUSED");
        asked.answer = { kind: refused ? "refusal" : "error", value: refused ? error.message : error };
      },
    );
  }

  /** Waits for what was said to arrive. */
  async #heard(where: string, said: readonly Said[]): Promise<void> {
    for (const each of said) {
      if (each.kind === "emit") await this.#heardEvent(where, each.event);
      if (each.kind === "reply") await this.#heardAnswer(where, "reply", each.value);
      if (each.kind === "refusal") await this.#heardAnswer(where, "refusal", each.reason);
    }
  }

  async #heardEvent(where: string, event: AnyEventObject): Promise<void> {
    const { type, ...body } = event;
    const schema = this.#protocol.emits[type];
    if (schema === undefined) return;
    const read = validate(schema, body);
    const [expected, got] = [this.#listOf(this.#expected, type), this.#listOf(this.#emitted, type)];
    expected.push({ ...(read.ok ? (read.value as object) : body), type });
    await this.#until(`${where}: ${type} arrives`, () => got.length >= expected.length);
    const n = expected.length - 1;
    if (textOf(got[n]) === textOf(expected[n])) return;
    throw new PathError(`${where}: expected ${type} to arrive as it was emitted`, expected[n], got[n]);
  }

  /** The first answer counts: where all that asked have theirs, nobody hears another. */
  async #heardAnswer(where: string, kind: "reply" | "refusal", value: unknown): Promise<void> {
    const isIt = ({ type, answer, counted }: Asked): boolean =>
      !counted && answer?.kind === kind && textOf(answer.value) === textOf(this.#asRead(kind, type, value));
    if (this.#asked.every(({ counted }) => counted)) return;
    const broken = (): Asked | undefined =>
      this.#asked.find(({ counted, answer }) => !counted && answer?.kind === "error");
    const isOver = (): boolean => this.#asked.some(isIt) || broken() !== undefined;
    await this.#until(`${where}: the ${kind} ${textOf(value)} arrives`, isOver);
    const found = this.#asked.find(isIt);
    if (found === undefined)
      throw new PathError(
        `${where}: expected the ${kind} to arrive, got ${broken()?.answer?.value}`,
        value,
        broken()?.answer?.value,
      );
    found.counted = true;
  }

  #asRead(kind: "reply" | "refusal", type: string, value: unknown): unknown {
    const schema = kind === "reply" ? replySchema(this.#protocol, type) : undefined;
    const read = schema === undefined ? undefined : validate(schema, value);
    return read?.ok === true ? read.value : value;
  }

  #noMore(): void {
    for (const [type, got] of this.#emitted) {
      const expected = this.#listOf(this.#expected, type);
      if (got.length > expected.length)
        throw new PathError(`Expected no more ${type} at the end of the path`, expected, got);
    }
  }

  #listOf(lists: Map<string, unknown[]>, type: string): unknown[] {
    const list = lists.get(type) ?? [];
    lists.set(type, list);
    return list;
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const { withinMs = 5_000, settle } = this.#how;
    const untilMs = realEnv.monotonicMs() + withinMs;
    while (!(await holds())) {
      if (realEnv.monotonicMs() > untilMs)
        throw new PathError(`${what}: expected it within ${withinMs} ms`, "in time", "not in time");
      await settle?.();
      await new Promise<void>((resolve) => realEnv.soon(resolve));
    }
  }
}

/** Whether a promise has settled: with an error, it is thrown. */
async function soon(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol("waiting");
  const value = await Promise.race([promise, Promise.resolve(waiting)]);
  if (value === waiting) return false;
  if (value !== undefined) throw value;
  return true;
}
