import { execFile } from "node:child_process";
import { access, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "node_modules", ".cache", "coxswain-package-test");
const run = promisify(execFile);

/** Node programs on PATH besides the one that npm scripts put first, with their versions. */
async function otherNodes(): Promise<{ path: string; version: string }[]> {
  const found: { path: string; version: string }[] = [];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder.includes("node_modules")) continue;
    const path = join(folder, "node");
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) found.push({ path, version: (await run(path, ["--version"])).stdout.trim() });
  }
  return found;
}

const script = `
import { createSystem, defineActor } from "./src/index.js";
import { defineProtocol, question } from "./protocols/index.js";
import { z } from "zod";
const echo = defineProtocol({ name: "echo", accepts: { say: question(z.object({ word: z.string() }), z.object({ word: z.string() })) } });
const actor = defineActor({ protocol: echo, initial: () => 0, receive: (n, message, turn) => { turn.reply({ word: message.word }); return n + 1; } });
for (const transport of ["memory", "nats"]) {
  await using system = await createSystem({ name: "package", transport });
  const ref = await system.spawn("echo", actor);
  console.log(transport, (await ref.ask({ type: "say", word: "hello" })).word);
}
`;

describe("the built package", () => {
  test("runs on the other Node versions of this machine, from 20.19 on, in memory and with a server of its own", async ({
    skip,
  }) => {
    await run(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", out],
      { cwd: root },
    );
    // Node 20 knows no \`await using\`; the package itself must not need it.
    const plain = script
      .replace("await using system =", "const system =")
      .replace("ask({", "ask({")
      .replace(/console\.log\((.*)\);\n\}/, "console.log($1);\n  await system.drain();\n}");
    await writeFile(join(out, "check.mjs"), plain);
    const nodes = (await otherNodes()).filter(({ version }) =>
      /^v(20\.(19|[2-9]\d)|2[1-9]|[3-9]\d)\./.test(version),
    );
    skip(nodes.length === 0, "no other Node of 20.19 or newer is on PATH");
    for (const { path, version } of nodes) {
      const { stdout } = await run(path, [join(out, "check.mjs")]);
      expect(stdout, version).toBe("memory hello\nnats hello\n");
    }
  }, 60_000);
});
