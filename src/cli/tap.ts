import { eventPattern, isToken, limitsDefault } from "../../protocols/index.ts";
import type { SystemClient } from "../client.ts";
import { Deferred } from "../transport/outcomes.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, type Given, UsageError } from "./command.ts";
import { interrupted } from "./interrupted.ts";
import { paintFor, plainText, print, say } from "./output.ts";
import { see, seenJson, seenText } from "./traffic.ts";

export const tap: Command = {
  name: "tap",
  summary: "watch events and facts as they happen",
  usage: "tap [pattern] [options]",
  says: `Shows what actors emit, and the facts of their lives (started, stopped, failed, refused, changed), as
they happen. The pattern is an address ("crew.bow"), an address and a type ("crew.bow.added"), or either
with wildcards: "*" for one part, ">" for all that follow. The default is ">", everything. Nothing is
kept: what was before is not shown.`,
  example: 'coxswain tap "crew.>" --json --count 10',
  options: {
    ...systemOptions,
    all: {
      type: "boolean",
      says: 'Also messages in inboxes, control, and dead letters; with ">" replies too',
    },
    json: { type: "boolean", says: "One JSON object a line" },
    count: { type: "string", value: "N", says: "End after N of them" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const [pattern = ">"] = given.positionals;
    checkPattern(pattern);
    await using client = await openSystem(given);
    return await watch(client, subjectsOf(client.system, pattern, given.flag("all")), given);
  },
};

/** The subjects of a pattern. Whether its last part is a type or part of an address is open, so both are meant. */
export function subjectsOf(system: string, pattern: string, all: boolean): readonly string[] {
  const everything = eventPattern(system, "*", "*").replace(/ev\.>$/, "");
  if (pattern === ">") return [`${everything}${all ? ">" : "ev.>"}`];
  const wide = pattern.endsWith(".>");
  const events = [`${everything}ev.${pattern}`, ...(wide ? [] : [`${everything}ev.${pattern}.*`])];
  if (!all) return events;
  return [
    ...events,
    `${everything}in.*.${pattern}`,
    `${everything}ctl.*.${pattern}`,
    `${everything}dead.${pattern}`,
  ];
}

/** @throws UsageError */
function checkPattern(pattern: string): void {
  const parts = pattern.split(".");
  const good = parts.every(
    (part, i) => part === "*" || (part === ">" && i === parts.length - 1) || isToken(part),
  );
  if (good) return;
  throw new UsageError(
    `Expected a pattern like "crew.bow", "crew.*.added" or "crew.>", got "${plainText(pattern)}"`,
  );
}

/** Prints what is seen until enough was, the connection is gone for good, or Ctrl-C. */
async function watch(client: SystemClient, subjects: readonly string[], given: Given): Promise<number> {
  const { transport } = client;
  const countMax = given.count("count", Number.MAX_SAFE_INTEGER, { min: 1, max: Number.MAX_SAFE_INTEGER });
  const [json, all] = [given.flag("json"), given.flag("all")];
  const paint = paintFor(process.stdout);
  const limits = { ...limitsDefault, bytesMax: transport.payloadMaxBytes };
  let seenCount = 0;
  let dropped = 0;
  const ended = new Deferred<number>();
  const stopSignals = interrupted((code) => ended.resolve(code));
  const subscriptions = subjects.map((subject) =>
    transport.subscribe(subject, (delivery) => {
      if (seenCount >= countMax) return;
      seenCount++;
      const seen = see(delivery, Date.now(), limits);
      if (!print(json ? seenJson(seen) : seenText(seen, paint, all))) dropped++;
      if (seenCount >= countMax) ended.resolve(exitCodes.ok);
    }),
  );
  const forget = transport.onEvent((event) => {
    if (event.type === "disconnected") say(`coxswain: disconnected: ${plainText(event.reason)}`);
    if (event.type === "connected") say("coxswain: connected again");
    if (event.type === "closed") ended.resolve(exitCodes.noServer);
  });
  await transport.flush();
  say(`coxswain: listening to ${subjects.join(", ")} at ${transport.url}; Ctrl-C ends it`);
  const code = await ended.promise;
  stopSignals();
  forget();
  for (const subscription of subscriptions) subscription.close();
  if (dropped > 0) say(`coxswain: ${dropped} were not shown, since our output was read too slowly`);
  return code;
}
