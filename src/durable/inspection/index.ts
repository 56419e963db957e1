export { type DurableStore, openDurableStore, type Placement } from "./durable-store.ts";
export { type InspectOptions, inspectAgent } from "./inspect-agent.ts";
export type {
  AgentInspection,
  AgentSummary,
  InspectedMessage,
  InspectedRecord,
  InspectedTimer,
  StoredAgent,
  WaitingEntry,
} from "./inspection.ts";
export { listAgents, type StoredRecord, storedAgents, storedRecords } from "./list-agents.ts";
export { type Stranded, strandedIn } from "./stranded.ts";
