import type { Message } from "./cell.ts";
import { outside } from "./outside.ts";
import type { Parts } from "./parts.ts";
import type { TeamPlan } from "./team-plan.ts";

/** What is worked out once of each message that may be under way. */
export interface Sent {
  /** The way it goes: from one place to another; in a state, messages stand in the order of their ways. */
  readonly way: number;
  readonly to: number;
  readonly isFaulty: boolean;
  readonly deliver: string;
  readonly overtake: string;
}

/** Messages by the number of their part. */
export class Links {
  readonly #plan: TeamPlan;
  readonly #parts: Parts;
  readonly #sent: (Sent | undefined)[] = [];
  readonly #places: ReadonlyMap<string, number>;
  readonly #spoken: (Int32Array | undefined)[] = [];
  readonly #question: RegExp;
  /** The places that have asked anything. */
  readonly askers = new Set<number>();

  constructor(plan: TeamPlan, parts: Parts) {
    this.#plan = plan;
    this.#parts = parts;
    const askers = [...plan.addresses, outside];
    this.#places = new Map(askers.map((address, place) => [address, place]));
    const alternatives = askers.map((address) => address.replace(/[.()]/g, "\\$&")).join("|");
    this.#question = new RegExp(`"(${alternatives})/(\\d+)"`, "g");
  }

  sent(message: number): Sent {
    let sent = this.#sent[message];
    if (sent === undefined) {
      sent = this.#sentOf(this.#parts.plain(message) as Message);
      this.#sent[message] = sent;
    }
    return sent;
  }

  /** Which questions of a place a part speaks of, a bit each; the place after the last member's is the outside. */
  questionsIn(part: number, place: number): number {
    let spoken = this.#spoken[part];
    if (spoken === undefined) {
      spoken = new Int32Array(this.#places.size);
      for (const [, asker = "", number] of this.#parts.text(part).matchAll(this.#question)) {
        const at = this.#places.get(asker) as number;
        spoken[at] = (spoken[at] as number) | (1 << Number(number));
      }
      this.#spoken[part] = spoken;
    }
    return spoken[place] as number;
  }

  #sentOf({ kind, from, to, type }: Message): Sent {
    const places = this.#plan.members.length;
    const toPlace = this.#places.get(to) as number;
    // The outside and the runtime share the place after the last member's.
    const fromPlace = this.#places.get(from) ?? places;
    if (kind === "ask") this.askers.add(fromPlace);
    const { faulty } = this.#plan.channels;
    return {
      way: fromPlace * places + toPlace,
      to: toPlace,
      isFaulty: kind !== "down" && faulty?.({ from, to, type }) !== false,
      deliver: `deliver ${from} > ${to}`,
      overtake: `overtake ${from} > ${to}`,
    };
  }
}
