import { expect } from "vitest";
import { type ChildLiteral, defineSupervisor } from "../../actors/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  type ChildInfo,
  type ChildSpecInput,
  type ReplyOf,
  type SupervisionFault,
  type SupervisorFlagsInput,
  supervision,
} from "../../protocols/index.ts";
import type { ActorRef } from "../../src/index.ts";
import type { Ground } from "./ground.ts";
import { type Behaviour, type End, type Plan, planAlways, planNext, probe, type recorder } from "./probe.ts";

/** A running supervisor, and how it will have ended. */
export interface Supervisor {
  readonly ref: ActorRef<typeof supervision>;
  readonly down: Promise<ActorOutcome>;
}

export interface Tree {
  readonly top: Supervisor;
  readonly inner: Supervisor;
}

export interface Watched {
  /** How those ended that have, by id. */
  readonly ended: ReadonlyMap<string, string>;
  /** Waits for the end of all. */
  all(): Promise<Record<string, string>>;
}

export type Flags = SupervisorFlagsInput;
export type Spec = ChildSpecInput;
type Recorder = ActorRef<(typeof recorder)["protocol"]>;
export type StartReply = ReplyOf<typeof supervision, "startChild">;
type Reply = { readonly ok: true; readonly ignored?: true } | { readonly ok: false; readonly error: string };

/** What OTP calls the same fault. */
const otpFaults: Partial<Record<SupervisionFault, string>> = {
  bad_strategy: "invalid_strategy",
  bad_intensity: "invalid_intensity",
  bad_period: "invalid_period",
  bad_auto_shutdown: "invalid_auto_shutdown",
  bad_template: "bad_start_spec",
  missing_actor: "missing_start",
  bad_restart: "invalid_restart_type",
  bad_shutdown: "invalid_shutdown",
  bad_type: "invalid_child_type",
  duplicate_id: "duplicate_child_name",
};

/** What a case needs to bring itself about on our supervisor, by what everybody may use. */
export class Rig {
  readonly ground: Ground;
  /** Names the case's actors, and its notes. */
  readonly run: string;
  readonly #recorder: Recorder;
  #supervisors = 0;

  constructor(ground: Ground, run: string, recording: Recorder) {
    this.ground = ground;
    this.run = run;
    this.#recorder = recording;
  }

