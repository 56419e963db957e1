import type { Row } from "./rows.ts";
import type { TeamModel } from "./team-model.ts";
import type { Members, MessageView, TeamView } from "./team-options.ts";
import type { TeamPlan } from "./team-plan.ts";

/** What properties see of rows. */
export class TeamViews<M extends Members, H> {
  readonly #model: TeamModel;
  #row: Row | undefined;
  #view: TeamView<M, H> | undefined;

  constructor(model: TeamModel) {
    this.#model = model;
  }

  /** All properties are asked about one state, one after the other. */
  of(row: Row): TeamView<M, H> {
    if (this.#view !== undefined && this.#row === row) return this.#view;
    const { plan, local, parts, rows } = this.#model;
    const members: Record<string, unknown> = {};
    for (let place = 0; place < plan.members.length; place++) {
      const { name, options } = plan.members[place] as TeamPlan["members"][number];
      const view = local.view(row[place] as number);
      if (options.count === undefined) members[name] = view;
      else if (members[name] === undefined) members[name] = [view];
      else (members[name] as unknown[]).push(view);
    }
    const view = new RowView(members, row, rows, parts) as unknown as TeamView<M, H>;
    this.#row = row;
    this.#view = view;
    return view;
  }

  hasFailed(row: Row, place: number): boolean {
    return this.#model.local.abilities(place, row[place] as number).isFailed;
  }

  /** Whether nobody waits for what will not come, should this be the end. */
  isSettled(row: Row): boolean {
    const { plan, local, rows } = this.#model;
    if (row.length > rows.mail) return false;
    return plan.members.every((_, place) => !local.abilities(place, row[place] as number).isOwing);
  }
}

/** Few properties look at the messages and the history of every state. */
class RowView implements TeamView {
  readonly members: TeamView["members"];
  readonly #row: Row;
  readonly #rows: TeamModel["rows"];
  readonly #parts: TeamModel["parts"];

  constructor(members: object, row: Row, rows: TeamModel["rows"], parts: TeamModel["parts"]) {
    this.members = members as TeamView["members"];
    this.#row = row;
    this.#rows = rows;
    this.#parts = parts;
  }

  get inFlight(): readonly MessageView[] {
    return this.#row.slice(this.#rows.mail).map((message) => this.#parts.plain(message) as MessageView);
  }

  get history(): unknown {
    const history = this.#row[this.#rows.history] as number;
    return history < 0 ? undefined : this.#parts.plain(history);
  }
}
