import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { describe, expect, test } from "vitest";
import { tempFolder } from "./log-files.ts";

describe("memory does not grow with the log", () => {
  const MIB = 1024 * 1024;
  const sizeBytes = 200 * MIB;

  /** Each block is different, so that a reader that kept what it saw would have to keep all of it. */
  const blocks: Record<string, (i: number) => string> = {
    "an unknown log of ever new words": (i) =>
      Array.from(
        { length: 200 },
        (_, k) =>
          `2024-01-01 10:00:00 INFO ${word(i * 200 + k)} said ${word(i + k * 7)} to ${word(k)} ${"pad ".repeat(200)}\n`,
      ).join(""),
    "PostgreSQL with ever new statements and errors": (i) =>
      Array.from(
        { length: 400 },
        (_, k) =>
          `2024-01-01 10:00:00 UTC [${i}] ${k % 2 === 0 ? "LOG:  duration: 1.5 ms  statement: select" : "ERROR:  no"} ${word(i * 400 + k)} ${"from t ".repeat(50)}\n`,
      ).join(""),
    "one line without an end": () => "x".repeat(MIB),
    "JSON that never closes": () => `{"entries":[{"resource":{},"textPayload":"${"y".repeat(MIB)}`,
  };

  function word(i: number): string {
    return [...String(i)].map((digit) => "abcdefghij"[Number(digit)]).join("");
  }

  function* content(block: (i: number) => string): Generator<Buffer> {
    for (let i = 0, written = 0; written < sizeBytes; i += 1) {
      const bytes = Buffer.from(block(i));
      written += bytes.length;
      yield bytes;
    }
  }

  /** Reads a log in a process of its own with a heap of 48 MB (and 24 MB for what is new), and says how much memory that took at most. */
  async function peakBytes(path: string): Promise<{ bytes: number; lines: number; peak: number }> {
    const script = `
      import { readLog } from ${JSON.stringify(new URL("../../../examples/incident-desk/logs/read-log.ts", import.meta.url).href)};
      const { bytes, lines } = await readLog(process.argv[1]);
      console.log(JSON.stringify({ bytes, lines, peak: process.resourceUsage().maxRSS * 1024 }));`;
    const child = spawn(
      process.execPath,
      ["--max-old-space-size=48", "--max-semi-space-size=8", "--input-type=module", "-e", script, path],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let out = "";
    for await (const chunk of child.stdout) out += chunk;
    return JSON.parse(out);
  }

  const gzipped = ["PostgreSQL with ever new statements and errors", "one line without an end"];

  test.each(Object.entries(blocks))("200 MB of %s", { timeout: 120_000 }, async (name, block) => {
    await using folder = await tempFolder();
    const path = folder.path("log");
    const pack = gzipped.includes(name) ? createGzip({ level: 1 }) : new PassThrough();
    await pipeline(Readable.from(content(block)), pack, createWriteStream(path));
    const { bytes, lines, peak } = await peakBytes(path);
    expect(bytes).toBeGreaterThanOrEqual(sizeBytes);
    process.stdout.write(
      `${name}: ${(bytes / MIB).toFixed(0)} MiB, ${lines} lines, ${(peak / MIB).toFixed(0)} MiB at most\n`,
    );
    expect(peak).toBeLessThan(160 * MIB);
  });
});
