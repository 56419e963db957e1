import { readFile } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  findingsOf,
  findLogs,
  type LogFacts,
  type LogFormat,
  mergeFacts,
  type ReadProgress,
  readLog,
  recognizeLog,
} from "../../../examples/incident-desk/logs/index.ts";
import { exampleLog, tempFolder, testFile } from "./log-files.ts";

const formats: Record<string, LogFormat> = {
  "gcp/cloud_function_gcf1.json": "gcp-functions",
  "gcp/cloud_function_gcf2_part.json": "gcp-functions",
  "kernel/kmsg_1_cgroup.log": "kernel",
  "kernel/kmsg_2_system.log": "kernel",
  "database/postgresql/begin_end.log": "postgres-stderr",
  "database/postgresql/cloudsql.log.gz": "postgres-cloudsql",
  "database/postgresql/light.postgres.log.gz": "postgres-stderr",
  "database/postgresql/stmt_type.log": "postgres-stderr",
  "database/postgresql/tempfile_only.log.gz": "postgres-stderr",
  "database/mysql/mysql-5.7.22.log": "mysql-slow",
  "messaging/nats-server.log": "nats-server",
};

test("all logs of the example, and nothing else, are found and recognised", async () => {
  const { paths, isCut } = await findLogs(exampleLog(""));
  expect(isCut).toBe(false);
  expect(paths.toSorted()).toEqual(Object.keys(formats).map(exampleLog).toSorted());
  for (const [path, format] of Object.entries(formats)) {
    expect([path, await recognizeLog(exampleLog(path))]).toEqual([path, format]);
  }
});

test("more files than allowed are left out, and that is said", async () => {
  const { paths, isCut } = await findLogs(exampleLog(""), { filesMax: 3 });
  expect([paths.length, isCut]).toEqual([3, true]);
});

const textOf = async (path: string): Promise<string> => {
  const bytes = await readFile(exampleLog(path));
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
};

test.each(Object.keys(formats))(
  "%s says the same as plain text and as gzip, whatever its name",
  async (path) => {
    await using folder = await tempFolder();
    const text = await textOf(path);
    const facts = await readLog(exampleLog(path));
    for (const name of ["a.gz", "a.txt"]) {
      const plain = await readLog(await folder.write(name, text));
      const packed = await readLog(await folder.write(name, gzipSync(text)));
      expect({ ...plain, paths: [] }).toEqual({ ...facts, paths: [] });
      expect({ ...packed, paths: [] }).toEqual({ ...facts, paths: [] });
    }
  },
);

/** Where a log can be cut in two without cutting an entry. */
function cutsOf(path: string, text: string): [string, string][] {
  if (path.endsWith(".json")) {
    const { entries } = JSON.parse(text) as { entries: unknown[] };
    return entries.map((_, i) => [
      JSON.stringify({ entries: entries.slice(0, i) }),
      JSON.stringify({ entries: entries.slice(i) }),
    ]);
  }
  const lines = text.trimEnd().split("\n");
  const begins = (line: string | undefined) =>
    !/^[\t ]|textPayload":"(?:\[\d+\]: \[\d+-\d+\] )?\\t/.test(line ?? "");
  const thirds = [1 / 3, 1 / 2, 2 / 3].map((share) => Math.floor(lines.length * share));
  return thirds.flatMap((at) => {
    const cut = lines.findIndex((line, i) => i >= at && begins(line));
    return cut < 1 ? [] : [[`${lines.slice(0, cut).join("\n")}\n`, `${lines.slice(cut).join("\n")}\n`]];
  });
}

const cuttable = Object.keys(formats).filter((path) => !/kmsg|mysql/.test(path));

test.each(cuttable)("%s read in two parts and put together is the same as in one", async (path) => {
  await using folder = await tempFolder();
  const text = await textOf(path);
  const format = formats[path] as LogFormat;
  const whole = await readLog(await folder.write("whole", text), { format });
  for (const [first, second] of cutsOf(path, text)) {
    const a = await readLog(await folder.write("a", first), { format });
    const b = await readLog(await folder.write("b", second), { format });
    const merged = mergeFacts(a, b) as LogFacts;
    expect({ ...merged, paths: [], files: 1, bytes: 0 }).toEqual({ ...whole, paths: [], bytes: 0 });
    expect(merged.files).toBe(2);
    expect(mergeFacts(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))).toEqual(merged);
  }
});

test.each([
  ["kernel/kmsg_1_cgroup.log", "kernel/kmsg_2_system.log"],
  ["database/mysql/mysql-5.7.22.log", "database/mysql/mysql-5.7.22.log"],
])("%s and %s put together are the same as one after the other", async (first, second) => {
  await using folder = await tempFolder();
  const whole = await readLog(await folder.write("whole", (await textOf(first)) + (await textOf(second))));
  const merged = mergeFacts(await readLog(exampleLog(first)), await readLog(exampleLog(second)));
  expect({ ...merged, paths: [], files: 1 }).toEqual({ ...whole, paths: [] });
});

