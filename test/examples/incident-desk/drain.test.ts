import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Drain, VARIABLE } from "../../../examples/incident-desk/logs/drain.ts";
import { lineShape } from "../../../examples/incident-desk/logs/line-shape.ts";
import { headerOf } from "../../../examples/incident-desk/logs/log-header.ts";
import { mask } from "../../../examples/incident-desk/logs/masks.ts";
import { readLog } from "../../../examples/incident-desk/logs/read-log.ts";
import { CsvSplitter } from "../../../examples/incident-desk/logs/split-csv.ts";
import { hasLoghub, loghubFolder, loghubMissing } from "./log-files.ts";

/** Header, masks, depth and threshold as in logpai/logparser, `logparser/Drain/benchmark.py`. */
const benchmark = {
  HDFS_2k: {
    header: "<Date> <Time> <Pid> <Level> <Component>: <Content>",
    masks: [/blk_-?\d+/g, /(\d+\.){3}\d+(:\d+)?/g],
    similarityMin: 0.5,
    depth: 4,
    published: 0.998,
  },
  Zookeeper_2k: {
    header: "<Date> <Time> - <Level>  \\[<Node>:<Component>@<Id>\\] - <Content>",
    masks: [/(\/|)(\d+\.){3}\d+(:\d+)?/g],
    similarityMin: 0.5,
    depth: 4,
    published: 0.967,
  },
  OpenStack_2k: {
    header: "<Logrecord> <Date> <Time> <Pid> <Level> <Component> \\[<ADDR>\\] <Content>",
    masks: [/((\d+\.){3}\d+,?)+/g, /\/.+?\s/g, /\d+/g],
    similarityMin: 0.5,
    depth: 5,
    published: 0.733,
  },
  // The figure was published for 2,000 lines; here are the first 1,000 of them.
  BGL_first1000: {
    header: "<Label> <Timestamp> <Date> <Node> <Time> <NodeRepeat> <Type> <Component> <Level> <Content>",
    masks: [/core\.\d+/g],
    similarityMin: 0.5,
    depth: 4,
    published: 0.963,
  },
};

type Sample = keyof typeof benchmark;
const samples = Object.keys(benchmark) as Sample[];

async function linesOf(sample: Sample): Promise<string[]> {
  const text = await readFile(`${loghubFolder}${sample}.log`, "utf8");
  return text.split(/\r?\n/).filter((line) => line !== "");
}

/** A column of the structured truth, line by line. */
async function truthOf(sample: Sample, column: string): Promise<string[]> {
  const csv = new CsvSplitter();
  const text = gunzipSync(await readFile(`${loghubFolder}${sample}.log_structured.csv.gz`)).toString("utf8");
  const rows = text.split(/\r?\n/).flatMap((line) => (line === "" ? [] : [csv.push(line) ?? []]));
  const at = rows[0]?.indexOf(column) ?? -1;
  return rows.slice(1).map((row) => row[at] ?? "");
}

