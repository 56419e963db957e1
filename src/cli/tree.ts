import type { ActorInfo } from "../../protocols/index.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes } from "./command.ts";
import { durationText, type Paint, paintFor, plainText, print, stateText } from "./output.ts";
import { surveyOf, surveyOptions } from "./ps.ts";
import { type Surveyed, survey } from "./survey.ts";

export const tree: Command = {
  name: "tree",
  summary: "show the actors as a tree, by node and address",
  usage: "tree [address] [options]",
  says: `Shows the actors of a system below their nodes, by address: "crew.bow" stands below "crew". With an
address only that actor and those below it.`,
  example: "coxswain tree crew",
  options: { ...systemOptions, ...surveyOptions },
  positionalsMax: 1,
  run: async (given) => {
    const options = surveyOf(given);
    await using client = await openSystem(given);
    const nodes = await survey(client, options);
    print(
      treeText(`${client.system} at ${client.transport.url}`, nodes, Date.now(), paintFor(process.stdout)),
    );
    return exitCodes.ok;
  },
};

/** One line, and what hangs below it. */
interface Branch {
  text: string;
  readonly below: Map<string, Branch>;
}

/** What `tree` prints. */
export function treeText(title: string, nodes: readonly Surveyed[], nowMs: number, paint: Paint): string {
  const root: Branch = { text: paint("bold", title), below: new Map() };
  for (const surveyed of nodes) root.below.set(surveyed.node, nodeBranch(surveyed, nowMs, paint));
  return lines(root).join("\n");
}

function nodeBranch({ node, pid, host, startedAtMs, answer }: Surveyed, nowMs: number, paint: Paint): Branch {
  const where = `pid ${pid} on ${plainText(host)}, up ${durationText(nowMs - startedAtMs)}`;
  const name = paint("cyan", node);
  if ("silent" in answer) return { text: `${name}  ${where}, silent (${answer.silent})`, below: new Map() };
  const { actors, total } = answer;
  const shown = actors.length < total ? `${actors.length} of ${total} actors` : `${total} actors`;
  const branch: Branch = { text: `${name}  ${where}, ${shown}`, below: new Map() };
  for (const actor of actors) hang(branch, actor, paint);
  return branch;
}

/** Hangs an actor below those whose address it begins with; a part nobody lives at is a name only. */
function hang(branch: Branch, actor: ActorInfo, paint: Paint): void {
  let at = branch;
  let name = "";
  for (name of actor.address.split(".")) {
    const known = at.below.get(name) ?? { text: paint("dim", name), below: new Map() };
    at.below.set(name, known);
    at = known;
  }
  at.text = `${name}  ${actorText(actor, paint)}`;
}

function actorText(actor: ActorInfo, paint: Paint): string {
  const { protocol, state, waiting, postponed, handled, oldestMs } = actor;
  const oldest = oldestMs === undefined ? "" : ` (oldest ${durationText(oldestMs)})`;
  const counts = [
    `${handled} handled`,
    ...(waiting > 0 ? [paint("yellow", `${waiting} waiting${oldest}`)] : []),
    ...(postponed > 0 ? [paint("yellow", `${postponed} postponed`)] : []),
  ];
  return `${paint("dim", protocol)}  ${paint("green", stateText(state))}  ${counts.join(", ")}`;
}

function lines({ text, below }: Branch): string[] {
  const branches = [...below.values()];
  const hanging = branches.flatMap((branch, index) => {
    const last = index === branches.length - 1;
    const [first = "", ...rest] = lines(branch);
    return [`${last ? "└─" : "├─"} ${first}`, ...rest.map((line) => `${last ? "   " : "│  "}${line}`)];
  });
  return [text, ...hanging];
}
