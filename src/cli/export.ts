import { existsSync } from "node:fs";
import type { SystemClient } from "../client.ts";
import type { DurableStore } from "../durable/inspection/index.ts";
import { entriesOf, historiesOf } from "./backup/entries-of.ts";
import {
  countsText,
  type End,
  type Entry,
  endLine,
  entryLine,
  headerLine,
  noCounts,
} from "./backup/format.ts";
import { livingNodes } from "./backup/living-nodes.ts";
import { Interrupted, LongWork } from "./backup/long-work.ts";
import { lookAtStreams } from "./backup/stored-system.ts";
import { type ExportWriter, writeExport } from "./backup/write-export.ts";
import { connectionOptions, dialServer, openSystem, serverFor, systemOptions } from "./choose.ts";
import { type Command, CommandFailure, exitCodes, type Given, UsageError } from "./command.ts";
import { plainText, print, say } from "./output.ts";

export const exportSystem: Command = {
  name: "export",
  summary: "copy all durable state of a system into a file",
  usage: "export <file> [options]",
  says: `Writes one file with all durable agents of a system (state, timers, calls, outboxes, marks), what waits in
their inboxes, histories, the dead letters, and the durable types. Lines of JSON, gzipped where the name ends in .gz,
closed by counts and a SHA-256. Nothing is changed. "coxswain import" makes a system of it elsewhere.

Each agent is consistent in itself. Inboxes and agents are read one after the other, so stop the nodes for a
copy of one moment: in a copy of a system at work a message may be missing, and what the same sender
sends to the same agent later waits for it for ever. The end of the file says whether anything moved.`,
  example: "coxswain export backup.jsonl.gz --system shop",
  options: systemOptions,
  positionalsMax: 1,
  run: async (given) => {
    const [file] = given.positionals;
    if (file === undefined) throw new UsageError('Expected a file: "coxswain export <file>"');
    if (existsSync(file)) throw new CommandFailure(`There is a file "${plainText(file)}" already`);
    await using client = await openSystem(given);
    const store = await client.durableStore();
    if (store === undefined) throw new CommandFailure(`System ${client.system} has no durable agents`);
    return await copyOut(given, client, store, file);
  },
};

async function copyOut(
  given: Given,
  client: SystemClient,
  store: DurableStore,
  file: string,
): Promise<number> {
  const nodes = await livingNodes(client);
  if (nodes.length > 0)
    say(`coxswain warning: nodes are alive (${nodes.join(", ")}): the copy may not be of one moment`);
  const connection = await dialServer(connectionOptions(given, (await serverFor(given)).servers));
  const writer = await writeExport(file).catch((error: Error) => {
    throw new CommandFailure(`Cannot write "${plainText(file)}": ${error.message}`);
  });
  using work = new LongWork();
  try {
    const histories = await historiesOf(store);
    const look = () => lookAtStreams(connection, store.system, Object.keys(histories));
    const before = await look();
    await writer.line(
      headerLine({
        ...{ system: store.system, atMs: Date.now(), nodes },
        server: connection.info?.version ?? "",
        waitingMax: before.find(({ kind }) => kind === "message")?.subjectMessagesMax ?? 0,
        histories,
      }),
    );
    const entries = entriesOf(client.transport.store, store, histories);
    const counts = await writeEntries(writer, entries, work);
    const after = await look();
    const moved = JSON.stringify(before) !== JSON.stringify(after);
    await writer.line(endLine({ counts, moved, sha256: writer.sha256() }));
    await writer.finish();
    print(`${plainText(file)}: ${countsText(counts)} of system ${store.system}`);
    if (moved)
      say("coxswain warning: the system was at work meanwhile: this is no copy of one moment, see --help");
    return exitCodes.ok;
  } catch (error) {
    await writer.abandon();
    if (!(error instanceof Interrupted)) throw error;
    say("coxswain: interrupted; no file was written");
    return error.code;
  } finally {
    await connection.close();
  }
}

async function writeEntries(
  writer: ExportWriter,
  entries: AsyncIterable<Entry>,
  work: LongWork,
): Promise<End["counts"]> {
  const counts = noCounts();
  for await (const entry of entries) {
    work.step(() => countsText(counts));
    await writer.line(entryLine(entry));
    counts[entry.kind]++;
  }
  return counts;
}