/** The share of lines whose group holds exactly the lines it should, as the benchmark measures it. */
function groupingAccuracy(found: readonly string[], truth: readonly string[]): number {
  const sizes = (keys: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const both = found.map((key, i) => `${key}\0${truth[i]}`);
  const [foundSizes, truthSizes, bothSizes] = [sizes(found), sizes(truth), sizes(both)];
  const right = both.filter((key, i) => {
    const size = bothSizes.get(key);
    return size === foundSizes.get(found[i] as string) && size === truthSizes.get(truth[i] as string);
  });
  return right.length / found.length;
}

describe.skipIf(!hasLoghub)(`Loghub${hasLoghub ? "" : ` (skipped: ${loghubMissing})`}`, () => {
  test.each(samples)("Drain groups %s as accurately as published, within half a point", async (sample) => {
    const { header, masks, depth, similarityMin, published } = benchmark[sample];
    const drain = new Drain({ depth, similarityMin });
    const { fieldsOf } = headerOf(header);
    const groups = (await linesOf(sample)).map((line) =>
      drain.add(mask(fieldsOf(line)?.Content ?? "", masks)),
    );
    const accuracy = groupingAccuracy(
      groups.map((group) => group?.template.join(" ") ?? ""),
      await truthOf(sample, "EventId"),
    );
    process.stdout.write(
      `Drain on ${sample}: grouping accuracy ${accuracy.toFixed(4)}, published ${published}\n`,
    );
    expect(accuracy).toBeGreaterThanOrEqual(published - 0.005);
  });

  test.each(samples)(
    "without any setting, %s is still grouped, and its levels are counted exactly",
    async (sample) => {
      const facts = await readLog(`${loghubFolder}${sample}.log`);
      if (facts.kind !== "templates") throw new Error(`${sample} was taken for ${facts.kind}`);
      const levels: Record<string, number> = {};
      for (const level of await truthOf(sample, "Level")) levels[level] = (levels[level] ?? 0) + 1;
      expect(facts.byLevel).toEqual(levels);
      expect(facts.templates.reduce((sum, { count }) => sum + count, facts.others.count)).toBe(facts.lines);
    },
  );

  test.each(samples)("no OOM kill is seen in %s", async (sample) => {
    const facts = await readLog(`${loghubFolder}${sample}.log`);
    expect(facts).toMatchObject({ kind: "templates", oom: { count: 0, kills: [] } });
    const asKernel = await readLog(`${loghubFolder}${sample}.log`, { format: "kernel" });
    expect(asKernel).toMatchObject({ kind: "kernel", oom: { count: 0 } });
  });
});

describe("Drain", () => {
  test("words that differ become variables, and the others stay", () => {
    const drain = new Drain();
    drain.add("Connected to alpha after 3 tries");
    drain.add("Connected to beta after 9 tries");
    drain.add("Something else altogether");
    expect(drain.groups.map(({ template, count }) => [template.join(" "), count])).toEqual([
      ["Connected to <*> after <*> tries", 2],
      ["Something else altogether", 1],
    ]);
  });

  test("what finds no room for a group is counted, not lost", () => {
    const drain = new Drain({ groupsMax: 2 });
    for (const message of ["a", "b b", "c c c", "d d d d", "a"]) drain.add(message);
    expect(drain.groups.map(({ count }) => count)).toEqual([2, 1]);
    expect(drain.ungrouped).toBe(2);
  });

  test("a line is compared with so many groups at most, even if nothing is like anything", () => {
    const drain = new Drain({ leafGroupsMax: 3 });
    for (const word of "abcdefghij") drain.add(`same ${word}1 ${word}2 ${word}3`);
    expect(drain.groups).toHaveLength(3);
    expect(drain.ungrouped).toBe(7);
  });

  test("a node has at most so many branches; further words share one", () => {
    const drain = new Drain({ childrenMax: 3, similarityMin: 0.9 });
    for (let i = 0; i < 50; i += 1)
      drain.add(`${"abcdefghijklmnopqrstuvwxy"[i % 25]}x same words follow here`);
    expect(drain.groups.reduce((sum, { count }) => sum + count, 0)).toBe(50);
  });

  test("every message fits its group's template, and counts add up", () => {
    const word = fc.constantFrom("open", "close", "file", "user", "7", "42", "x9", "of", "<*>");
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 6 }).map((words) => words.join(" "))), (messages) => {
        const drain = new Drain({ depth: 4, childrenMax: 4 });
        const groups = messages.map((message) => drain.add(message));
        for (const [i, message] of messages.entries()) {
          const words = message === "" ? [] : message.split(" ");
          const template = groups[i]?.template ?? [];
          expect(template).toHaveLength(words.length);
          for (const [at, part] of template.entries())
            expect(part === VARIABLE || part === words[at]).toBe(true);
        }
        expect(drain.groups.reduce((sum, { count }) => sum + count, 0)).toBe(messages.length);
      }),
    );
  });
});

test.each([
  ["2015-07-29 17:41:44,747 - INFO  [main] - Started", "INFO", 1438191704747, "[main] - Started"],
  ["[Sun Dec 04 04:47:44 2005] [error] mod_jk child", "ERROR", undefined, "mod_jk child"],
  [
    "Jun 14 15:16:01 combo sshd[19939]: error: no such user",
    undefined,
    undefined,
    "combo sshd[19939]: error: no such user",
  ],
  [
    'time="2024-05-01T10:00:00Z" level=warn msg="disk full"',
    "WARN",
    undefined,
    'time="2024-05-01T10:00:00Z" level=warn msg="disk full"',
  ],
  ["081109 203615 148 INFO dfs.DataNode: done", "INFO", 1226262975000, "dfs.DataNode: done"],
  ["headroom of the zoom room is FINE", undefined, undefined, "headroom of the zoom room is FINE"],
])("the shape of %j", (line, level, ms, message) => {
  const shape = lineShape(line);
  expect(shape.level).toBe(level);
  expect(shape.message).toBe(message);
  expect(shape.time?.absolute === true ? shape.time.ms : undefined).toBe(ms);
});