test("facts of two kinds are not put together", async () => {
  const [a, b] = [
    await readLog(exampleLog("messaging/nats-server.log")),
    await readLog(exampleLog("kernel/kmsg_1_cgroup.log")),
  ];
  expect(mergeFacts(a, b)).toBeUndefined();
});

test("facts and findings are plain data", async () => {
  for (const path of Object.keys(formats)) {
    const facts = await readLog(exampleLog(path));
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
    const findings = findingsOf(facts);
    expect(JSON.parse(JSON.stringify(findings))).toEqual(findings);
  }
});

test("findings name what happened, the most severe first", async () => {
  const codes = async (path: string) =>
    findingsOf(await readLog(path)).map(({ severity, code }) => `${severity} ${code}`);
  expect(await codes(exampleLog("gcp/cloud_function_gcf2_part.json"))).toEqual([
    "critical memoryKills",
    "warning functionErrors",
    "info executions",
  ]);
  expect(await codes(exampleLog("gcp/cloud_function_gcf1.json"))).toEqual(["info executions"]);
  expect(await codes(exampleLog("kernel/kmsg_1_cgroup.log"))).toEqual(["critical oomKills"]);
  expect(await codes(exampleLog("database/postgresql/tempfile_only.log.gz"))).toEqual([
    "critical slowStatements",
    "warning databaseErrors",
    "warning tempFiles",
  ]);
  expect(await codes(testFile("fixtures/nats-server-2.9.10.log"))).toEqual([
    "critical slowConsumers",
    "critical authorizationErrors",
    "warning authorizationTimeouts",
    "warning permissionViolations",
    "warning brokerProblems",
    "info traffic",
    "info connections",
  ]);
});

describe("reading", () => {
  test("progress grows to the size of the stored file", async () => {
    await using folder = await tempFolder();
    const path = await folder.write(
      "log.gz",
      gzipSync(`${"2024-01-01 10:00:00 INFO hello\n".repeat(50_000)}`),
    );
    const seen: ReadProgress[] = [];
    await readLog(path, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ readBytes }) => readBytes)).toEqual(
      seen.map(({ readBytes }) => readBytes).toSorted((a, b) => a - b),
    );
    expect(seen.at(-1)).toMatchObject({ path, lines: 50_000, readBytes: seen[0]?.sizeBytes });
    expect(seen.length).toBeGreaterThan(3);
  });

  test("an abort ends it at once, before it and on the way", async () => {
    await using folder = await tempFolder();
    const path = await folder.write("log", "hello world 1234\n".repeat(1_000_000));
    await expect(readLog(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    const controller = new AbortController();
    let lines = 0;
    const reading = readLog(path, {
      signal: controller.signal,
      onProgress: (progress) => {
        lines = progress.lines;
        controller.abort();
      },
    });
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(lines).toBeLessThan(500_000);
  });

  test("a gzip file that was cut off gives what it has, and says so", async () => {
    await using folder = await tempFolder();
    const packed = await readFile(exampleLog("database/postgresql/cloudsql.log.gz"));
    const facts = await readLog(await folder.write("log.gz", packed.subarray(0, packed.length - 20_000)));
    expect(facts.damage).toHaveLength(1);
    expect(facts.lines).toBeGreaterThan(100);
    expect(findingsOf(facts).map(({ code }) => code)).toContain("damage");
  });

  test("a file that is not there is an error", async () => {
    await expect(readLog("/no/such/file")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each(Object.values(formats).concat("postgres-json", "postgres-csv", "unknown"))(
    "no content makes it throw, read as %s",
    async (format) => {
      await using folder = await tempFolder();
      const seeds = [...(await Promise.all(Object.keys(formats).map(textOf)))].flatMap((text) =>
        text.split("\n").slice(0, 40),
      );
      const line = fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(...seeds),
        // A real line, cut anywhere, with something else after it.
        fc
          .tuple(fc.constantFrom(...seeds), fc.nat(300), fc.string())
          .map(([text, at, rest]) => text.slice(0, at) + rest),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
          const path = await folder.write("garbage", lines.join("\n"));
          for (const options of [{ format }, {}]) {
            const facts = await readLog(path, options);
            findingsOf(facts);
            expect(mergeFacts(facts, facts)?.lines).toBe(2 * facts.lines);
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  test("bytes that are no text, and an empty file, are read to their end", async () => {
    await using folder = await tempFolder();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256));
    expect((await readLog(await folder.write("binary", bytes))).bytes).toBe(300_000);
    expect(await readLog(await folder.write("empty", ""))).toMatchObject({
      lines: 0,
      bytes: 0,
      kind: "templates",
    });
    expect(await readLog(await folder.write("empty.gz", gzipSync("")))).toMatchObject({ lines: 0 });
  });
});
