import type { MessageId } from "../protocols/index.ts";
import type { ActorLimits } from "./actor.ts";
import type { Env } from "./env/env.ts";
import type { Incoming } from "./mailbox.ts";

/** What was answered: a reply's value, or an error for the wire. */
export type Given =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

interface Keyed {
  /** Those who asked with the same key while the answer was still awaited. */
  readonly joined: Incoming[];
  given: Given | undefined;
  untilMs: number;
}

/**
 * The questions one actor has taken and not yet answered, and the answers it keeps for keyed
 * questions that are asked again. Both bounded by the actor's limits.
 */
export class Questions {
  readonly #open = new Map<MessageId, Incoming>();
  readonly #keyed = new Map<string, Keyed>();
  readonly #limits: ActorLimits;
  readonly #env: Env;

  constructor(limits: ActorLimits, env: Env) {
    this.#limits = limits;
    this.#env = env;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Whether somebody still waits for an answer. */
  get awaited(): boolean {
    const nowMs = this.#env.nowMs();
    return [...this.#open.values()].some((question) => this.#isAwaited(question, nowMs));
  }

  /**
   * A keyed question arrives. `fresh`: it is the first; `joined`: it will share the answer; `full`: too many
   * share it already; else the answer itself.
   */
  arrive(question: Incoming): "fresh" | "joined" | "full" | Given {
    const name = keyOf(question);
    const known = this.#keyed.get(name);
    if (known !== undefined && (known.given === undefined || known.untilMs > this.#env.monotonicMs())) {
      if (known.given !== undefined) return known.given;
      if (known.joined.length >= this.#limits.questionsMax) return "full";
      known.joined.push(question);
      return "joined";
    }
    this.#keyed.delete(name);
    this.#keyed.set(name, { joined: [], given: undefined, untilMs: Number.POSITIVE_INFINITY });
    this.#forgetOldAnswers();
    return "fresh";
  }

  /** A question's turn begins. False where too many are open already. */
  open(question: Incoming): boolean {
    if (this.#open.size >= this.#limits.questionsMax) this.#closeExpired();
    if (this.#open.size >= this.#limits.questionsMax) return false;
    this.#open.set(question.envelope.id, question);
    return true;
  }

  /** It waits for another turn. */
  shut(question: Incoming): void {
    if (this.find(question.envelope.id) === question) this.#open.delete(question.envelope.id);
  }

  find(id: MessageId): Incoming | undefined {
    return this.#open.get(id);
  }

  /** The answer is there. @returns everybody who gets it; empty if it was answered before. */
  close(question: Incoming, given: Given): readonly Incoming[] {
    // Foreign clients choose their ids: another question may be open under this one's.
    if (this.find(question.envelope.id) === question) this.#open.delete(question.envelope.id);
    const known = question.envelope.key === undefined ? undefined : this.#keyed.get(keyOf(question));
    if (known === undefined) return [question];
    const everybody = [question, ...known.joined.splice(0)];
    // A failed first try must not be the answer for those who try again.
    if (!given.ok) this.#keyed.delete(keyOf(question));
    known.given = given;
    known.untilMs = this.#env.monotonicMs() + this.#limits.answerWindowMs;
    return everybody;
  }

  /** Whether others wait for the same answer. */
  isShared(question: Incoming): boolean {
    if (question.envelope.key === undefined) return false;
    return (this.#keyed.get(keyOf(question))?.joined.length ?? 0) > 0;
  }

  /** Gives up a question that nobody works on yet. @returns those who joined it */
  disown(question: Incoming): readonly Incoming[] {
    return this.isShared(question) ? (this.#keyed.get(keyOf(question))?.joined.splice(0) ?? []) : [];
  }

  /** The actor ends: everybody still waiting. */
  takeAll(): readonly Incoming[] {
    const all = [...this.#open.values(), ...[...this.#keyed.values()].flatMap((known) => known.joined)];
    this.#open.clear();
    this.#keyed.clear();
    return all;
  }

  #closeExpired(): void {
    const nowMs = this.#env.nowMs();
    for (const [id, question] of this.#open) {
      if (this.#isAwaited(question, nowMs)) continue;
      this.#open.delete(id);
      if (question.envelope.key !== undefined) this.#keyed.delete(keyOf(question));
    }
  }

  #isAwaited(question: Incoming, nowMs: number): boolean {
    const { key } = question.envelope;
    const joined = key === undefined ? [] : (this.#keyed.get(keyOf(question))?.joined ?? []);
    return [question, ...joined].some(
      ({ envelope }) => (envelope.deadlineMs ?? Number.POSITIVE_INFINITY) >= nowMs,
    );
  }

  #forgetOldAnswers(): void {
    for (const [name, known] of this.#keyed) {
      if (this.#keyed.size <= this.#limits.answersMax) return;
      if (known.given !== undefined) this.#keyed.delete(name);
    }
  }
}

function keyOf(question: Incoming): string {
  return `${question.envelope.type} ${question.envelope.key}`;
}
