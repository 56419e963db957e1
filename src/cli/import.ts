import type { NatsConnection } from "nats";
import { connectClient, type SystemClient } from "../client.ts";
import { countsText, type End, type Header, noCounts } from "./backup/format.ts";
import { livingNodes } from "./backup/living-nodes.ts";
import { Interrupted, LongWork } from "./backup/long-work.ts";
import { readExport } from "./backup/read-export.ts";
import { lookAtStreams, streamsOf } from "./backup/stored-system.ts";
import { SystemWriter } from "./backup/write-system.ts";
import { connectionOptions, dialServer, serverFor, serverOptions, systemsOn } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { plainText, print, say } from "./output.ts";

export const importSystem: Command = {
  name: "import",
  summary: "make a system of a file that export wrote",
  usage: "import <file> [options]",
  says: `Reads the whole file first, and refuses one that is damaged or cut off. Then makes the system of it on the
server, under its own name: agents keep their turns, timers, calls, outboxes and marks, so that the nodes you
start afterwards go on where they were. Refused where the system has durable state already, or a node of
it is alive. Stop the first system for good before you start nodes on the copy: both would do the
same work, and calls into the world would be made by both, under the same keys.`,
  example: "coxswain import backup.jsonl.gz --servers nats://127.0.0.1:4222",
  options: {
    ...serverOptions,
    replicas: { type: "string", value: "N", says: "Keep each stream so many times; default 1" },
  },
  positionalsMax: 1,
  run: async (given) => {
    const [file] = given.positionals;
    if (file === undefined) throw new UsageError('Expected a file: "coxswain import <file>"');
    const replicas = given.count("replicas", 1, { min: 1, max: 5 });
    using work = new LongWork();
    try {
      const checked = await check(file, work);
      return await copyIn(given, file, checked, replicas, work);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      say("coxswain: interrupted");
      return error.code;
    }
  },
};

interface Checked {
  readonly header: Header;
  readonly end: End;
}

/** Reads it to the end, so that nothing is written of a file that is not whole. */
async function check(file: string, work: LongWork): Promise<Checked> {
  const counts = noCounts();
  let header: Header | undefined;
  let end: End | undefined;
  for await (const line of readExport(file)) {
    work.step(() => `checking: ${countsText(counts)}`);
    if ("coxswain" in line) header = line;
    else if ("kind" in line) counts[line.kind]++;
    else end = line;
  }
  return { header, end } as Checked;
}

async function copyIn(
  given: Given,
  file: string,
  { header, end }: Checked,
  replicas: number,
  work: LongWork,
): Promise<number> {
  const { system } = header;
  const options = connectionOptions(given, (await serverFor(given)).servers);
  const connection = await dialServer(options);
  try {
    const exists = (await systemsOn(connection)).includes(system);
    // Only now, so that a refusal leaves nothing behind.
    if (!exists) await refuseState(connection, header);
    await using client = await connectClient({
      ...options,
      system,
      replicas,
      onReport: ({ level, message }) => level !== "info" && say(`coxswain ${level}: ${plainText(message)}`),
    });
    if (exists) await refuseNodes(client);
    await refuseState(connection, header);
    if (end.moved)
      say("coxswain warning: the system was at work when this was written: it is no copy of one moment");
    await fill(client, file, header, work);
    print(`system ${system}: ${countsText(end.counts)}`);
    return exitCodes.ok;
  } finally {
    await connection.close();
  }
}

async function refuseNodes(client: SystemClient): Promise<void> {
  const nodes = await livingNodes(client);
  if (nodes.length === 0) return;
  throw new CommandFailure(
    `Nodes of system ${client.system} are alive: ${nodes.join(", ")}. Stop them first`,
  );
}

/** @throws CommandFailure naming what is there */
async function refuseState(connection: NatsConnection, { system, histories }: Header): Promise<void> {
  const streams = await lookAtStreams(connection, system, Object.keys(histories));
  const found = streams.filter(({ entries }) => entries > 0);
  if (found.length === 0) return;
  const list = found.map(({ name, entries }) => `  ${name}: ${entries} entries`).join("\n");
  throw new CommandFailure(
    `System ${system} has durable state on ${connection.getServer()} already; nothing was imported. There are:\n${list}\n` +
      "Import on another server, or delete these streams if nobody needs them",
  );
}

async function fill(client: SystemClient, file: string, header: Header, work: LongWork): Promise<void> {
  const counts = noCounts();
  try {
    const writer = await SystemWriter.open(client.transport.store, header);
    for await (const line of readExport(file)) {
      work.step(() => countsText(counts));
      if (!("kind" in line)) continue;
      await writer.write(line);
      counts[line.kind]++;
    }
    await writer.finish();
  } catch (error) {
    const named = streamsOf(header.system, Object.keys(header.histories));
    const streams = named.map(([, name]) => name).join(", ");
    say(
      `coxswain: the import is not complete: up to ${countsText(counts)} are there. Start no node on it; delete these streams before you try again: ${streams}`,
    );
    throw error;
  }
}
