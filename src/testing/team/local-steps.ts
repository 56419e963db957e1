import { CoxswainError } from "../../../protocols/index.ts";
import type { Cell, Message, Turned } from "./cell.ts";
import type { TeamFact } from "./facts.ts";
import type { CallChoice, Member } from "./member.ts";
import { type PlainCell, plainOf, seen } from "./member-view.ts";
import { runtime } from "./outside.ts";
import type { Parts } from "./parts.ts";
import type { MemberView } from "./team-options.ts";
import type { TeamPlan } from "./team-plan.ts";

/** What a step of one member makes, in numbers of parts. */
export interface Outcome {
  /** Its own number. */
  readonly id: number;
  readonly cell: number;
  readonly sends: readonly number[];
  readonly facts: readonly TeamFact[];
}

/** What a member can do next, worked out once for each of its cells. */
export interface Abilities {
  readonly phase: Cell["phase"];
  readonly takesUp: boolean;
  readonly timers: readonly number[];
  readonly calls: readonly CallChoice[];
  readonly writes: boolean;
  readonly starts: boolean;
  readonly isFailed: boolean;
  /** Whether somebody waits for something of it. */
  readonly isOwing: boolean;
  readonly view: MemberView;
}

type Input =
  | { readonly kind: "deliver"; readonly message: number }
  | { readonly kind: "timer"; readonly at: number }
  | { readonly kind: "call"; readonly at: number }
  | { readonly kind: "take up" | "start" | "crash" | "write" };
const codes = { deliver: 0, timer: 1, call: 2, "take up": 3, start: 4, crash: 5, write: 6 };

/**
 * The steps of the single members, each worked out once: a team has millions of steps, which are made of a few
 * thousand different ones of its members.
 */
export class LocalSteps {
  readonly #plan: TeamPlan;
  readonly #parts: Parts;
  readonly #cells: (Cell | undefined)[] = [];
  readonly #abilities: (Abilities | undefined)[] = [];
  readonly #outcomes: (Map<number, Outcome> | undefined)[] = [];
  #count = 0;

  constructor(plan: TeamPlan, parts: Parts) {
    this.#plan = plan;
    this.#parts = parts;
  }

  /** How many were worked out. */
  get count(): number {
    return this.#count;
  }

  first(place: number): Outcome {
    const member = this.#plan.members[place] as Member;
    return this.#outcome(place, undefined, member.start(0, 0));
  }

  abilities(place: number, cell: number): Abilities {
    let abilities = this.#abilities[cell];
    if (abilities === undefined) {
      abilities = this.#abilitiesOf(place, cell);
      this.#abilities[cell] = abilities;
    }
    return abilities;
  }

  /** @param questions the bits of the member's questions that the state speaks of */
  step(place: number, cell: number, input: Input, questions: number): Outcome {
    const at = input.kind === "deliver" ? input.message : "at" in input ? input.at : 0;
    const code = at * 8 + codes[input.kind];
    const key = questions === 0 ? code : -(code * 65_536 + questions);
    let known = this.#outcomes[cell];
    if (known === undefined) {
      known = new Map();
      this.#outcomes[cell] = known;
    }
    let outcome = known.get(key);
    if (outcome === undefined) {
      outcome = this.#outcome(place, cell, this.#turned(place, cell, input, questions));
      known.set(key, outcome);
      if (questions === 0) this.#checkSymmetry(cell, code, outcome);
    }
    return outcome;
  }

  view(cell: number): MemberView {
    return this.#abilities[cell]?.view ?? seen(this.#parts.plain(cell) as PlainCell);
  }

