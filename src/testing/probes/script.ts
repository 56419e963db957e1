import {
  CoxswainError,
  type EmittedOf,
  type OutgoingOf,
  type Protocol,
  type QuestionTypeOf,
  quote,
  type ReplyOf,
} from "../../../protocols/index.ts";
import { durationOf } from "./duration.ts";
import { type AnyPattern, type MessagePattern, patternText, type Received, type TypeOf } from "./pattern.ts";

/** Something to be told to another actor. Made by {@link telling}. */
export interface Telling {
  readonly protocol: Protocol;
  readonly message: { readonly type: string };
  readonly to: string | undefined;
}

/** What a scripted peer is to tell, to the sender of what it got where `to` is left out. */
export function telling<P extends Protocol>(protocol: P, message: OutgoingOf<P>, to?: string): Telling {
  return { protocol, message: message as Telling["message"], to };
}

interface Anything<P extends Protocol, K extends TypeOf<P>> {
  readonly expect: K | MessagePattern<P, K>;
  /** How often in a row; default 1. `Infinity`: any number of times, or never. */
  readonly times?: number;
  /** How long it takes until it answers, in milliseconds of the system's clock; default 0. */
  readonly afterMs?: number;
  readonly tell?: Telling | readonly Telling[];
  readonly emit?: EmittedOf<P>;
}

// One parameter for all functions, or none of them would know its type: which step it is, TypeScript sees too late.
type Answer<P extends Protocol, K extends TypeOf<P>> =
  | { readonly reply?: never; readonly refuse?: never }
  | (K extends QuestionTypeOf<P>
      ?
          | {
              readonly reply: ReplyOf<P, K> | ((question: Received<P, QuestionTypeOf<P>>) => ReplyOf<P, K>);
              readonly refuse?: never;
            }
          | { readonly refuse: string; readonly reply?: never }
      : never);

/** A message that has to come, and what is said to it: a reply or a refusal, messages, an event, or nothing. */
export type ScriptStep<P extends Protocol> = {
  readonly [K in TypeOf<P>]: Anything<P, K> & Answer<P, K>;
}[TypeOf<P>];

/** A step without the types of its protocol. */
export interface Step {
  readonly expect: AnyPattern;
  readonly times?: number;
  readonly afterMs?: number;
  readonly reply?: unknown;
  readonly refuse?: string;
  readonly tell?: Telling | readonly Telling[];
  readonly emit?: { readonly type: string };
}

/** A step, and how often it was met. */
export interface Line {
  readonly step: Step;
  readonly number: number;
  met: number;
}

/** Which step a message is for, and what is still to come. */
export class Script {
  readonly lines: readonly Line[];
  /** A message is for the first step it fits, wherever that stands. */
  readonly unordered: boolean;

  /** @throws OPTION_INVALID */
  constructor(steps: readonly Step[], unordered: boolean) {
    this.unordered = unordered;
    this.lines = steps.map((step, n) => ({ step: checked(step, n + 1), number: n + 1, met: 0 }));
  }

  /** Steps that must still be met. */
  get missing(): readonly Line[] {
    return this.lines.filter((line) => !isFree(line) && line.met < timesOf(line));
  }

  /** The steps that the next message may be for, in the order in which they are tried. */
  get next(): readonly Line[] {
    const left = this.lines.filter((line) => line.met < timesOf(line));
    if (this.unordered) return left;
    const last = this.lines.findLastIndex(({ met }) => met > 0);
    // What may come any number of times, or never, is over once something behind it has come.
    const ahead = left.filter(({ number }) => number > last);
    const due = ahead.findIndex((line) => !isFree(line));
    return due < 0 ? ahead : ahead.slice(0, due + 1);
  }
}

function timesOf({ step: { times = 1 } }: Line): number {
  return times;
}

function isFree(line: Line): boolean {
  return timesOf(line) === Number.POSITIVE_INFINITY;
}

/** @throws OPTION_INVALID */
function checked(step: Step, number: number): Step {
  const { times = 1, afterMs = 0 } = step;
  durationOf(afterMs, "afterMs");
  if (times !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(times) && times > 0)) {
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected times of step ${number} to be a whole number > 0 or Infinity, got ${quote(times)}`,
    );
  }
  if (step.reply === undefined || step.refuse === undefined) return step;
  throw new CoxswainError("OPTION_INVALID", `Expected step ${number} to reply or to refuse, got both`);
}

/** `2. complete {"prompt":"a"}, 3 times: met once`. */
export function lineText({ step, number, met }: Line): string {
  const { times = 1 } = step;
  const often = times === 1 ? "" : times === Number.POSITIVE_INFINITY ? ", any number" : `, ${times} times`;
  const came =
    met === 0 ? "did not come" : met === times ? "came" : met === 1 ? "came once" : `came ${met} times`;
  return `${number}. ${patternText(step.expect)}${often}: ${came}`;
}
