import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases.ts";

type Observed = { readonly case: string; readonly result?: unknown; readonly fault?: string };

const hasErlang = ["erl", "erlc"].every((name) => spawnSync(name, ["-version"]).error === undefined);

/** Runs all cases against the installed OTP, once. */
async function observe(): Promise<{ release: number; results: Map<string, Observed> }> {
  await using folder = await temporaryFolder();
  const sources = ["oracle.erl", "oracle_rig.erl"].map((file) =>
    fileURLToPath(new URL(file, import.meta.url)),
  );
  execFileSync("erlc", ["-Werror", "-o", folder.path, ...sources]);
  const printed = execFileSync("erl", ["-noshell", "-pa", folder.path, "-s", "oracle", "main"], {
    encoding: "utf8",
    timeout: 60_000,
  });
  const [first, ...lines] = printed.trim().split("\n");
  const { otp } = JSON.parse(first as string) as { otp: number };
  const results = lines.map((line) => JSON.parse(line) as Observed);
  return { release: otp, results: new Map(results.map((each) => [each.case, each])) };
}

const observed = hasErlang ? await observe() : undefined;

if (observed === undefined) {
  test.skip("OTP is not asked: install Erlang (Debian: apt-get install erlang-base), so that erl and erlc are found", () => {});
} else {
  const { release, results } = observed;

  test("OTP is asked about each of the 51 cases", () => {
    expect([...results.keys()].sort()).toEqual(Object.keys(cases).sort());
    expect(results.size).toBe(51);
  });

  for (const [name, { says, result, otp }] of Object.entries<Case>(cases)) {
    const differs = otp !== undefined && release < (otp.until ?? Number.POSITIVE_INFINITY);
    test(`${name} OTP ${release} ${differs ? `differs: ${otp.because}` : says}`, () => {
      expect(results.get(name)).toEqual({ case: name, result: differs ? otp.result : result });
    });
  }
}
