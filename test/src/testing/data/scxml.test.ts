import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createSystem } from "../../../../src/index.ts";
import { testServer } from "../../../support/nats-server.ts";
import { InexpressibleError } from "../../../support/scxml-content.ts";
import { type Chart, chartOf } from "../../../support/scxml-machine.ts";
import { plainly, remotely, type Script, type Stored, stored, storedBy, type Way } from "./scxml-ways.ts";
import { sharedData, tableOf } from "./shared-data.ts";

const { folder, present, note } = sharedData("scxml");

interface Case {
  readonly name: string;
  readonly script: Script;
  readonly text: string;
}

const cases = (present ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [])
  .filter((file) => file.endsWith(".scxml"))
  .sort()
  .map((file): Case => {
    const name = file.slice(0, -6);
    const script = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Script;
    return { name, script, text: readFileSync(join(folder, file), "utf8") };
  });

/** The chart, or why there is none. */
function chartIn({ text, script }: Case): Chart | string {
  const said = script.events.map(({ event }) => event.name);
  try {
    return chartOf(text, said);
  } catch (error) {
    if (error instanceof InexpressibleError) return error.message;
    throw error;
  }
}

function expectedOf({ initialConfiguration, events }: Script): string {
  const all = [initialConfiguration, ...events.map(({ nextConfiguration }) => nextConfiguration)];
  return JSON.stringify(all.map((each) => [...each].sort()));
}

/** What a way makes of a chart; what it throws is no configuration. */
async function gone(way: Way, chart: Chart, script: Script): Promise<string> {
  try {
    return JSON.stringify(await way(chart, script));
  } catch (error) {
    return `${error}`;
  }
}

/** The same chart with one transition that leads to the next state of the document instead. */
function mutantsOf({ name, script, text }: Case): Case[] {
  const ids = [...text.matchAll(/<(?:state|parallel|final)\b[^>]*?\bid="([^"]+)"/g)].map(
    ([, id]) => id as string,
  );
  const tags = [...text.matchAll(/<transition\b[^>]*?>/g)].filter(([tag]) => /\bevent=/.test(tag));
  return tags.flatMap(({ 0: tag, index }) => {
    const [, target] = /\btarget="([^" ]+)"/.exec(tag) ?? [];
    if (target === undefined) return [];
    const other = ids[(ids.indexOf(target) + 1) % ids.length] as string;
    if (other === target) return [];
    const changed = tag.replace(`target="${target}"`, `target="${other}"`);
    const mutant = text.slice(0, index) + changed + text.slice(index + tag.length);
    return [{ name: `${name}: ${changed}`, script, text: mutant }];
  });
}

interface Nodes extends AsyncDisposable {
  readonly ways: Readonly<Record<"plainly" | "stored" | "remotely", Way>>;
}

/** Two nodes on two connections to a real server. */
async function nodes(): Promise<Nodes> {
  const server = await testServer();
  const [host, other] = await Promise.all(
    ["host", "other"].map((node) =>
      createSystem({ name: "scxml", node, servers: server.url, onReport: () => {} }),
    ),
  );
  if (host === undefined || other === undefined) throw new Error("Expected two nodes");
  return {
    ways: { plainly, stored, remotely: remotely(host, other) },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([host.drain(), other.drain()]);
      await server.stop();
    },
  };
}

describe.skipIf(!present)(`the SCXML behaviour tests${note}`, () => {
  test("pass plainly, stored at each step, and over NATS", async () => {
    await using system = await nodes();
    const passed = { plainly: 0, stored: 0, remotely: 0 };
    const failures: object[] = [];
    const inexpressible: object[] = [];
    for (const each of cases) {
      const chart = chartIn(each);
      if (typeof chart === "string") {
        inexpressible.push({ name: each.name, reason: chart });
        continue;
      }
      const expected = expectedOf(each.script);
      for (const [kind, way] of Object.entries(system.ways) as [keyof typeof passed, Way][]) {
        const seen = await gone(way, chart, each.script);
        if (seen === expected) passed[kind]++;
        else failures.push({ name: each.name, kind, expected, seen });
      }
    }
    const figures = { cases: cases.length, expressible: cases.length - inexpressible.length, ...passed };
    process.stdout.write(tableOf([figures]) + tableOf(inexpressible as never) + tableOf(failures as never));
    expect(failures).toEqual([]);
    expect(figures).toEqual({ cases: 50, expressible: 50, plainly: 50, stored: 50, remotely: 50 });
  }, 60_000);

  test("come to the same in all three ways where a transition leads elsewhere", async () => {
    await using system = await nodes();
    let survived = 0;
    const apart: object[] = [];
    let mutants = 0;
    for (const mutant of cases.flatMap(mutantsOf)) {
      const chart = chartIn(mutant);
      if (typeof chart === "string") continue;
      mutants++;
      const { script, name } = mutant;
      const seen = await Promise.all(Object.values(system.ways).map((way) => gone(way, chart, script)));
      if (new Set(seen).size > 1) apart.push({ name, seen });
      if (seen.every((each) => each === expectedOf(script))) survived++;
    }
    process.stdout.write(`${mutants} charts with another target, ${survived} not noticed by their script\n`);
    expect(apart).toEqual([]);
    // The others are never taken by their script, or come to the same in the end.
    expect({ mutants, noticed: mutants - survived }).toEqual({ mutants: 129, noticed: 83 });
  }, 60_000);

  test.each([
    [
      "history",
      /^history\//,
      ({ snapshot, timers }) => ({ snapshot: { ...snapshot, historyValue: {} }, timers }),
    ],
    ["timers", /^delayedSend\//, ({ snapshot }) => ({ snapshot, timers: [] })],
    [
      "data",
      /^(foreach|if-else)\//,
      ({ snapshot, timers }) => ({ snapshot: { ...snapshot, context: { data: {} } }, timers }),
    ],
  ] as [string, RegExp, (whole: Stored) => Stored][])(
    "do not all pass where what is stored lacks the %s",
    async (_, concerned, kept) => {
      const failed: string[] = [];
      for (const each of cases) {
        const seen = await gone(storedBy(kept), chartIn(each) as Chart, each.script);
        if (seen !== expectedOf(each.script)) failed.push(each.name);
      }
      const wanted = cases.map(({ name }) => name).filter((name) => concerned.test(name));
      expect(failed).toEqual(expect.arrayContaining(wanted));
    },
  );
});