  #turned(place: number, number: number, input: Input, questions: number): Turned {
    const member = this.#plan.members[place] as Member;
    const cell = this.#cells[number] as Cell;
    const by = member.address;
    const alone = (next: Cell, kind: "crashed" | "wrote"): Turned => {
      return { cell: next, sends: [], facts: [{ kind, by }] };
    };
    switch (input.kind) {
      case "deliver":
        return member.deliver(cell, this.#parts.plain(input.message) as Message, questions);
      case "timer":
        return member.ring(cell, input.at, questions);
      case "call":
        return member.comeTo(cell, this.abilities(place, number).calls[input.at] as CallChoice, questions);
      case "take up":
        return member.takeUp(cell, questions);
      case "start": {
        const turned = member.restart(cell, questions);
        return { ...turned, facts: [{ kind: "started", by }, ...turned.facts] };
      }
      case "crash":
        return alone(member.crash(cell), "crashed");
      case "write":
        return alone(member.write(cell), "wrote");
    }
  }

  #outcome(place: number, before: number | undefined, { cell, sends, facts }: Turned): Outcome {
    const { address } = this.#plan.members[place] as Member;
    const number = this.#parts.number(plainOf(cell, address));
    this.#cells[number] ??= cell;
    const was = before === undefined ? undefined : this.#cells[before];
    const ends = cell.phase !== "up" && (was === undefined || was.phase === "up");
    const downs = ends ? this.#tellOfEnd(place, was?.life ?? 0, cell) : [];
    const messages = [...sends, ...downs].map((message) => this.#parts.number(message));
    return { id: this.#count++, cell: number, sends: messages, facts };
  }

  /** Where the same step of the same member under other names is known, it has to be the same under those names. */
  #checkSymmetry(cell: number, code: number, outcome: Outcome): void {
    const { swaps } = this.#plan;
    for (let swap = 1; swap < swaps.length; swap++) {
      const other = this.#outcomes[this.#parts.renamed(cell, swap)];
      if (other === undefined) continue;
      const isDelivery = code % 8 === codes.deliver;
      const otherCode = isDelivery ? this.#parts.renamed(code / 8, swap) * 8 + codes.deliver : code;
      const twin = other.get(otherCode);
      if (twin === undefined) continue;
      const expected = [outcome.cell, ...outcome.sends].map((part) => this.#parts.renamed(part, swap));
      if (isAlike([twin.cell, ...twin.sends], expected)) continue;
      const { member } = this.#parts.plain(cell) as PlainCell;
      const { kind, type } = isDelivery
        ? (this.#parts.plain(code / 8) as Message)
        : { kind: "its own", type: "step" };
      throw new CoxswainError(
        "OPTION_INVALID",
        `Expected nothing to tell symmetric members apart, but what ${member} does for ${kind} ${type} depends on which of them is which; leave out \`symmetric\``,
      );
    }
  }

  /** What those who watch a member are told when it is up no longer. */
  #tellOfEnd(place: number, life: number, { outcome }: Cell): Message[] {
    const { address } = this.#plan.members[place] as Member;
    const body = {
      address,
      activation: `${address}#${life}`,
      outcome: outcome ?? { kind: "lost", reason: "crashed" },
      atMs: 0,
      chance: 0,
    };
    const told = {
      kind: "down",
      from: runtime,
      type: "coxswain.down",
      body,
      protocol: "",
      question: undefined,
    } as const;
    return (this.#plan.watchers[place] ?? []).map((watcher) => {
      return { ...told, to: this.#plan.addresses[watcher] as string };
    });
  }

  #abilitiesOf(place: number, number: number): Abilities {
    const member = this.#plan.members[place] as Member;
    const cell = this.#cells[number] as Cell;
    const { phase, saved, outcome, held, open } = cell;
    return {
      phase,
      takesUp: member.takeable(cell) !== undefined,
      timers: member.dueTimers(cell),
      calls: member.callChoices(cell),
      writes: phase === "up" && saved !== undefined && member.options.durable === "later",
      starts: member.mayStart(cell),
      isFailed: outcome?.kind === "failed",
      isOwing: held.length > 0 || open.length > 0,
      view: seen(this.#parts.plain(number) as PlainCell),
    };
  }
}

/** The order of messages matters on one way only, and there their cells would differ. */
function isAlike(a: readonly number[], b: readonly number[]): boolean {
  const order = (one: number, other: number): number => one - other;
  return a[0] === b[0] && a.slice(1).sort(order).join() === b.slice(1).sort(order).join();
}
