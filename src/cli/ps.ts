import { isActorAddress } from "../../protocols/index.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, type Given, type OptionSpecs, UsageError } from "./command.ts";
import { durationText, type Paint, paintFor, plainText, print, stateText, table, toJson } from "./output.ts";
import { type Surveyed, type SurveyOptions, survey } from "./survey.ts";

/** An answer of more values than fit a message is not sent: some twenty for each actor. */
const limitMax = 2_500;

export const surveyOptions: OptionSpecs = {
  limit: { type: "string", value: "N", says: "Actors of one node, at most 2,500; default 1,000" },
  within: { type: "string", value: "MS", says: "How long a node may take to answer; default 2,000 ms" },
};

export const ps: Command = {
  name: "ps",
  summary: "list the nodes and actors of a system",
  usage: "ps [address] [options]",
  says: `Lists the nodes of a system with their running totals, then the actors: state, messages that wait
or are postponed, messages handled, the age of the oldest that waits, and the owner, which is mostly a
supervisor. Durable agents are listed where they are in memory; "inspect" finds the others. With an address only that actor and those below it.`,
  example: "coxswain ps crew --json",
  options: { ...systemOptions, ...surveyOptions, json: { type: "boolean", says: "One JSON document" } },
  positionalsMax: 1,
  run: async (given) => {
    const options = surveyOf(given);
    await using client = await openSystem(given);
    const nodes = await survey(client, options);
    const { url } = client.transport;
    if (given.flag("json")) print(toJson({ system: client.system, url, nodes }, 2));
    else print(psText(`system ${client.system} at ${url}`, nodes, Date.now(), paintFor(process.stdout)));
    return exitCodes.ok;
  },
};

export function surveyOf(given: Given): SurveyOptions {
  const [under = ""] = given.positionals;
  if (under !== "" && !isActorAddress(under)) {
    throw new UsageError(`Expected an address like "crew.bow", got "${plainText(under)}"`);
  }
  return {
    under,
    limit: given.count("limit", 1_000, { min: 1, max: limitMax }),
    withinMs: given.count("within", 2_000, { min: 1, max: 600_000 }),
  };
}

/** What `ps` prints. */
export function psText(title: string, nodes: readonly Surveyed[], nowMs: number, paint: Paint): string {
  const head = [
    "NODE",
    "ZONE",
    "PID",
    "HOST",
    "UPTIME",
    "ACTORS",
    "AGENTS",
    "SENT",
    "HANDLED",
    "REFUSED",
    "DEAD",
  ];
  const nodeRows = nodes.map(({ node, zone, pid, host, startedAtMs, answer }) => {
    const of = [node, zone, pid, plainText(host), durationText(nowMs - startedAtMs)];
    if ("silent" in answer) return [...of, `silent (${answer.silent})`];
    const { actors, agents = 0, counts } = answer.info;
    const { sent = 0, handled = 0, refused = 0, dead = 0 } = counts;
    return [...of, actors, agents, sent, handled, refused, dead];
  });
  const parts = [paint("dim", title), "", table(head, nodeRows, paint)];
  const actorRows = nodes.flatMap(({ node, answer }) =>
    "silent" in answer
      ? []
      : answer.actors.map((actor) => {
          const { address, protocol, state, waiting, postponed, handled, oldestMs, durable } = actor;
          const owner = actor.owner ?? (durable ? "(durable)" : "-");
          const oldest = oldestMs === undefined ? "-" : durationText(oldestMs);
          const does = [stateText(state), waiting, postponed, handled, oldest];
          return [address, protocol, ...does, node, plainText(owner)];
        }),
  );
  const actorHead = [
    "ADDRESS",
    "PROTOCOL",
    "STATE",
    "WAITING",
    "POSTPONED",
    "HANDLED",
    "OLDEST",
    "NODE",
    "OWNER",
  ];
  parts.push("", actorRows.length === 0 ? "no actors" : table(actorHead, actorRows, paint));
  for (const { node, answer } of nodes) {
    if ("silent" in answer || answer.total <= answer.actors.length) continue;
    parts.push(
      paint("dim", `${answer.actors.length} of ${answer.total} actors of ${node}; more with --limit`),
    );
  }
  return parts.join("\n");
}
