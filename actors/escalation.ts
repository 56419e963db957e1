import { deskMachine, escalationMachine } from "../machines/index.ts";
import { desk, escalation } from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../src/index.ts";

/** Ladders, `escalation.<id>`: a node that hosts them has `actors: { escalation: escalationLadder, escalationDesk }`. */
export const escalationLadder: ActorDefinition<typeof escalation> = defineActor({
  protocol: escalation,
  machine: escalationMachine,
  inputOf: (_: undefined, { self }) => ({ self }),
  durability: "durable",
});

/** What waits for somebody, `escalationDesk.<level>`: `escalationDesk.operator`, `escalationDesk.chief_data_officer`. */
export const escalationDesk: ActorDefinition<typeof desk> = defineActor({
  protocol: desk,
  machine: deskMachine,
  durability: "durable",
});
