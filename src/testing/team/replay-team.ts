import { check } from "./check.ts";
import { isFair, searchOf } from "./check-team.ts";
import { isSameRow, type Row } from "./rows.ts";
import { Story } from "./story.ts";
import { TeamModel } from "./team-model.ts";
import type { Members, TeamOptions, TeamView } from "./team-options.ts";
import { planOf } from "./team-plan.ts";
import { TeamViews } from "./team-view.ts";

/** One run of a team, step by step, on its machines. */
export interface Replay<M extends Members = Members, H = unknown> {
  /** Takes the step of that name, as a story has it; if it is not possible, this one and all that follow are left out. */
  step(name: string): void;
  /** The names of the steps that are possible now. */
  possible(): readonly string[];
  /** The first step that was not possible. */
  readonly stoppedAt: string | undefined;
  readonly view: TeamView<M, H>;
  /**
   * The names of the properties that this run has shown to be broken: safety in any of its states; and, unless it
   * was stopped, what is so in the last one: a deadlock, a goal out of reach, a fair round without a goal.
   */
  broken(): readonly string[];
  /** What has happened so far, in sentences. */
  story(): string;
}

/** Plays a team's run again. Members are not folded: the steps say who is meant. @throws as `checkTeam` does */
export function replayTeam<const M extends Members, H = undefined>(options: TeamOptions<M, H>): Replay<M, H> {
  const plain = { ...options, fold: false };
  const model = new TeamModel(planOf(plain), plain.history);
  return new Run(plain, model);
}

class Run<M extends Members, H> implements Replay<M, H> {
  readonly #model: TeamModel;
  readonly #views: TeamViews<M, H>;
  readonly #search: ReturnType<typeof searchOf<M, H>>;
  readonly #story: Story;
  readonly #sentences: string[];
  readonly #rows: Row[];
  readonly #actions: string[] = [];
  #stoppedAt: string | undefined;

  constructor(options: TeamOptions<M, H>, model: TeamModel) {
    this.#model = model;
    this.#views = new TeamViews(model);
    const { row, outcomes } = model.start();
    this.#rows = [row];
    this.#search = searchOf(options, model, row);
    this.#story = new Story(model);
    this.#sentences = this.#story.beginning(outcomes);
  }

  get stoppedAt(): string | undefined {
    return this.#stoppedAt;
  }

  get view(): TeamView<M, H> {
    return this.#views.of(this.#row);
  }

  step(name: string): void {
    if (this.#stoppedAt !== undefined) return;
    const step = this.#model
      .next(this.#row)
      .find(({ what }) => what !== undefined && this.#story.name(what) === name);
    if (step?.what === undefined) {
      this.#stoppedAt = name;
      return;
    }
    this.#sentences.push(this.#story.sentence(step.what, this.#row));
    this.#actions.push(step.action);
    this.#rows.push(step.to);
  }

  possible(): readonly string[] {
    return this.#model
      .next(this.#row)
      .flatMap(({ what }) => (what === undefined ? [] : [this.#story.name(what)]));
  }

  broken(): readonly string[] {
    const unsafe = Object.entries(this.#search.safe ?? {}).filter(
      ([, holds]) => !this.#rows.every((row) => holds(row)),
    );
    const names = unsafe.map(([name]) => name);
    if (this.#stoppedAt !== undefined) return names;
    const isStuck = this.#model.next(this.#row).length === 0 && this.#search.mayEnd?.(this.#row) === false;
    return [...names, ...(isStuck ? ["deadlock"] : []), ...this.#outOfReach(), ...this.#avoided()];
  }

  story(): string {
    const stopped = this.#stoppedAt === undefined ? [] : [`Not possible: ${this.#stoppedAt}`];
    return [...this.#sentences, ...stopped, `Now: ${this.#story.state(this.#row)}`].join("\n");
  }

  get #row(): Row {
    return this.#rows.at(-1) as Row;
  }

  #outOfReach(): string[] {
    return Object.entries(this.#search.reachable ?? {}).flatMap(([name, goal]) => {
      const { eventually: _e, reachable: _r, ...search } = this.#search;
      const found = check({
        ...search,
        init: [this.#row],
        mayEnd: () => true,
        safe: { goal: (row) => !goal(row) },
      });
      return found.verdict === "holds" ? [name] : [];
    });
  }

  /** Goals that did not come since they were due, though the run has gone a fair round, or may stay where it is. */
  #avoided(): string[] {
    const last = this.#rows.length - 1;
    const round = this.#rows.findIndex((row, i) => i < last && isSameRow(row, this.#row));
    const loop = round < 0 ? [this.#row] : this.#rows.slice(round, last);
    const taken = round < 0 ? [] : this.#actions.slice(round);
    const possible = loop.map((row) => new Set(this.#model.next(row).map(({ action }) => action)));
    const always = [...(possible[0] ?? [])].filter((action) => possible.every((here) => here.has(action)));
    if (always.some((action) => isFair(action) && !taken.includes(action))) return [];
    const from = round < 0 ? last : round;
    return Object.entries(this.#search.eventually ?? {}).flatMap(([name, given]) => {
      const { goal, after } = typeof given === "function" ? { goal: given } : given;
      const isDue = (row: Row, i: number): boolean =>
        after === undefined ? i >= from : after === "start" ? i === 0 : after(row);
      const isAvoided = (row: Row, i: number): boolean =>
        isDue(row, i) && !this.#rows.slice(Math.min(i, from)).some(goal);
      return this.#rows.some(isAvoided) ? [name] : [];
    });
  }
}
