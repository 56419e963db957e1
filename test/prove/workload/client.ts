import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isCoxswainError } from "../../../protocols/index.ts";
import type { ActorSystem } from "../../../src/index.ts";
import { type AgentType, protocols } from "../agents/index.ts";
import { clientLog } from "../history/folder.ts";
import type { ClientLine, EndLine } from "../history/lines.ts";
import { machineMs } from "../machine-clock.ts";

/** With these nothing was taken, for certain. With any other failure it may have been. */
const refusals = new Set([
  "MAILBOX_FULL",
  "STORE_FULL",
  "TRANSPORT_FULL",
  "UNREACHABLE",
  "ADDRESS_UNKNOWN",
  "MESSAGE_INVALID",
  "PAYLOAD_TOO_LARGE",
  "SYSTEM_CLOSED",
]);

export interface Sending {
  readonly actor: string;
  readonly type: string;
  /** The sender, which numbers its messages. */
  readonly from: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Sends numbered messages, and writes down what was acknowledged, in the order it happened. */
export class Client {
  readonly counts = { sent: 0, taken: 0, refused: 0, unknown: 0, tries: 0 };
  readonly #system: ActorSystem;
  readonly #file: string;
  readonly #numbers = new Map<string, number>();
  #ops = 0;
  #givesUp = false;

  constructor(system: ActorSystem, folder: string) {
    this.#system = system;
    this.#file = join(folder, clientLog);
  }

  /** Sent before this returns, so that the order of calls is that of the numbers. Resolves when its end is known, or was waited for long enough. */
  async deliver(sending: Sending): Promise<void> {
    const { op, message } = this.#begin(sending);
    const done = this.#ref(sending.actor)
      .deliver(message as never)
      .then(
        () => this.#end(op, "taken"),
        (error: unknown) =>
          this.#end(op, refusals.has(codeOf(error)) ? "refused" : "unknown", { code: codeOf(error) }),
      );
    await Promise.race([done, pause(20_000, undefined, { ref: false })]);
  }

  /** Asks with one key until there is an answer. */
  async ask(sending: Sending): Promise<void> {
    const { op, message, n } = this.#begin(sending);
    const { actor, from } = sending;
    const key = `${from}/${actor}/${n}`;
    for (let tries = 1; ; tries++) {
      try {
        const reply = await this.#ref(actor).ask(message as never, { key, withinMs: 4_000 });
        return this.#end(op, "taken", { reply, tries });
      } catch (error) {
        if (this.#givesUp) return this.#end(op, "unknown", { code: codeOf(error), tries });
        this.counts.tries++;
        await pause(100);
      }
    }
  }

  /** What an agent says of itself; undefined where it does not answer. */
  async read(actor: string): Promise<unknown> {
    return await this.#ref(actor)
      .ask({ type: "read" } as never, { withinMs: 5_000 })
      .catch(() => undefined);
  }

  /** Questions that have no answer by now are asked no more. */
  giveUp(): void {
    this.#givesUp = true;
  }

  #ref(actor: string) {
    return this.#system.ref(actor, protocols[actor.split(".")[0] as AgentType]);
  }

  #begin({ actor, type, from, body = {} }: Sending) {
    const op = ++this.#ops;
    const n = (this.#numbers.get(`${from} ${actor}`) ?? 0) + 1;
    this.#numbers.set(`${from} ${actor}`, n);
    this.counts.sent++;
    this.#write({ what: "sent", op, actor, type, from, n, body, atMs: machineMs() });
    return { op, n, message: { ...body, type, from, n } };
  }

  #end(op: number, what: EndLine["what"], more: Omit<Partial<EndLine>, "what" | "op"> = {}): void {
    this.counts[what]++;
    this.#write({ what, op, atMs: machineMs(), ...more });
  }

  #write(line: ClientLine): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function codeOf(error: unknown): string {
  return isCoxswainError(error) ? error.code : String(error);
}
