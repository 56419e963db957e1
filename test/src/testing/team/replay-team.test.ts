import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkTeam, replayTeam } from "../../../../src/testing/team/index.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { hastyShop, soundShop } from "./coffee-shop.ts";
import { jobTeam } from "./job-team.ts";
import { letters, reader, writer } from "./ping.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function played(options: ReturnType<typeof jobTeam>, steps: readonly string[]) {
  const replay = replayTeam(options);
  for (const step of steps) replay.step(step);
  return replay;
}

describe("a replay", () => {
  test.each(["no dedupe", "ack before commit", "lost revoke", "double grant"] as const)(
    "of the story of %s breaks what the story broke; on the sound team it breaks nothing",
    (bug) => {
      const team = jobTeam({ bug });
      const { violation } = checkTeam(team);
      const replay = played(team, violation?.steps ?? []);
      expect(replay.stoppedAt).toBeUndefined();
      expect(replay.broken()).toContain(violation?.name);
      for (const sentence of violation?.sentences ?? []) expect(replay.story()).toContain(sentence);
      expect(played(jobTeam(), violation?.steps ?? []).broken()).toEqual([]);
    },
  );

  test("stops at the first step that is not possible, and says so", () => {
    const replay = replayTeam({ members: { writer: { machine: writer(2) }, reader: { machine: reader } } });
    expect(replay.possible()).toEqual(['reader gets letter {"n":1} from writer']);
    replay.step('reader gets letter {"n":2} from writer');
    replay.step('reader gets letter {"n":1} from writer');
    expect(replay.stoppedAt).toBe('reader gets letter {"n":2} from writer');
    expect(replay.view.members.reader.context.got).toEqual([]);
    expect(replay.story()).toContain('Not possible: reader gets letter {"n":2} from writer');
  });

  test("that was stopped does not judge where it came to", () => {
    const team = jobTeam({ bug: "ack before commit" });
    const replay = played(team, checkTeam(team).violation?.steps ?? []);
    expect(replay.broken()).toEqual(["all jobs counted"]);
    replay.step("nothing like it");
    expect(replay.broken()).toEqual([]);
  });

  test("of a round that may go on for ever finds the goal avoided", () => {
    const team = {
      ...soundShop,
      channels: { lossesMax: Number.POSITIVE_INFINITY, inFlightMax: 2 },
      eventually: { "all are happy": soundShop.reachable["all are happy"] },
    };
    const { violation } = checkTeam(team);
    expect(violation?.kind).toBe("never");
    const replay = replayTeam(team);
    for (const step of violation?.steps ?? []) replay.step(step);
    expect(replay.stoppedAt).toBeUndefined();
    expect(replay.broken()).toEqual(["all are happy"]);
    // A part of the round is no round.
    const shorter = replayTeam(team);
    for (const step of violation?.steps.slice(0, -1) ?? []) shorter.step(step);
    expect(shorter.broken()).toEqual([]);
  });

  test("of a deadlock comes to rest where it must not", () => {
    const team = {
      members: { writer: { machine: writer(1) }, reader: { machine: reader, protocol: letters } },
      mayRest: () => false,
    };
    const { violation } = checkTeam(team);
    const replay = replayTeam(team);
    expect(replay.broken()).toEqual([]);
    for (const step of violation?.steps ?? []) replay.step(step);
    expect(replay.broken()).toEqual(["deadlock"]);
  });
});

/** Runs a generated test in a folder of its own. */
async function runText(
  text: string,
  team: string,
): Promise<{ readonly code: number; readonly output: string }> {
  await using folder = await temporaryFolder();
  await symlink(here("../../../../node_modules"), join(folder.path, "node_modules"), "dir");
  await writeFile(join(folder.path, "story.test.ts"), text);
  await writeFile(
    join(folder.path, "team.ts"),
    `export { ${team} as team } from ${JSON.stringify(here("./coffee-shop.ts"))};\n`,
  );
  await writeFile(
    join(folder.path, "vitest.config.mjs"),
    `export default { resolve: { alias: { "coxswain/testing": ${JSON.stringify(here("../../../../src/testing/team/index.ts"))} } } };\n`,
  );
  const vitest = here("../../../../node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", "--root", folder.path], {
    env: { ...process.env, NO_COLOR: "1", VITEST: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
  }
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}

describe("the test that is made of a story", () => {
  const text = checkTeam(hastyShop).toTest({ from: "./team.ts" });

  test("fails on the team it is of, with the story", async () => {
    const { code, output } = await runText(text, "hastyShop");
    expect(output).toContain("1 failed");
    expect(output).toContain("one coffee each, also after what once broke it");
    expect(output).toContain("guest.1 gets coffee from barista");
    expect(output).toMatch(/expected \[ 'one coffee each' \] to deeply equal \[\]/);
    expect(code).toBe(1);
  });

  test("passes once the team is mended", async () => {
    const { code, output } = await runText(text, "soundShop");
    expect(output).toContain("1 passed");
    expect(code).toBe(0);
  });

  test("is of an export that can be named, and of a story that is there", () => {
    const wrong = (): string => checkTeam(hastyShop).toTest({ from: "./team.ts", team: "a b" });
    expect(wrong).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
    expect(() => checkTeam(soundShop).toTest({ from: "./team.ts" })).toThrow(TypeError);
  });
});
