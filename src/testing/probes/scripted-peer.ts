import type { ActorAddress, Protocol } from "../../../protocols/index.ts";
import type { Timer } from "../../env/env.ts";
import type { ActorRef } from "../../ref.ts";
import type { ActorSystem } from "../../system.ts";
import type { AnyMessage, Within } from "./hearing.ts";
import { askerOf, Mail } from "./mail.ts";
import { type ClockOptions, Patience } from "./patience.ts";
import { differences, messageText, patternText } from "./pattern.ts";
import { errorText, ProbeActor } from "./probe-actor.ts";
import { ProbeFailed } from "./probe-failed.ts";
import { type Line, lineText, Script, type ScriptStep, type Step } from "./script.ts";

export interface ScriptOptions extends ClockOptions {
  /** The steps may be met in any order: a message is for the first that it fits. Default false. */
  readonly unordered?: boolean;
  /** Messages kept for the story; default 1,000. */
  readonly keptMax?: number;
}

const doneWithinMs = 3_000;

/**
 * A peer that answers as its script says, and takes nothing else: a message too many, or another than expected, is
 * refused, and remembered as a failure. Made by {@link scriptPeer}.
 */
export class ScriptedPeer<P extends Protocol = Protocol> implements AsyncDisposable {
  readonly ref: ActorRef<P>;
  readonly #actor: ProbeActor<P>;
  readonly #mail: Mail;
  readonly #script: Script;
  readonly #patience: Patience;
  readonly #timers = new Set<Timer>();
  readonly #failures: string[] = [];
  #isTold = false;

  constructor(ref: ActorRef<P>, actor: ProbeActor<P>, mail: Mail, script: Script, patience: Patience) {
    this.ref = ref;
    this.#actor = actor;
    this.#mail = mail;
    this.#script = script;
    this.#patience = patience;
  }

  get address(): ActorAddress {
    return this.#actor.cell.address;
  }

