import type { ActorAddress, MessageOf, Protocol } from "../../../protocols/index.ts";
import { msText } from "./duration.ts";
import type { Kept, Mail } from "./mail.ts";
import type { Patience } from "./patience.ts";
import {
  type AnyPattern,
  differences,
  type MessagePattern,
  messageText,
  patternText,
  type Received,
  type TypeOf,
} from "./pattern.ts";
import type { ProbeActor } from "./probe-actor.ts";
import { ProbeFailed } from "./probe-failed.ts";
import { runWithin } from "./within.ts";

export interface Within {
  /** How long to wait, in milliseconds of the system's clock. */
  readonly withinMs?: number;
}

export type AnyMessage = { readonly type: string };
type Messages<P extends Protocol, L extends readonly unknown[]> = {
  -readonly [N in keyof L]: L[N] extends { readonly type: infer K extends string } | (infer K extends string)
    ? Received<P, K>
    : MessageOf<P>;
};

/** How long nothing may come, where a test does not say, in milliseconds. */
const silenceMsDefault = 100;

/** Differences that a failure shows. */
const linesMax = 8;

/**
 * What a test expects an actor to get: each expectation looks at the next message that was not looked at. All reject with
 * {@link ProbeFailed}.
 */
export abstract class Hearing<P extends Protocol = Protocol> {
  protected readonly actor: ProbeActor<P>;
  protected readonly mail: Mail;
  readonly #patience: Patience;
  readonly #withinMs: number;

  constructor(actor: ProbeActor<P>, mail: Mail, patience: Patience, withinMs: number) {
    this.actor = actor;
    this.mail = mail;
    this.#patience = patience;
    this.#withinMs = withinMs;
  }

  get address(): ActorAddress {
    return this.actor.cell.address;
  }

  /** What it has got, with the times; looked at or not. */
  get messages(): readonly Kept<MessageOf<P>>[] {
    return this.mail.kept as readonly Kept<MessageOf<P>>[];
  }

  /**
   * The next message is this one: of a type, with some of its fields, or as a predicate has it.
   *
   * Rejects with {@link ProbeFailed} at once if it is another, or if none comes in time.
   */
  expectMessage<const K extends TypeOf<P>>(
    expected: K | MessagePattern<P, K>,
    options?: Within,
  ): Promise<Received<P, K>>;
  expectMessage<M extends MessageOf<P>>(
    expected: (message: MessageOf<P>) => message is M,
    options?: Within,
  ): Promise<M>;
  expectMessage(expected: (message: MessageOf<P>) => boolean, options?: Within): Promise<MessageOf<P>>;
  expectMessage(expected: AnyPattern, options: Within = {}): Promise<AnyMessage> {
    return this.#next(expected, this.#leftMs(options), patternText(expected));
  }

  /** The next message, whatever it is. */
  expectAnyMessage(options: Within = {}): Promise<MessageOf<P>> {
    const isAny = (): boolean => true;
    return this.#next(isAny, this.#leftMs(options), "a message") as Promise<MessageOf<P>>;
  }

