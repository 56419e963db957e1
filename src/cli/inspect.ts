import { type ActorAddress, isActorAddress, rootOf } from "../../protocols/index.ts";
import {
  type AgentSummary,
  type DurableStore,
  inspectAgent,
  listAgents,
} from "../durable/inspection/index.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { inspectionText, summariesText } from "./inspect-text.ts";
import { paintFor, plainText, print, say, toJson } from "./output.ts";

export const inspect: Command = {
  name: "inspect",
  summary: "show what is stored of durable agents",
  usage: "inspect <type>[/<key>] [options]",
  says: `Shows a durable agent as the store has it: its machine's state and context, timers, running calls, what it
has sent and nobody confirmed yet, open questions, kept answers, how far each sender's messages were
applied, and what waits in its inbox. Nobody is asked and nothing is changed: no node need run. With a
type alone, lists its agents, those first that were written longest ago.`,
  example: "coxswain inspect account/alice\ncoxswain inspect account --limit 20",
  options: {
    ...systemOptions,
    limit: {
      type: "string",
      value: "N",
      says: "Of a type: N agents, default 100. Of an agent: N entries of its inbox, default 100",
    },
    json: { type: "boolean", says: "One JSON document; of a type, one JSON object a line" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const wanted = wantedOf(given);
    const limit = given.count("limit", 100, { min: 1, max: 1_000_000 });
    await using client = await openSystem(given);
    const store = await client.durableStore();
    if (store === undefined) throw new CommandFailure(`System ${client.system} has no durable agents`);
    const { types } = store.placement;
    if (!types.has(wanted.type)) {
      const known = [...types.keys()].sort().join(", ");
      throw new CommandFailure(
        `System ${client.system} has no durable type "${wanted.type}"; there are: ${known}`,
      );
    }
    if (wanted.address === undefined) return await list(given, store, wanted.type, limit);
    return await show(given, store, wanted.address, limit);
  },
};

/** Either `type.key` or `type/key`, whose key may have dots too. */
function wantedOf(given: Given): { readonly type: string; readonly address?: ActorAddress } {
  const [text = ""] = given.positionals;
  const address = text.replace(/\//g, ".");
  if (isActorAddress(address)) {
    const type = rootOf(address);
    return type === address ? { type } : { type, address };
  }
  throw new UsageError(`Expected a durable type or agent like "account/alice", got "${plainText(text)}"`);
}

async function show(
  given: Given,
  store: DurableStore,
  address: ActorAddress,
  waitingMax: number,
): Promise<number> {
  const found = await inspectAgent(store, address, { waitingMax });
  if (found === undefined) throw new CommandFailure(`There is no agent ${address}, and nothing waits for it`);
  if (given.flag("json")) print(toJson({ system: store.system, ...found }, 2));
  else print(inspectionText(found, Date.now(), paintFor(process.stdout)));
  return exitCodes.ok;
}

async function list(given: Given, store: DurableStore, type: string, limit: number): Promise<number> {
  const found = new Map<string, AgentSummary>();
  let more = false;
  for await (const summary of listAgents(store, type)) {
    // One that was written again meanwhile comes again.
    more = found.size >= limit && !found.has(summary.address);
    if (more) break;
    found.set(summary.address, summary);
  }
  if (given.flag("json")) for (const summary of found.values()) print(toJson(summary));
  else if (found.size === 0) print(`no agents of ${type}`);
  else print(summariesText([...found.values()], Date.now(), paintFor(process.stdout)));
  if (more) say(`coxswain: the first ${limit} agents of ${type}; more with --limit`);
  return exitCodes.ok;
}
