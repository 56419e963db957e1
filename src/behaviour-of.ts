import type { Behaviour } from "./behaviour.ts";
import type { Cell } from "./cell.ts";
import { RemoteBehaviour } from "./hosting/remote-behaviour.ts";
import { ReducerHost } from "./reducer-host.ts";
import { Hosted } from "./xstate/host.ts";

/** What runs inside a cell, as its definition says. */
export function behaviourOf(cell: Cell, input: unknown): Behaviour {
  const { behaviour } = cell.definition;
  switch (behaviour.kind) {
    case "logic":
      return new Hosted(behaviour.logic, cell, input);
    case "reducer":
      return new ReducerHost(behaviour.reducer, cell, input);
    case "hosted":
      return new RemoteBehaviour(behaviour.hosting, cell, input);
  }
}
