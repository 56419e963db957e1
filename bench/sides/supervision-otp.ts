import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { latencies, type Restart, type Sizes, sizesOf, treeFigures } from "../kit/trees.ts";

/** The same on Erlang's own supervisor: `supervision.erl` measures, by a word a line. */
await serveSide({
  near: async ({ quick }: SideConfig) => {
    const folder = mkdtempSync(join(tmpdir(), "bench-erl-"));
    execFileSync("erlc", ["-o", folder, fileURLToPath(new URL("supervision.erl", import.meta.url))]);
    const erl = spawn("erl", ["-noshell", "-pa", folder, "-s", "supervision"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: erl.stdout })[Symbol.asyncIterator]();
    /** @returns the numbers it answers with */
    const measured = async (what: string): Promise<number[]> => {
      erl.stdin.write(`${what}.\n`);
      const { value, done } = await lines.next();
      if (done === true || !/^[-\d. ]+$/.test(value)) throw new Error(`Expected numbers, got ${value}`);
      return value.split(" ").map(Number);
    };
    const size = (kind: "static" | "dynamic") => {
      return async (count: number): Promise<Sizes> => {
        const [startMs = 0, restartMs = 0, stopMs = 0, held = 0, left = 0] = await measured(
          `{${kind},${count}}`,
        );
        return { count, startMs, ...(kind === "static" ? { restartMs } : {}), stopMs, held, left };
      };
    };
    return {
      round: async (name) => {
        if (name !== "restart") {
          const kind = name === "static" ? name : "dynamic";
          return treeFigures(sizesOf(name, quick), size(kind));
        }
        const samples = quick ? 100 : 2_000;
        const all = await measured(`{restart,1000,${samples}}`);
        const kept = latencies(samples);
        for (let i = 0; i < samples; i++) {
          const one: Restart = { answeredMs: all[2 * i] as number, upMs: all[2 * i + 1] as number };
          kept.add(i, one);
        }
        return kept.figures();
      },
      close: () => {
        erl.kill();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});