  /** The spec of a probe. */
  probe(id: string, behaviour: Behaviour = {}, spec: Partial<Spec> = {}): Spec {
    const { childNode } = this.ground;
    return {
      id,
      actor: "probe",
      input: { run: this.run, tag: id, recorder: this.#recorder.address, ...behaviour },
      shutdownMs: 1_000,
      ...(childNode === undefined ? {} : { node: childNode }),
      ...spec,
    };
  }

  async start(flags: Flags, children: readonly ChildLiteral[] | "ignore"): Promise<Supervisor> {
    const { system } = this.ground;
    const at = `${this.run}-${this.#supervisors++}`;
    const definition =
      children === "ignore" ? defineSupervisor(() => children) : defineSupervisor({ ...flags, children });
    const ref = await this.ground.run(system.spawn(at, definition));
    return { ref, down: ref.watch().down };
  }

  /** A supervisor of dynamic probes; `add` says how each behaves. */
  startSimple(flags: Flags = {}, template: Partial<Spec> = {}): Promise<Supervisor> {
    return this.start({ ...flags, strategy: "simple_one_for_one" }, [this.probe("probe", {}, template)]);
  }

  /** Adds a dynamic probe. */
  startDynamic(to: Supervisor, tag: string, behaviour: Behaviour = {}): Promise<StartReply> {
    return this.ground.run(to.ref.ask({ type: "startChild", input: { tag, ...behaviour } }));
  }

  /** Adds a dynamic probe that comes up. @returns where it lives */
  async add(to: Supervisor, tag: string, behaviour: Behaviour = {}): Promise<ActorAddress> {
    const reply = await this.startDynamic(to, tag, behaviour);
    if ("address" in reply && reply.ok) return reply.address;
    throw new Error(`Expected ${tag} to start, got ${JSON.stringify(reply)}`);
  }

  /** A supervisor of a supervisor, whose id is "inner"; that one lives where its children do. */
  async startTree(children: readonly Spec[], flags: Flags, spec: Partial<Spec>): Promise<Tree> {
    const { childNode: node } = this.ground;
    const inner =
      node === undefined
        ? { actor: defineSupervisor({ ...flags, children }) }
        : { actor: "supervisor", type: "supervisor" as const, node, input: { flags, children } };
    const top = await this.start({ intensity: 3 }, [{ ...spec, ...inner, id: "inner" }]);
    const { address } = await this.child(top, "inner");
    const ref = this.ground.system.ref(address, supervision);
    return { top, inner: { ref, down: ref.watch().down } };
  }

  /** What is wrong with flags and specs, in OTP's words; `ok` where nothing is. */
  async faultOf(flags: unknown, children: unknown): Promise<string> {
    try {
      await this.start(flags as Flags, children as readonly ChildLiteral[]);
      return "ok";
    } catch (error) {
      const fault = faultIn(error);
      if (fault === undefined) throw error;
      return otpFaults[fault] ?? fault;
    }
  }

  // ---- what is going on ----

  async kids(of: Supervisor): Promise<readonly ChildInfo[]> {
    return (await this.ground.run(of.ref.ask({ type: "whichChildren" }))).children;
  }

  /** As "<id> <state>", newest first. */
  async children(of: Supervisor): Promise<string[]> {
    const { strategy, children } = await this.ground.run(of.ref.ask({ type: "whichChildren" }));
    return children.map(({ id, state }) => `${strategy === "simple_one_for_one" ? "-" : id} ${state}`);
  }

  /** By id, or by address under simple_one_for_one. */
  async child(of: Supervisor, key: string): Promise<ChildInfo> {
    const found = (await this.kids(of)).find(({ id, address }) => id === key || address === key);
    if (found === undefined) throw new Error(`Expected ${of.ref.address} to have a child ${key}`);
    return found;
  }

  /** The activations of children by id. */
  async activations(of: Supervisor, ids: readonly string[]): Promise<Record<string, string | undefined>> {
    const all = (await this.kids(of)).map(({ id, activation }) => [id, activation] as const);
    return Object.fromEntries(all.filter(([id]) => ids.includes(id)));
  }

  async state(of: Pick<Supervisor, "ref">): Promise<"alive" | "ended"> {
    const counted = of.ref.ask({ type: "countChildren" });
    return this.ground.run(
      counted.then(
        () => "alive" as const,
        () => "ended" as const,
      ),
    );
  }

  /** What the probes did since this was asked last, oldest first. */
  async order(): Promise<string[]> {
    return (await this.ground.run(this.#recorder.ask({ type: "read", run: this.run }))).notes;
  }

  // ---- what is done ----

  next(tag: string, plans: readonly Plan[]): void {
    planNext(this.run, tag, plans);
  }

  always(tag: string, plan: Plan): void {
    planAlways(this.run, tag, plan);
  }

  /** Lets a child die. @returns the life that is over */
  async kill(of: Supervisor, key: string, how: End): Promise<ChildInfo> {
    const child = await this.child(of, key);
    const ref = this.ground.system.ref(child.address, probe);
    const { down } = ref.watch();
    ref.tell({ type: "die", how });
    expect(wordOf(await this.ground.run(down))).toBe(how);
    return child;
  }

  /** Lets a child die, and waits until its supervisor has done with that. */
  async die(of: Supervisor, key: string, how: End): Promise<void> {
    const { address, activation } = await this.kill(of, key, how);
    await this.until(`${of.ref.address} has done with the end of ${key}`, async () => {
      const children = await this.kids(of).catch(() => undefined);
      if (children?.some(({ state }) => state === "restarting")) return false;
      const now = children?.find((child) => child.address === address);
      return now?.activation === undefined || now.activation !== activation;
    });
  }

  /** Waits until a child is in a state. */
  async untilIs(of: Supervisor, key: string, state: ChildInfo["state"]): Promise<void> {
    await this.until(`${key} is ${state}`, async () => (await this.child(of, key)).state === state);
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const untilMs = this.ground.nowMs() + 10_000;
    while (!(await holds())) {
      if (this.ground.nowMs() > untilMs) throw new Error(`Expected that ${what}`);
      await this.ground.tick();
    }
  }

  /** Stops a supervisor. @returns how it ended, and after how long */
  async stop(which: Supervisor): Promise<{ outcome: string; tookMs: number }> {
    const fromMs = this.ground.nowMs();
    const { kind } = await this.ground.run(which.ref.stop());
    return { outcome: kind, tookMs: this.ground.nowMs() - fromMs };
  }

  async ended(which: Supervisor): Promise<string> {
    return (await this.ground.run(which.down)).kind;
  }

  /** How children end, by the id of each. */
  watch(children: readonly Pick<ChildInfo, "id" | "address">[]): Watched {
    const ended = new Map<string, string>();
    const downs = children.map(({ id, address }) => {
      const watch = this.ground.system.ref(address, probe).watch(({ kind }) => ended.set(id, kind));
      return watch.down;
    });
    return {
      ended,
      all: async () => {
        await this.ground.run(Promise.all(downs));
        return Object.fromEntries(ended);
      },
    };
  }

  // ---- what an operator asks ----

  async word(reply: Promise<Reply>): Promise<string> {
    return replyWord(await this.ground.run(reply));
  }

  terminate(sup: Supervisor, id: string): Promise<string> {
    return this.word(sup.ref.ask({ type: "terminateChild", id }));
  }

  restart(sup: Supervisor, id: string): Promise<string> {
    return this.word(sup.ref.ask({ type: "restartChild", id }));
  }

  delete(sup: Supervisor, id: string): Promise<string> {
    return this.word(sup.ref.ask({ type: "deleteChild", id }));
  }
}

export function replyWord(reply: Reply): string {
  if (!reply.ok) return reply.error;
  return reply.ignored === true ? "ignored" : "ok";
}

function wordOf(outcome: ActorOutcome): string {
  return outcome.kind === "stopped" && outcome.reason !== undefined
    ? `stopped(${outcome.reason})`
    : outcome.kind;
}

/** A start that fails says why in its details, as the failed actor did. */
function faultIn(error: unknown): SupervisionFault | undefined {
  const { details } = error as {
    details?: { fault?: SupervisionFault; details?: { fault?: SupervisionFault } };
  };
  return details?.fault ?? details?.details?.fault;
}
