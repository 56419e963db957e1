import { isCoxswainError } from "../../protocols/index.ts";
import type { SystemClient } from "../client.ts";
import type { DeadLetter } from "../dead-letters.ts";
import { openSystem, systemOptions } from "./choose.ts";
import { type Command, exitCodes, type Given, UsageError } from "./command.ts";
import { type Paint, paintFor, plainText, print, say, toJson } from "./output.ts";
import { letterFields, originalOf } from "./traffic.ts";

const sequencesMax = 1_000;

export const letters: Command = {
  name: "letters",
  summary: "list the dead letters, or send them again",
  usage: "letters list|replay [sequence...] [options]",
  says: `Dead letters are messages that could not be delivered or worked on. "list" shows them, oldest first: why,
where, what caused them, and the message itself. "replay" sends them to their address again, without the
deadline they had, and takes them out; what cannot be delivered again is a new letter.`,
  example: "coxswain letters list --limit 10\ncoxswain letters replay 3 4",
  options: {
    ...systemOptions,
    limit: { type: "string", value: "N", says: "list: at most N, up to 1,000; default 100" },
    from: { type: "string", value: "SEQUENCE", says: "list: begin there" },
    all: { type: "boolean", says: "replay: all that are there now" },
    json: { type: "boolean", says: "One JSON object a line" },
  },
  positionalsMax: 1 + sequencesMax,
  run: async (given) => {
    const [what, ...sequences] = given.positionals;
    if (what === "list" && sequences.length === 0) return await list(given);
    if (what === "replay") return await replay(given, sequences.map(sequenceOf));
    throw new UsageError('Expected "coxswain letters list" or "coxswain letters replay SEQUENCE..."');
  },
};

function sequenceOf(text: string): number {
  const sequence = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (sequence > 0) return sequence;
  throw new UsageError(`Expected the number of a letter, got "${plainText(text)}"`);
}

async function list(given: Given): Promise<number> {
  const limit = given.count("limit", 100, { min: 1, max: 1_000 });
  const fromSequence = given.count("from", 1, { min: 1, max: Number.MAX_SAFE_INTEGER });
  await using client = await openSystem(given);
  const found = await client.deadLetters.list({ fromSequence, limit });
  if (given.flag("json")) {
    for (const letter of found) print(toJson(letterFields(letter)));
    return exitCodes.ok;
  }
  const paint = paintFor(process.stdout);
  for (const letter of found) print(letterText(letter, paint));
  const total = await client.deadLetters.count();
  const next = (found.at(-1)?.sequence ?? 0) + 1;
  if (found.length === 0) print(total === 0 ? "no dead letters" : `no dead letters from ${fromSequence} on`);
  else if (found.length === limit && total > limit) {
    say(`coxswain: ${found.length} of ${total} dead letters; go on with --from ${next}`);
  }
  return exitCodes.ok;
}

/** What `letters list` prints of one. */
export function letterText(letter: DeadLetter, paint: Paint): string {
  const { sequence, atMs, node, to, code, reason, type, chain } = letter;
  const message = originalOf(letter);
  const at = new Date(atMs).toISOString();
  const cause = [
    ...(chain.id === undefined ? [] : [`id ${chain.id}`]),
    ...(chain.causationId === undefined ? [] : [`caused by ${chain.causationId}`]),
    ...(chain.correlationId === undefined ? [] : [`begun by ${chain.correlationId}`]),
    ...(message?.from ? [`from ${message.from}`] : []),
    `node ${node}`,
  ];
  const body =
    message === undefined
      ? `${letter.original.length} bytes: ${Buffer.from(letter.original.subarray(0, 32)).toString("hex")}`
      : toJson(message.body ?? null);
  return [
    `${paint("bold", `#${sequence}`)}  ${paint("red", code)}  ${paint("cyan", to)}  ${plainText(type ?? "(bytes)")}  ${paint("dim", at)}`,
    `    ${plainText(reason)}`,
    `    ${paint("dim", plainText(cause.join(", ")))}`,
    `    ${plainText(body).slice(0, 2_000)}`,
  ].join("\n");
}

async function replay(given: Given, named: readonly number[]): Promise<number> {
  if (given.flag("all") === named.length > 0) {
    throw new UsageError("Expected the numbers of the letters to replay, or --all");
  }
  await using client = await openSystem(given);
  const sequences = given.flag("all") ? await presentSequences(client) : named;
  let failedCount = 0;
  for (const sequence of sequences)
    if (!(await replayOne(client, sequence, given.flag("json")))) failedCount++;
  // The server's word that nobody listened comes before its answer to what we ask after it.
  await client.transport.flush();
  await client.deadLetters.count();
  const { unreachedCount } = client;
  if (unreachedCount > 0) say(`coxswain: ${unreachedCount} reached nobody, and are dead letters again`);
  if (sequences.length === 0) say("coxswain: no dead letters");
  return failedCount + unreachedCount > 0 ? exitCodes.failed : exitCodes.ok;
}

async function presentSequences(client: SystemClient): Promise<number[]> {
  const sequences: number[] = [];
  const total = await client.deadLetters.count();
  // Those that come back meanwhile are not sent again.
  while (sequences.length < total) {
    const fromSequence = (sequences.at(-1) ?? 0) + 1;
    const page = await client.deadLetters.list({ fromSequence, limit: 100 });
    if (page.length === 0) break;
    sequences.push(...page.map(({ sequence }) => sequence));
  }
  return sequences.slice(0, total);
}

async function replayOne(client: SystemClient, sequence: number, json: boolean): Promise<boolean> {
  try {
    const letter = await client.deadLetters.replay(sequence);
    print(
      json
        ? toJson({ sequence, to: letter.to, type: letter.type, outcome: "sent" })
        : `#${sequence} ${plainText(letter.type ?? "")} sent to ${letter.to} again`,
    );
    return true;
  } catch (error) {
    const { code, message } = isCoxswainError(error)
      ? error
      : { code: "STORE_FAILED", message: String(error) };
    if (json) print(toJson({ sequence, outcome: "failed", error: { code, message } }));
    else say(`coxswain: #${sequence} was not sent: ${plainText(message)} (${code})`);
    return false;
  }
}