  /** The next messages are so many, or these, in this order; `withinMs` is for all of them. */
  expectMessages(count: number, options?: Within): Promise<readonly MessageOf<P>[]>;
  expectMessages<
    const L extends readonly (TypeOf<P> | MessagePattern<P> | ((message: MessageOf<P>) => boolean))[],
  >(expected: L, options?: Within): Promise<Messages<P, L>>;
  async expectMessages(
    expected: number | readonly AnyPattern[],
    options: Within = {},
  ): Promise<readonly AnyMessage[]> {
    const isAny = (): boolean => true;
    const all = typeof expected === "number" ? Array.from({ length: expected }, () => isAny) : expected;
    const untilMs = this.#nowMs + this.#leftMs(options);
    const got: AnyMessage[] = [];
    for (const [n, pattern] of all.entries()) {
      const what = pattern === isAny ? "a message" : patternText(pattern);
      const which = `${what} (message ${n + 1} of ${all.length})`;
      got.push(await this.#next(pattern, Math.max(0, untilMs - this.#nowMs), which));
    }
    return got;
  }

  /** Skips messages until this one has come. */
  fishForMessage<const K extends TypeOf<P>>(
    expected: K | MessagePattern<P, K>,
    options?: Within,
  ): Promise<Received<P, K>>;
  fishForMessage(expected: (message: MessageOf<P>) => boolean, options?: Within): Promise<MessageOf<P>>;
  fishForMessage(expected: AnyPattern, options: Within = {}): Promise<AnyMessage> {
    const leftMs = this.#leftMs(options);
    let skipped = 0;
    return this.#patience.wait(leftMs, {
      attempt: () => {
        for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
          this.mail.take();
          if (differences(expected, next).length === 0) return next;
          this.mail.note("skipped");
          skipped++;
        }
        return undefined;
      },
      late: () => {
        const came = skipped === 0 ? "none" : skipped === 1 ? "another" : `${skipped} others`;
        throw this.failed(`${patternText(expected)} within ${msText(leftMs)}, got ${came}`, [], expected);
      },
    });
  }

  /** No message waits to be looked at, and none comes for so long; default 100 ms. Rejects as soon as one does. */
  async expectNoMessage({ withinMs = silenceMsDefault }: Within = {}): Promise<void> {
    const leftMs = this.#patience.leftMs(withinMs, withinMs);
    await this.#patience.wait<true>(leftMs, {
      attempt: () => {
        const next = this.#peek();
        if (next === undefined) return undefined;
        throw this.failed(`no message for ${msText(leftMs)}, got ${messageText(next)}`, [], undefined, next);
      },
      late: () => true,
    });
  }

  /**
   * Runs a block that has to end within so long. What is expected in it, of any probe on the same clock, has what is left
   * of that time, as the block itself may ask.
   */
  within<T>(limitMs: number, block: (leftMs: () => number) => T | Promise<T>): Promise<T> {
    return runWithin(this.#patience, limitMs, block, () => this.story());
  }

  /** The last messages it has got, and what became of them. */
  story(): string {
    return this.mail.story(this.address);
  }

  get #nowMs(): number {
    return this.#patience.env.monotonicMs();
  }

  #leftMs({ withinMs }: Within): number {
    return this.#patience.leftMs(withinMs, this.#withinMs);
  }

  #next(expected: AnyPattern, leftMs: number, what: string): Promise<AnyMessage> {
    return this.#patience.wait(leftMs, {
      attempt: () => {
        const next = this.#peek();
        if (next === undefined) return undefined;
        this.mail.take();
        const lines = differences(expected, next);
        if (lines.length === 0) return next;
        this.mail.note("not as expected");
        throw this.failed(`${what}, got ${messageText(next)}`, lines, expected, next);
      },
      late: () => {
        throw this.failed(`${what} within ${msText(leftMs)}, got none`, [], expected);
      },
    });
  }

  /** The next message not looked at. @throws ProbeFailed where none can come any more, or some were lost */
  #peek(): AnyMessage | undefined {
    if (this.mail.lost > 0) throw this.failed("to look at each message, but not all could be kept");
    const next = this.mail.peek();
    const { outcome } = this.actor;
    if (next === undefined && outcome !== undefined)
      throw this.failed(`more messages, but ${this.actor.ended(outcome)}`);
    return next?.message;
  }

  protected failed(
    text: string,
    lines: readonly string[] = [],
    expected?: unknown,
    actual?: unknown,
  ): ProbeFailed {
    const shown = lines.length > linesMax ? [...lines.slice(0, linesMax), "…"] : lines;
    return new ProbeFailed(
      [`Expected ${this.address} to get ${text}`, ...shown.map((line) => `  ${line}`), this.story()].join(
        "\n",
      ),
      plainly(expected),
      plainly(actual),
    );
  }
}

/** What a test runner may show the difference of. */
function plainly(message: unknown): unknown {
  if (typeof message === "string") return { type: message };
  if (typeof message !== "object" || message === null) return undefined;
  const { replyTo: _, ...rest } = message as Record<string, unknown>;
  return rest;
}
