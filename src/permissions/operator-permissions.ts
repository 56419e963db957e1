import { replyPattern, systemPattern } from "../../protocols/index.ts";
import { inboxPrefixOf, permissions, type UserPermissions } from "./permission.ts";
import { type CheckedPlan, operatorZone } from "./plan.ts";
import { getting, issuer, opening, reading, requests, storedNames, streamOf } from "./stored.ts";

/** Whoever runs the system, by the command line: makes what it keeps, sees all of it, sends from a zone of its own. No node has this. */
export function operatorPermissions({ system, durable, histories }: CheckedPlan): UserPermissions {
  const { members, hosts, records, box, dead, audit, groups, keys, signing, history } = storedNames(system);
  const all = [streamOf(members), streamOf(hosts), streamOf(groups), dead, audit];
  if (durable.size > 0) all.push(streamOf(records), box, ...[...histories.keys()].sort().map(history));
  if (durable.has(issuer)) all.push(streamOf(keys));
  // The key that grants are signed with is made a place for, and not looked at.
  const made = durable.has(issuer) ? [...all, streamOf(signing)] : all;
  const lanes = systemPattern(system).slice(0, -1);
  return {
    name: operatorZone,
    kind: "operator",
    zone: operatorZone,
    publish: permissions(
      [
        "makes what the system keeps",
        made.flatMap((stream) => requests(stream, ...opening, "STREAM.CREATE.<stream>")),
      ],
      ["looks at it", all.flatMap((stream) => requests(stream, ...getting, ...reading))],
      ["is told of changes", all.map((stream) => `$JS.FC.${stream}.>`)],
      ["takes out dead letters that were sent again", requests(dead, "STREAM.MSG.DELETE.<stream>")],
      ["asks what the server keeps", ["$JS.API.INFO", "$JS.API.STREAM.NAMES"]],
      ["asks nodes, sends letters again", [`${lanes}in.${operatorZone}.>`, `${lanes}ctl.${operatorZone}.>`]],
      ["sends letters again to durable actors", durable.size > 0 ? [`${lanes}box.*.${operatorZone}.>`] : []],
    ),
    subscribe: permissions(
      ["sees all that is said", [systemPattern(system), replyPattern(system, operatorZone, "*")]],
      ["hears the store", [`${inboxPrefixOf(system, operatorZone)}.>`]],
    ),
    answers: false,
  };
}
