import { type ActorAddress, isActorAddress, rootOf } from "../../protocols/index.ts";
import type { ActorDefinition } from "../actor.ts";
import type { SystemClient } from "../client.ts";
import { type AgentHistory, forkAgent, type HistoryEntry, replayHistory } from "../durable/history/index.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, type Given, UsageError } from "./command.ts";
import { entriesText, entryFields, entryText, momentText } from "./history-text.ts";
import { loadDefinition } from "./load-definitions.ts";
import { paintFor, plainText, print, say, toJson } from "./output.ts";

const turnMax = Number.MAX_SAFE_INTEGER;

export const history: Command = {
  name: "history",
  summary: "step through the turns of a durable agent, fork it, or replay it",
  usage: "history <type>/<key> [options]",
  says: `Shows the turns of a durable agent whose type has durability: { history: true }: what each was for, where the
machine was then, and what it sent. --at shows one turn as it is kept; with --module, the whole agent as it was
after it, computed by its definition: nothing is sent and no call is made. --fork makes a new agent of how it
was after turn --from. --replay gives all turns to a changed definition and shows the first difference.
A module exports definitions by their types, as "actors" or as its default.`,
  example:
    "coxswain history account/alice --limit 20\ncoxswain history account/alice --at 12 --module actors.ts\n" +
    "coxswain history account/alice --fork alice-2 --from 12 --module actors.ts\n" +
    "coxswain history account/alice --replay changed-actors.ts",
  options: {
    ...systemOptions,
    from: {
      type: "string",
      value: "TURN",
      says: "Begin there; default the last --limit turns. Of --fork: its turn",
    },
    limit: { type: "string", value: "N", says: "At most N turns; default 100" },
    at: { type: "string", value: "TURN", says: "One turn, or with --module the agent after it" },
    fork: { type: "string", value: "KEY", says: "Make a new agent of this key; needs --from and --module" },
    calls: { type: "string", value: "HOW", says: '--fork: calls under way; "make" (default) or "drop" them' },
    module: { type: "string", value: "FILE", says: "The definitions that the agent ran" },
    replay: {
      type: "string",
      value: "FILE",
      says: "The definitions to compare; ends with 1 where they differ",
    },
    json: { type: "boolean", says: "One JSON document; of turns, one JSON object a line" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const address = addressOf(given);
    const modes = ["at", "fork", "replay"].filter((name) => given.text(name) !== undefined);
    if (modes.length > 1)
      throw new UsageError(`Expected one of --at, --fork and --replay, got ${modes.join(", ")}`);
    const [mode] = modes;
    const file = given.text(mode === "replay" ? "replay" : "module");
    const definition = file === undefined ? undefined : await loadDefinition(file, rootOf(address));
    await using client = await openSystem(given);
    if (mode === "at") return await showAt(given, client, address, definition);
    if (mode === "fork") return await fork(given, client, address, definition);
    if (definition !== undefined && mode === "replay")
      return await replay(given, await client.history(address), definition);
    return await list(given, await client.history(address));
  },
};

function addressOf(given: Given): ActorAddress {
  const [text = ""] = given.positionals;
  const address = text.replace(/\//g, ".");
  if (isActorAddress(address) && rootOf(address) !== address) return address;
  throw new UsageError(`Expected a durable agent like "account/alice", got "${plainText(text)}"`);
}

async function list(given: Given, opened: AgentHistory): Promise<number> {
  const limit = given.count("limit", 100, { min: 1, max: 1_000_000 });
  const { first, last } = opened;
  const from = Math.max(first, given.count("from", Math.max(1, last - limit + 1), { min: 1, max: turnMax }));
  const to = Math.min(last, from + limit - 1);
  const json = given.flag("json");
  const entries: HistoryEntry[] = [];
  if (last > 0)
    for await (const entry of opened.steps(from, to)) {
      if (json) print(toJson(entryFields(entry)));
      else entries.push(entry);
    }
  if (!json) print(entries.length === 0 ? "no turns" : entriesText(entries, paintFor(process.stdout)));
  if (from > first || to < last) say(`coxswain: turns ${from} to ${to} of ${first} to ${last}`);
  return exitCodes.ok;
}

async function showAt(
  given: Given,
  client: SystemClient,
  address: ActorAddress,
  definition: ActorDefinition | undefined,
): Promise<number> {
  const turn = given.count("at", 0, { min: 0, max: turnMax });
  const opened = await client.history(address, definition);
  const paint = paintFor(process.stdout);
  if (definition === undefined) {
    const entry = await opened.entry(turn);
    print(given.flag("json") ? toJson(entryFields(entry), 2) : entryText(entry, paint));
    return exitCodes.ok;
  }
  const moment = await opened.at(turn);
  print(given.flag("json") ? toJson({ address, ...moment }, 2) : momentText(moment, paint));
  return moment.differs === undefined ? exitCodes.ok : exitCodes.failed;
}

async function fork(
  given: Given,
  client: SystemClient,
  address: ActorAddress,
  definition: ActorDefinition | undefined,
): Promise<number> {
  if (definition === undefined || given.text("from") === undefined)
    throw new UsageError("Expected --fork with --from TURN and --module FILE");
  const turn = given.count("from", 0, { min: 1, max: turnMax });
  const calls = given.text("calls") ?? "make";
  if (calls !== "make" && calls !== "drop")
    throw new UsageError(`Expected --calls make or drop, got "${plainText(calls)}"`);
  const opened = await client.history(address, definition);
  const made = await forkAgent(opened, turn, given.text("fork") ?? "", { calls });
  print(
    given.flag("json")
      ? toJson({ address: made, of: address, turn })
      : `${made} goes on from turn ${turn} of ${address}`,
  );
  return exitCodes.ok;
}

async function replay(given: Given, opened: AgentHistory, definition: ActorDefinition): Promise<number> {
  const found = await replayHistory(opened, definition);
  if (given.flag("json")) print(toJson({ address: opened.address, ...found }, 2));
  else if (found.kind === "same") print(`the same for ${found.turns} turns, from turn ${found.from} on`);
  else {
    const paint = paintFor(process.stdout);
    print(
      `${paint("red", "differs")} after ${found.turns} turns that are the same, from turn ${found.from} on`,
    );
    print(found.difference.text.split("\n").map(plainText).join("\n"));
  }
  return found.kind === "same" ? exitCodes.ok : exitCodes.failed;
}
