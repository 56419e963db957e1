import type { ActorAddress, ActorInfo } from "../../protocols/index.ts";
import type { AgentRecord } from "./agent-record.ts";
import type { DurableDefinition } from "./durability.ts";

/**
 * An agent in memory, as its node describes it. What it has handled are all its turns, ever.
 *
 * @param record its newest; undefined as long as it is being taken over
 */
export function agentInfo(
  address: ActorAddress,
  { protocol }: DurableDefinition,
  record: AgentRecord | undefined,
  waiting: number,
): ActorInfo {
  return {
    address,
    activation: `${address}@${record?.epoch ?? 0}`,
    protocol: protocol.tag,
    state: record === undefined ? "claiming" : stateOf(record),
    waiting,
    postponed: record?.state.postponed.length ?? 0,
    handled: record?.turn ?? 0,
    durable: true,
  };
}

/** A machine's state value; of a reducer, or before the first turn, that it lives. */
function stateOf({ closed, state: { snapshot } }: AgentRecord): unknown {
  const { live, data } = (snapshot ?? {}) as { readonly live?: object; readonly data?: unknown };
  const { value } = (live ?? data ?? {}) as { readonly value?: unknown };
  return value ?? (closed ? "done" : "active");
}
