import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Entry, endLine, entryLine, headerLine } from "../../../../src/cli/backup/format.ts";
import { readExport } from "../../../../src/cli/backup/read-export.ts";
import { writeExport } from "../../../../src/cli/backup/write-export.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let whole: string;

const entries: readonly Entry[] = [
  { kind: "message", name: "cx.shop.box.main_0.main.order.ada", bytes: new Uint8Array([0, 10, 255]) },
  { kind: "record", name: "main_0.order.ada", bytes: new Uint8Array(100_000).fill(7) },
  { kind: "record", name: "main_0.order.bob", bytes: new Uint8Array(0) },
];
const header = { system: "shop", atMs: 1, nodes: [], server: "2.10.27", waitingMax: 10, histories: {} };

async function write(name: string): Promise<string> {
  const file = join(folder.path, name);
  const writer = await writeExport(file);
  await writer.line(headerLine(header));
  for (const entry of entries) await writer.line(entryLine(entry));
  const counts = { message: 1, record: 2, history: 0, letter: 0, placement: 0 };
  await writer.line(endLine({ counts, moved: false, sha256: writer.sha256() }));
  expect((await readdir(folder.path)).includes(name)).toBe(false);
  await writer.finish();
  return file;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  whole = await write("whole.jsonl");
});
afterAll(() => folder[Symbol.asyncDispose]());

async function all(file: string): Promise<unknown[]> {
  const read = [];
  for await (const line of readExport(file)) read.push(line);
  return read;
}

it.each(["again.jsonl", "again.jsonl.gz"])("%s is read as it was written", async (name) => {
  const read = await all(await write(name));
  expect(read[0]).toMatchObject({ coxswain: "export", format: 1, ...header });
  expect(read.slice(1, -1)).toEqual(entries);
  expect(read.at(-1)).toMatchObject({ counts: { record: 2 }, moved: false });
  expect((await readFile(join(folder.path, name))).subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))).toBe(
    name.endsWith(".gz"),
  );
});

it("an abandoned one leaves nothing, and a finished one no part of it", async () => {
  const writer = await writeExport(join(folder.path, "abandoned"));
  await writer.line(headerLine(header));
  expect((await readdir(folder.path)).filter((name) => name.startsWith("abandoned"))).toHaveLength(1);
  await writer.abandon();
  expect((await readdir(folder.path)).filter((name) => /abandoned|part/.test(name))).toEqual([]);
});

const lineAt = (text: string, at: number, change: (line: string) => string[]): string =>
  text
    .split("\n")
    .flatMap((line, i) => (i === at ? change(line) : [line]))
    .join("\n");

it.each([
  {
    what: "cut off within a line",
    change: (text: string) => text.slice(0, -20),
    says: /damaged at line 5: it is no JSON/,
  },
  {
    what: "without its end",
    change: (text: string) => lineAt(text, 4, () => []),
    says: /cut off: its end is missing/,
  },
  {
    what: "with a line less",
    change: (text: string) => lineAt(text, 2, () => []),
    says: /line 4: its SHA-256/,
  },
  {
    what: "with a line twice",
    change: (text: string) => lineAt(text, 2, (line) => [line, line]),
    says: /line 6: its SHA-256/,
  },
  {
    what: "with a byte changed",
    change: (text: string) => text.replace("BwcH", "BwcI"),
    says: /line 5: its SHA-256/,
  },
  {
    what: "with its header changed",
    change: (text: string) => text.replace('"shop"', '"ship"'),
    says: /SHA-256/,
  },
  {
    what: "of other counts",
    change: (text: string) => text.replace('"record":2', '"record":3'),
    says: /another number of entries "record"/,
  },
  {
    what: "that goes on behind its end",
    change: (text: string) => `${text}${text}`,
    says: /line 6: something follows its end/,
  },
  {
    what: "with a line that is no entry",
    change: (text: string) => lineAt(text, 1, () => ['["host","a",""]']),
    says: /line 2: no entry/,
  },
  {
    what: "of a later format",
    change: (text: string) => text.replace('"format":1', '"format":2'),
    says: /a newer coxswain made it/,
  },
  { what: "that is something else", change: () => '{"a":1}\n', says: /no export of coxswain/ },
  { what: "that is no JSON", change: () => "hello\n", says: /no export of coxswain/ },
  { what: "that is empty", change: () => "", says: /it is empty/ },
])("a file $what is refused", async ({ change, says }) => {
  const file = join(folder.path, "changed.jsonl");
  const before = await readFile(whole, "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  await writeFile(file, after);
  await expect(all(file)).rejects.toThrow(says);
});

it.each([
  { what: "cut off", change: (bytes: Buffer) => bytes.subarray(0, bytes.length - 30) },
  {
    what: "with a byte changed",
    change: (bytes: Buffer) => Buffer.from(bytes.map((b, i) => (i === 60 ? b ^ 1 : b))),
  },
])("a gzipped file $what is refused", async ({ change }) => {
  const file = join(folder.path, "changed.jsonl.gz");
  await writeFile(file, change(gzipSync(await readFile(whole))));
  await expect(all(file)).rejects.toThrow(/damaged|cut off/);
});
