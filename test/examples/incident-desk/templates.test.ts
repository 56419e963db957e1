import { describe, expect, test } from "vitest";
import { OomReader } from "../../../examples/incident-desk/logs/kernel-oom.ts";
import { mergeTemplates, type TemplateFacts } from "../../../examples/incident-desk/logs/template-facts.ts";
import { TemplateReader } from "../../../examples/incident-desk/logs/template-reader.ts";

function factsOf(lines: Iterable<string>): TemplateFacts {
  const reader = new TemplateReader();
  for (const line of lines) reader.take(line);
  reader.end();
  return reader.facts();
}

const shown = ({ templates }: TemplateFacts) =>
  Object.fromEntries(templates.map((row) => [row.template, row]));
const minute = (index: number) => new Date(Date.UTC(2024, 0, 1, 0, index)).toISOString();

/** A steady beat of 5 lines a minute for 200 minutes, 60 failures in one of them, and two lines of their own. */
function* incident(): Generator<string> {
  for (let i = 0; i < 200; i += 1) {
    for (let k = 0; k < 5; k += 1) yield `${minute(i)} INFO worker: job ${i * 5 + k} done in ${k} ms`;
    if (i === 120)
      for (let k = 0; k < 60; k += 1) yield `${minute(i)} ERROR db: connection to 10.0.0.${k}:5432 refused`;
    if (i === 50 || i === 60) yield `${minute(i)} WARN disk: volume /data/v${i} almost full`;
  }
}

describe("a log nobody has a reader for", () => {
  const facts = factsOf(incident());
  const rows = shown(facts);

  test("comes apart in its templates, with counts, first and last line", () => {
    expect(Object.keys(rows)).toEqual([
      "worker: job <*> done in <*> ms",
      "db: connection to <*> refused",
      "disk: volume <*> almost full",
    ]);
    expect(rows["worker: job <*> done in <*> ms"]).toMatchObject({
      count: 1_000,
      level: "INFO",
      first: { line: 1, atMs: Date.UTC(2024, 0, 1) },
      last: { line: 1_062, atMs: Date.UTC(2024, 0, 1, 3, 19) },
    });
    expect(facts.byLevel).toEqual({ INFO: 1_000, ERROR: 60, WARN: 2 });
    expect(facts.windows).toEqual({ unit: "minute", count: 200 });
  });

  test("what comes all at once is a burst, what comes steadily is none", () => {
    expect(facts.templates.filter(({ isBurst }) => isBurst).map(({ template }) => template)).toEqual([
      "db: connection to <*> refused",
    ]);
    expect(rows["db: connection to <*> refused"]?.peak).toEqual({
      count: 60,
      line: 608,
      atMs: Date.UTC(2024, 0, 1, 2),
    });
  });

  test("what comes at most three times in a thousand lines is rare", () => {
    expect(facts.templates.filter(({ isRare }) => isRare).map(({ template }) => template)).toEqual([
      "disk: volume <*> almost full",
    ]);
  });

  test("in two parts it is the same log", () => {
    const lines = [...incident()];
    const parts = [lines.slice(0, 500), lines.slice(500)].map(factsOf) as [TemplateFacts, TemplateFacts];
    const merged = mergeTemplates(...parts);
    // One minute is cut in two, and its lines stand in a window of each part.
    expect({ ...merged, windows: { ...merged.windows, count: 200 } }).toEqual(facts);
  });
});

test("without times, a window is a thousand lines", () => {
  const lines = Array.from({ length: 10_000 }, (_, i) =>
    i >= 4_000 && i < 4_100 ? `boom at ${i}` : `tick number ${i}`,
  );
  const facts = factsOf(lines);
  expect(facts.windows).toEqual({ unit: "1000 lines", count: 11 });
  expect(shown(facts)["boom at <*>"]).toMatchObject({ isBurst: true, peak: { count: 100, line: 4_001 } });
  expect(shown(facts)["tick number <*>"]?.isBurst).toBe(false);
});

test("lists of any length are one kind of message, and so are messages of little but variables", () => {
  const blocks = (n: number) => Array.from({ length: n }, (_, i) => `blk_-${n}${i}`).join(" ");
  const lines = [3, 50, 100, 250].map((n) => `10:00 ask 10.0.0.${n}:5 to delete ${blocks(n)}`);
  expect(factsOf(lines).templates.map(({ template, count }) => [template, count])).toEqual([
    ["<*> ask <*> to delete <*>", 4],
  ]);
  expect(factsOf(["1 a 2 b 3", "4 a 5 b 6"]).groups).toBe(1);
});

test("kinds there is no room for are counted as others", () => {
  const letters = (i: number) => [...String(i)].map((digit) => "abcdefghij"[Number(digit)]).join("");
  const facts = factsOf(
    Array.from({ length: 3_000 }, (_, i) => `${letters(i)} ${letters(i)}x ${"w ".repeat(i % 60)}`),
  );
  expect(facts.templates.length).toBeLessThanOrEqual(350);
  expect(facts.templates.reduce((sum, { count }) => sum + count, facts.others.count)).toBe(3_000);
  expect(JSON.stringify(facts).length).toBeLessThan(600_000);
});

test("the kernel's kills are found in it too", () => {
  const lines = [
    "Mar  4 10:00:00 node-1 systemd[1]: Started something",
    "Mar  4 10:00:00 node-1 kernel: [1.500000] Out of memory: Killed process 9 (java) total-vm:8kB, anon-rss:4kB",
  ];
  expect(factsOf(lines).oom).toMatchObject({
    count: 1,
    kills: [{ pid: 9, process: "java", victimContainer: "/" }],
  });
  const direct: string[] = [];
  const reader = new OomReader(({ process }) => direct.push(process));
  for (const line of lines) reader.take(line);
  expect(direct).toEqual(["java"]);
});
