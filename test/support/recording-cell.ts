import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot } from "xstate";
import { type AnySnapshot, type HostCell, Hosted } from "../../src/xstate/host.ts";
import { type SimulatedEnv, simulatedEnv } from "./simulated-env.ts";

/** A cell that writes down, in order, what its machine asks of it. Change the fields to make it refuse. */
export class RecordingCell implements HostCell {
  readonly address = "crew.bow";
  readonly env: SimulatedEnv;
  /** `send pay`, `emit paid`, `done`, …; `turn` where one has ended. */
  readonly story: string[] = [];
  readonly sent: { readonly target: unknown; readonly event: AnyEventObject }[] = [];
  readonly emitted: AnyEventObject[] = [];
  readonly faults: unknown[] = [];
  readonly effectFaults: { readonly error: unknown; readonly what: string }[] = [];
  readonly losses: string[] = [];
  readonly turns: { readonly before: AnySnapshot; readonly after: AnySnapshot }[] = [];
  output: unknown;
  present: unknown = "test";
  refuses = false;
  expiredNow = false;
  /** Runs while an effect is released. */
  onSend: (event: AnyEventObject) => void = () => {};
  onEnd: () => void = () => {};

  constructor(env: SimulatedEnv = simulatedEnv()) {
    this.env = env;
  }

  cause(): unknown {
    return this.present;
  }
  idOf(cause: unknown): string {
    return String(cause);
  }
  begin(cause: unknown): boolean {
    if (this.refuses) return false;
    this.present = cause;
    this.story.push(`begin ${String(cause)}`);
    return true;
  }
  end(before: AnySnapshot, after: AnySnapshot): void {
    this.turns.push({ before, after });
    this.story.push("turn");
    this.onEnd();
  }
  send(target: unknown, event: AnyEventObject): void {
    this.sent.push({ target, event });
    this.story.push(`send ${event.type}`);
    this.onSend(event);
  }
  emit(event: AnyEventObject): void {
    this.emitted.push(event);
    this.story.push(`emit ${event.type}`);
  }
  log(args: readonly unknown[]): void {
    this.story.push(`log ${args.join(" ")}`);
  }
  effectFailed(error: unknown, what: string): void {
    this.effectFaults.push({ error, what });
    this.story.push(`effect failed: ${what}`);
  }
  lost(event: AnyEventObject, target: string): void {
    this.losses.push(`${event.type} to ${target}`);
    this.story.push(`lost ${event.type}`);
  }
  mayRelease(): boolean {
    return !this.expiredNow;
  }
  withheld(kind: string, detail: string): void {
    this.story.push(`withheld ${kind} ${detail}`);
  }
  expired(): unknown {
    return new Error("expired");
  }
  done(output: unknown): void {
    this.output = output;
    this.story.push("done");
  }
  failed(error: unknown): void {
    this.faults.push(error);
    this.story.push("failed");
  }

  /** What was written down since the last call. */
  takeStory(): string[] {
    return this.story.splice(0);
  }
}

export interface Running {
  readonly cell: RecordingCell;
  readonly hosted: Hosted;
  /** Sends events of these types, or events. */
  readonly send: (...events: (string | AnyEventObject)[]) => void;
  /** The machine's snapshot. */
  readonly now: () => AnyMachineSnapshot;
}

/** Starts logic in a recording cell. */
export function run(
  logic: AnyActorLogic,
  options: { readonly input?: unknown; readonly snapshot?: unknown; readonly cell?: RecordingCell } = {},
): Running {
  const cell = options.cell ?? new RecordingCell();
  const hosted = new Hosted(logic, cell, options.input, options.snapshot);
  hosted.start();
  return {
    cell,
    hosted,
    send: (...events) => {
      for (const event of events) hosted.receive(typeof event === "string" ? { type: event } : event);
    },
    now: () => hosted.snapshot as AnyMachineSnapshot,
  };
}
