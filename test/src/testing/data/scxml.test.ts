import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createSystem } from "../../../../src/index.ts";
import { testServer } from "../../../support/nats-server.ts";
import { InexpressibleError } from "../../../support/scxml-content.ts";
import { type Chart, chartOf } from "../../../support/scxml-machine.ts";
import { plainly, remotely, type Script, stored, type Way } from "./scxml-ways.ts";
import { sharedData, tableOf } from "./shared-data.ts";

const { folder, present, note } = sharedData("scxml");

interface Case {
  readonly name: string;
  readonly script: Script;
  readonly chart: Chart | undefined;
  readonly reason: string;
}

const names = present
  ? readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".scxml"))
      .map((file) => file.slice(0, -6))
      .sort()
  : [];

function read(name: string): Case {
  const script = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Script;
  const said = script.events.map(({ event }) => event.name);
  try {
    return {
      name,
      script,
      chart: chartOf(readFileSync(join(folder, `${name}.scxml`), "utf8"), said),
      reason: "",
    };
  } catch (error) {
    if (!(error instanceof InexpressibleError)) throw error;
    return { name, script, chart: undefined, reason: error.message };
  }
}

const expectedOf = ({ initialConfiguration, events }: Script): string[][] =>
  [initialConfiguration, ...events.map(({ nextConfiguration }) => nextConfiguration)].map((all) =>
    [...all].sort(),
  );

/** What a way makes of a chart; what it throws is no configuration. */
async function gone(way: Way, chart: Chart, script: Script): Promise<unknown> {
  try {
    return await way(chart, script);
  } catch (error) {
    return `${error}`;
  }
}

describe.skipIf(!present)(`the SCXML behaviour tests${note}`, () => {
  test("pass plainly, stored at each step, and over NATS", async () => {
    await using server = await testServer();
    await using host = await createSystem({ name: "scxml", node: "host", servers: server.url });
    await using other = await createSystem({ name: "scxml", node: "other", servers: server.url });
    const ways = { plainly, stored, remotely: remotely(host, other) };
    const cases = names.map(read);
    const passed = { plainly: 0, stored: 0, remotely: 0 };
    const failures: object[] = [];
    for (const { name, script, chart } of cases) {
      if (chart === undefined) continue;
      const expected = JSON.stringify(expectedOf(script));
      for (const [kind, way] of Object.entries(ways) as [keyof typeof ways, Way][]) {
        const seen = JSON.stringify(await gone(way, chart, script));
        if (seen === expected) passed[kind]++;
        else failures.push({ name, kind, expected, seen });
      }
    }
    const inexpressible = cases
      .filter(({ chart }) => chart === undefined)
      .map(({ name, reason }) => ({ name, reason }));
    const figures = { cases: cases.length, expressible: cases.length - inexpressible.length, ...passed };
    process.stdout.write(tableOf([figures]) + tableOf(inexpressible) + tableOf(failures as never));
    expect(failures).toEqual([]);
    expect(figures).toEqual({ cases: 50, expressible: 50, plainly: 50, stored: 50, remotely: 50 });
  }, 60_000);
});