  /** Waits until the script is over, or broken. Rejects with {@link ProbeFailed} where it is broken, or not over in time; default 3 s. */
  async expectDone({ withinMs }: Within = {}): Promise<void> {
    const leftMs = this.#patience.leftMs(withinMs, doneWithinMs);
    await this.#patience.wait<true>(leftMs, {
      attempt: () => {
        if (this.#failures.length === 0 && !this.#isOver) return undefined;
        this.assertDone();
        return true;
      },
      late: () => {
        this.assertDone();
        return true;
      },
    });
  }

  /** Throws the whole story where the script is broken, or not over. @throws ProbeFailed */
  assertDone(): void {
    if (this.#failures.length === 0 && this.#isOver) return;
    this.#isTold = true;
    const missing = this.#script.missing.length;
    const why = [
      ...this.#failures,
      ...(missing === 0 ? [] : [`${missing} of its ${this.#script.lines.length} steps did not come`]),
      ...(this.#timers.size === 0 ? [] : [`answers still to be given: ${this.#timers.size}`]),
    ];
    throw new ProbeFailed(
      [`Expected ${this.address} to be asked as its script says: ${why[0]}`, ...rest(why), this.story()].join(
        "\n",
      ),
    );
  }

  /** The script, with what of it has come, and the last messages. */
  story(): string {
    const lines = this.#script.lines.map((line) => `  ${lineText(line)}`);
    return [`The script of ${this.address}:`, ...lines, this.#mail.story(this.address)].join("\n");
  }

  /** Ends the actor. @throws ProbeFailed as `assertDone`, unless that has told it already */
  async [Symbol.asyncDispose](): Promise<void> {
    const isTold = this.#isTold;
    try {
      if (!isTold) this.assertDone();
    } finally {
      for (const timer of this.#timers) timer.cancel();
      this.#actor.close();
    }
  }

  get #isOver(): boolean {
    return this.#script.missing.length === 0 && this.#timers.size === 0;
  }

  /** A message has come, and is in the mail. */
  hear(message: AnyMessage): void {
    this.#mail.take();
    try {
      this.#take(message);
    } catch (error) {
      this.#fail(message, `a predicate threw at ${messageText(message)}: ${errorText(error)}`);
    }
    this.#patience.look();
  }

  #take(message: AnyMessage): void {
    const { next } = this.#script;
    const tried = next.map((line) => ({ line, lines: differences(line.step.expect, message) }));
    const found = tried.find(({ lines }) => lines.length === 0)?.line;
    if (found === undefined) return this.#surplus(message, tried);
    found.met++;
    const { afterMs = 0 } = found.step;
    this.#mail.note(`step ${found.number}`);
    if (afterMs === 0) return this.#answer(message, found);
    const timer = this.#actor.cell.env.setTimer(afterMs, () => {
      this.#timers.delete(timer);
      this.#answer(message, found);
      this.#patience.look();
    });
    this.#timers.add(timer);
  }

  #surplus(message: AnyMessage, tried: readonly { line: Line; lines: readonly string[] }[]): void {
    const what = messageText(message);
    // In order, those before the last may stay out: the last one is due.
    const due = tried.at(-1);
    if (due === undefined) return this.#fail(message, `the script is over, got ${what}`);
    const steps = tried.map(({ line }) => line.number).join(", ");
    const { line, lines } = due;
    const wanted =
      this.#script.unordered && tried.length > 1
        ? `one of the steps ${steps}`
        : `step ${line.number}, ${patternText(line.step.expect)}`;
    const why = wanted.startsWith("one") ? "" : ` (${lines.join("; ")})`;
    this.#fail(message, `expected ${wanted}, got ${what}${why}`);
  }

  #answer(message: AnyMessage, line: Line): void {
    const { reply, refuse, tell = [], emit } = line.step;
    const asker = askerOf(message);
    try {
      if (asker === undefined && (reply !== undefined || refuse !== undefined))
        throw new Error(`${message.type} was told, not asked: nobody waits for an answer`);
      const value = typeof reply === "function" ? reply(message) : reply;
      if (asker !== undefined && value !== undefined) {
        this.#actor.reply(message, asker, value);
        this.#mail.answered(asker.question, `step ${line.number}, replied`);
      }
      if (asker !== undefined && refuse !== undefined) {
        this.#actor.refuse(asker, refuse);
        this.#mail.answered(asker.question, `step ${line.number}, refused`);
      }
      for (const { protocol, message: word, to = senderOf(message) } of [tell].flat())
        this.#actor.tell(protocol, to, word as never);
      if (emit !== undefined) this.#actor.emit(emit as never);
    } catch (error) {
      this.#fail(message, `step ${line.number} could not be carried out: ${errorText(error)}`);
    }
  }

  #fail(message: AnyMessage, why: string): void {
    this.#failures.push(why);
    this.#mail.note("not as the script says");
    const asker = askerOf(message);
    if (asker === undefined || !this.#mail.isOpen(asker.question)) return;
    this.#mail.answered(asker.question, "not as the script says");
    this.#actor.refuse(asker, `${this.address} is scripted: ${why}`);
  }
}

function senderOf(message: AnyMessage): string {
  const { sender } = message as { readonly sender?: string };
  if (sender !== undefined) return sender;
  throw new Error(`${message.type} came from no actor; say whom to tell with telling(protocol, message, to)`);
}

function rest(lines: readonly string[]): readonly string[] {
  return lines.slice(1).map((line) => `  also: ${line}`);
}

/**
 * Spawns a peer that answers as a script says, in order.
 *
 * @example
 * await using model = await scriptPeer(system, "model", llm, [
 *   { expect: { type: "complete", prompt: "hello" }, reply: { text: "hi" } },
 *   { expect: "complete", refuse: "overloaded" },
 * ]);
 * // … what is tested asks the model …
 * await model.expectDone();
 *
 * @throws as `spawn`; OPTION_INVALID
 */
export async function scriptPeer<P extends Protocol>(
  system: ActorSystem,
  address: string,
  protocol: P,
  steps: readonly ScriptStep<P>[],
  options: ScriptOptions = {},
): Promise<ScriptedPeer<P>> {
  const script = new Script(steps as readonly Step[], options.unordered ?? false);
  const mail = new Mail(options.keptMax);
  const ref = system.ref(address, protocol);
  let peer: ScriptedPeer<P> | undefined;
  await ProbeActor.spawn(system, address, protocol, (actor) => {
    const { env } = actor.cell;
    const bornMs = env.monotonicMs();
    const made = new ScriptedPeer(ref, actor, mail, script, new Patience(env, options));
    peer = made;
    return (message) => {
      mail.add(message, env.monotonicMs() - bornMs);
      made.hear(message);
    };
  });
  return peer as unknown as ScriptedPeer<P>;
}
