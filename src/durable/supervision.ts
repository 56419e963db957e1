import {
  type ActorAddress,
  type MessageOf,
  nodeAddress,
  trouble,
  type WireError,
} from "../../protocols/index.ts";
import type { Node } from "../node.ts";
import { send } from "../outbound.ts";
import type { AgentCell } from "./agent-cell.ts";
import type { DurableDefinition } from "./durability.ts";
import type { TurnBook } from "./turn-book.ts";

type Trouble = MessageOf<typeof trouble>;

const reasonMaxLength = 1_000;

/** An error as a supervisor is told of it. */
export function shortened({ code, message }: WireError): WireError {
  return { code, message: message.slice(0, reasonMaxLength) };
}

/** Tells the supervisor that the type names, as part of the turn. What was done by such a word is not told: two could go on for ever. */
export function tellSupervisor(
  { address, definition }: AgentCell,
  book: TurnBook,
  message: Trouble & { readonly type: "agentFailed" | "agentQuarantined" },
): void {
  const { supervisor } = definition.durability;
  if (supervisor === undefined || supervisor === address) return;
  if (book.cause.envelope?.protocol === trouble.tag) return;
  book.tell(trouble, supervisor, message);
}

/** Tells it that no turn can be given here. In the node's own name: the agent's line to it is the agent's. */
export function tellOfRefusal(
  node: Node,
  agent: ActorAddress,
  { durability: { supervisor } }: DurableDefinition,
  reason: string,
): void {
  if (supervisor === undefined || supervisor === agent) return;
  try {
    const message = {
      type: "agentRefused",
      agent,
      node: node.name,
      reason: reason.slice(0, reasonMaxLength),
    };
    send(node, { from: nodeAddress(node.name), cause: undefined }, trouble, supervisor, message, undefined);
  } catch (error) {
    const text = `${supervisor} was not told that ${agent} cannot be taken up`;
    node.report({ level: "warning", message: text, address: agent, error });
  }
}
