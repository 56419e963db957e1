import { decodeEnvelope, limitsDefault } from "../../../protocols/index.ts";
import type { DeadLetter } from "../../dead-letters.ts";
import { type Env, realEnv } from "../../env/env.ts";
import type { ActorSystem } from "../../system.ts";
import { msText } from "./duration.ts";
import { type ClockOptions, Patience } from "./patience.ts";
import { brief } from "./pattern.ts";
import { ProbeFailed } from "./probe-failed.ts";

/** Which dead letters are meant; what is left out does not count. */
export interface DeadLetterPattern {
  readonly to?: string;
  /** Why it died: `UNREACHABLE`, `MESSAGE_UNEXPECTED`, `MAILBOX_FULL` … */
  readonly code?: string;
  /** The type of the message. */
  readonly type?: string;
}

export interface DeadLetterOptions extends ClockOptions {
  /** How long to wait, in milliseconds of `env`. */
  readonly withinMs?: number;
  /** The system's, where it has one of its own; default the machine's clock. */
  readonly env?: Env;
}

const withinMsDefault = 3_000;
/** How long none may come, where a test does not say, in milliseconds. */
const silenceMsDefault = 100;
const pollMs = 5;
const pageMax = 500;
/** Letters that a failure shows. */
const shownMax = 10;

/** All letters of a system, oldest first; each look reads only what is new. */
class Letters {
  readonly #system: ActorSystem;
  readonly all: DeadLetter[] = [];

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** Reads on until one is found that fits. @throws STORE_FAILED */
  async find(pattern: DeadLetterPattern): Promise<DeadLetter | undefined> {
    let page: readonly DeadLetter[];
    do {
      const fromSequence = (this.all.at(-1)?.sequence ?? 0) + 1;
      page = await this.#system.deadLetters.list({ fromSequence, limit: pageMax });
      this.all.push(...page);
      const found = page.find((letter) => isMeant(pattern, letter));
      if (found !== undefined) return found;
    } while (page.length === pageMax);
    return undefined;
  }

  story(): string {
    if (this.all.length === 0) return "There is no dead letter.";
    const shown = this.all.slice(-shownMax);
    const many = this.all.length > shown.length ? `The last ${shown.length} of ${this.all.length}` : "The";
    return [`${many} dead letters:`, ...shown.map((letter) => `  ${letterText(letter)}`)].join("\n");
  }
}

/**
 * A dead letter is there, or comes in time: the oldest that fits is given. Default: within 3 s.
 *
 * Rejects with {@link ProbeFailed}, which shows the last letters.
 */
export async function expectDeadLetter(
  system: ActorSystem,
  pattern: DeadLetterPattern = {},
  options: DeadLetterOptions = {},
): Promise<DeadLetter> {
  const { found, letters, leftMs } = await look(system, pattern, options, withinMsDefault);
  if (found !== undefined) return found;
  throw new ProbeFailed(
    `Expected ${patternText(pattern)} within ${msText(leftMs)}, got none\n${letters.story()}`,
    pattern,
  );
}

/**
 * No dead letter is there, of any kind or of that one, and none comes for so long; default 100 ms.
 *
 * Rejects with {@link ProbeFailed} as soon as one is there.
 */
export async function expectNoDeadLetters(
  system: ActorSystem,
  pattern: DeadLetterPattern = {},
  options: DeadLetterOptions = {},
): Promise<void> {
  const { withinMs = silenceMsDefault } = options;
  const { found, letters, leftMs } = await look(system, pattern, { ...options, withinMs }, withinMs);
  if (found === undefined) return;
  throw new ProbeFailed(
    `Expected not to see ${patternText(pattern)} for ${msText(leftMs)}, got ${letterText(found)}\n${letters.story()}`,
  );
}

async function look(
  system: ActorSystem,
  pattern: DeadLetterPattern,
  { env = realEnv, withinMs, ...clock }: DeadLetterOptions,
  byDefaultMs: number,
): Promise<{ found: DeadLetter | undefined; letters: Letters; leftMs: number }> {
  const patience = new Patience(env, clock);
  const leftMs = patience.leftMs(withinMs, byDefaultMs);
  const untilMs = env.monotonicMs() + leftMs;
  const letters = new Letters(system);
  while (true) {
    // Once more when the time is up: what came in time counts.
    const isLast = env.monotonicMs() >= untilMs;
    const found = await letters.find(pattern);
    if (found !== undefined || isLast) return { found, letters, leftMs };
    await patience.sleep(Math.min(pollMs, untilMs - env.monotonicMs()));
  }
}

function isMeant({ to, code, type }: DeadLetterPattern, letter: DeadLetter): boolean {
  return (
    (to === undefined || letter.to === to) &&
    (code === undefined || letter.code === code) &&
    (type === undefined || letter.type === type)
  );
}

function patternText({ to, code, type }: DeadLetterPattern): string {
  const which = [
    ...(type === undefined ? [] : [type]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(code === undefined ? [] : [`with ${code}`]),
  ];
  return which.length === 0 ? "a dead letter" : `a dead letter ${which.join(" ")}`;
}

/** `deposit {"amount":5} from desk to bank: UNREACHABLE, nobody listens at bank`. */
function letterText(letter: DeadLetter): string {
  const { from, body } = envelopeOf(letter);
  const payload = body === undefined ? "" : ` ${brief(body)}`;
  const sender = from === "" ? "" : ` from ${from}`;
  return `${letter.type ?? "bytes"}${payload}${sender} to ${letter.to}: ${letter.code}, ${letter.reason}`;
}

function envelopeOf({ original }: DeadLetter): { readonly from: string; readonly body: unknown } {
  try {
    return decodeEnvelope(original, limitsDefault);
  } catch {
    // Bytes that never were a message, or a letter that was too large to be kept whole.
    return { from: "", body: undefined };
  }
}
