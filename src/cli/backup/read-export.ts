import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CommandFailure } from "../command.ts";
import { damaged, type End, type Entry, type Header, noCounts, parseHeader, parseLine } from "./format.ts";

/** An entry of a bucket or a stream is at most some mebibytes, and a third longer in base64. */
const lineMaxBytes = 128 * 1_048_576;

/**
 * Reads an export to its end. What is wrong with it is told by throwing, at the latest at the end: so whoever wants to
 * know before they act reads it twice.
 *
 * @throws CommandFailure for a file that is none, damaged or cut off
 */
export async function* readExport(file: string): AsyncGenerator<Header | Entry | End> {
  const counts = noCounts();
  const hash = createHash("sha256");
  let number = 0;
  let end: End | undefined;
  for await (const line of linesOf(file)) {
    number++;
    if (end !== undefined) throw damaged(number, "something follows its end");
    const text = line.toString("utf8");
    if (number === 1) {
      yield parseHeader(text);
    } else {
      const read = parseLine(text, number);
      if ("kind" in read) counts[read.kind]++;
      else end = checked(read, hash.copy().digest("hex"), counts, number);
      yield read;
    }
    hash.update(line).update("\n");
  }
  if (number === 0) throw new CommandFailure("This file is no export of coxswain: it is empty");
  if (end === undefined)
    throw new CommandFailure("The file is cut off: its end is missing. Nothing of it was taken");
}

function checked(end: End, sha256: string, counts: End["counts"], line: number): End {
  if (end.sha256 !== sha256) throw damaged(line, "its SHA-256 is not that of its lines");
  for (const [kind, count] of Object.entries(counts)) {
    if (end.counts[kind as keyof End["counts"]] !== count)
      throw damaged(line, `it names another number of entries "${kind}" than there are`);
  }
  return end;
}

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of await bytesOf(file)) {
      let bytes = chunk as Buffer;
      for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a)) {
        yield Buffer.concat([...rest, bytes.subarray(0, at)]);
        [rest, restBytes] = [[], 0];
        bytes = bytes.subarray(at + 1);
      }
      rest.push(bytes);
      restBytes += bytes.length;
      if (restBytes > lineMaxBytes)
        throw new CommandFailure("This file is no export of coxswain: a line has no end");
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_") !== true) throw error;
    throw new CommandFailure(`The file is damaged or cut off: ${message}. Nothing of it was taken`);
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}

/** Gzip is told by its first bytes, whatever the name. */
async function bytesOf(file: string): Promise<Readable> {
  const handle = await open(file, "r").catch((error: Error) => {
    throw new CommandFailure(`Cannot read "${file}": ${error.message}`);
  });
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  await handle.close();
  const stream = createReadStream(file);
  if (buffer[0] !== 0x1f || buffer[1] !== 0x8b) return stream;
  const gunzip = createGunzip();
  stream.on("error", (error) => gunzip.destroy(error));
  return stream.pipe(gunzip);
}
