import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "../../../protocols/index.ts";
import type { CheckFinding } from "./finding.ts";
import { own, type Released, type ReleasedProtocol } from "./released.ts";
import { schemaGaps } from "./schema-gaps.ts";

type Change = Pick<CheckFinding, "says"> & { readonly effect: "breaking" | "compatible" };
type Messages = ReleasedProtocol["accepts"];

/** What became of the protocols: whether those who speak the released ones are still understood, and understand. */
export function compareProtocols(before: Released, after: Released): CheckFinding[] {
  const findings: CheckFinding[] = [];
  for (const [name, was] of Object.entries(before.protocols)) {
    const is = own(after.protocols, name);
    const of = `protocol ${name}`;
    if (is !== undefined) findings.push(...judged(of, was, is));
    else
      findings.push({
        of,
        effect: "breaking",
        says: "it is gone",
        advice: "or release without it, with --write",
      });
  }
  for (const [name, { version }] of Object.entries(after.protocols)) {
    if (own(before.protocols, name) === undefined)
      findings.push({
        of: `protocol ${name}`,
        effect: "compatible",
        says: `it is new, with version ${version}`,
      });
  }
  return findings;
}

/** Changes, by what the version says of them. */
function judged(of: string, was: ReleasedProtocol, is: ReleasedProtocol): CheckFinding[] {
  const [[major, minor], [majorNow, minorNow]] = [numbersOf(was.version), numbersOf(is.version)];
  const changes = changesOf(was, is);
  if (majorNow < major || (majorNow === major && minorNow < minor)) {
    const says = `its version was ${was.version} and is ${is.version}`;
    return [
      { of, effect: "breaking", says, advice: `set it to ${was.version} or more` },
      ...unsettled(of, changes, major),
    ];
  }
  if (majorNow === major) {
    const raised = minorNow > minor;
    const advice = `set its version to ${major}.${minor + 1}, so that it can be told from ${was.version}`;
    return unsettled(of, changes, major).map((finding) =>
      finding.effect === "compatible" && !raised ? { ...finding, advice } : finding,
    );
  }
  const refused = `who speaks ${was.version} is refused (VERSION_UNSUPPORTED), and so is what waits in inboxes and outboxes`;
  const others = changes.map((change): CheckFinding => {
    return { of, ...change, effect: change.effect === "breaking" ? "settled" : "compatible" };
  });
  return [
    { of, effect: "settled", says: `its version was ${was.version} and is ${is.version}`, advice: refused },
    ...others,
  ];
}

function unsettled(of: string, changes: readonly Change[], major: number): CheckFinding[] {
  const advice = `undo it, or set the protocol's version to ${major + 1}.0: who speaks the released one is then refused`;
  return changes.map((change) =>
    change.effect === "breaking" ? { of, ...change, advice } : { of, ...change },
  );
}

function changesOf(was: ReleasedProtocol, is: ReleasedProtocol): Change[] {
  return [...acceptsChanges(was.accepts, is.accepts), ...emitsChanges(was.emits, is.emits)];
}

function acceptsChanges(before: Messages, after: Messages): Change[] {
  const changes = comings(before, after, "accepts");
  for (const [type, was] of Object.entries(before)) {
    const is = own(after, type);
    if (is === undefined) continue;
    changes.push(...changed(`message \`${type}\``, was.payload, is.payload, "sent"));
    if (was.reply === undefined && is.reply === undefined) continue;
    if (is.reply === undefined)
      changes.push({
        effect: "breaking",
        says: `message \`${type}\` was a question and is answered no more`,
      });
    else if (was.reply === undefined)
      changes.push({ effect: "compatible", says: `message \`${type}\` is a question now` });
    else changes.push(...changed(`the reply to \`${type}\``, was.reply, is.reply, "read"));
  }
  return changes;
}

function emitsChanges(before: Messages, after: Messages): Change[] {
  const changes = comings(before, after, "emits");
  for (const [type, was] of Object.entries(before)) {
    const is = own(after, type);
    if (is !== undefined) changes.push(...changed(`event \`${type}\``, was.payload, is.payload, "read"));
  }
  return changes;
}

function comings(before: Messages, after: Messages, verb: string): Change[] {
  const gone = Object.keys(before).filter((type) => !Object.hasOwn(after, type));
  const added = Object.keys(after).filter((type) => !Object.hasOwn(before, type));
  return [
    ...gone.map((type): Change => ({ effect: "breaking", says: `it ${verb} no \`${type}\` any more` })),
    ...added.map((type): Change => ({ effect: "compatible", says: `it ${verb} \`${type}\` now` })),
  ];
}

/**
 * @param whose `sent`: others made it by the released schema, and it is taken by the new one. `read`: it is made by the
 *   new schema, and others take it by the released one.
 */
function changed(
  what: string,
  was: JsonSchema | null,
  is: JsonSchema | null,
  whose: "sent" | "read",
): Change[] {
  if (isDeepStrictEqual(was, is)) return [];
  if (was === null || is === null)
    return [{ effect: "breaking", says: `the schema of ${what} cannot be compared: it has no JSON Schema` }];
  const gaps = whose === "sent" ? schemaGaps(was, is) : schemaGaps(is, was);
  const who =
    whose === "sent"
      ? "of those sent by the released protocol"
      : "for those who read it by the released protocol";
  if (gaps.length > 0) return gaps.map((gap) => ({ effect: "breaking", says: `${what}: ${gap}, ${who}` }));
  return [{ effect: "compatible", says: `the schema of ${what} changed` }];
}

function numbersOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return [major, minor];
}
