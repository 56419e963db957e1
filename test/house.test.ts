import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { errorTable } from "../protocols/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = await readFile(join(root, "README.md"), "utf8");
const run = promisify(execFile);

/** The text of a section, from its heading to the next of the same or a higher level. */
function section(heading: string): string {
  const at = readme.indexOf(`\n${heading}\n`);
  expect(at, `README has a section "${heading}"`).toBeGreaterThan(0);
  const level = heading.indexOf(" ");
  const end = readme.slice(at + heading.length + 2).search(new RegExp(`^#{1,${level}} `, "m"));
  return end < 0 ? readme.slice(at) : readme.slice(at, at + heading.length + 2 + end);
}

function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("|---"))
    .slice(1)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe("README", () => {
  test("its tree is the tree: each file of the four folders, each folder below them, each test folder", async () => {
    const tree = section("## Map of the tree").split("```")[1] ?? "";
    const missing: string[] = [];
    for (const folder of ["protocols", "machines", "src", "actors"]) {
      for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
        const name = entry.isDirectory() ? `${entry.name}/` : entry.name;
        if (!tree.includes(` ${name} `) && !tree.includes(` ${name}\n`)) missing.push(`${folder}/${name}`);
      }
    }
    expect(missing).toEqual([]);
    const named = [...tree.matchAll(/[├╰│─ ]+([a-z0-9-]+\.ts)/g)].map((match) => match[1]);
    const all = (await readdir(root, { recursive: true })).filter((path) => !path.includes("node_modules"));
    const stale = named.filter((name) => !all.some((path) => path.endsWith(`/${name}`)));
    expect(stale).toEqual([]);
  });

  test("its error table is the error table", () => {
    const shown = rows(section("## Errors")).map(([code, family, retry, says]) => [
      code?.replaceAll("`", ""),
      family,
      retry,
      says,
    ]);
    const real = Object.entries(errorTable).map(([code, { family, retryable, says }]) => [
      code,
      family,
      retryable ? "yes" : "no",
      says,
    ]);
    expect(shown).toEqual(real);
  });

  test("its list of examples is the folder", async () => {
    const shown = rows(section("## Examples")).map(([file]) => file?.replaceAll("`", ""));
    const real = (await readdir(join(root, "examples"), { withFileTypes: true })).map((entry) =>
      entry.isDirectory() ? `examples/${entry.name}/` : `examples/${entry.name}`,
    );
    expect(shown.sort()).toEqual(real.sort());
  });

  test("its first example is the file", async () => {
    const code = section("## Two dozen lines that run").split("```")[1]?.replace(/^ts\n/, "");
    expect(code?.trim()).toBe((await readFile(join(root, "examples/counter.ts"), "utf8")).trim());
  });

  test("each guarantee names a test that exists", async () => {
    const promises = section("## Guarantees")
      .split("\n")
      .filter((line) => /^- \*\*[A-Z]\d+\*\*/.test(line));
    expect(promises.length).toBeGreaterThan(20);
    for (const promise of promises) {
      const links = [...promise.matchAll(/\[“([^”]+)”\]\(([^)]+)\)/g)];
      expect(links.length, promise).toBeGreaterThan(0);
      for (const [, title = "", file = ""] of links) {
        expect(await readFile(join(root, file), "utf8"), `${file} has the test “${title}”`).toContain(title);
      }
    }
    const ids = promises.map((line) => /\*\*([A-Z]\d+)\*\*/.exec(line)?.[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("every local link leads somewhere", async () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] as string);
    for (const link of links) await expect(readFile(join(root, link)), link).resolves.toBeDefined();
  });
});

describe("the import rule", () => {
  const violations = [
    ["protocols", 'import "../machines/index.ts";'],
    ["protocols", 'import { connect } from "nats";\nexport const x = connect;'],
    ["machines", 'import "../src/index.ts";'],
    ["machines", 'import "../protocols/address.ts";'],
    ["src", 'import "../actors/index.ts";'],
    ["src", 'import "../protocols/errors.ts";'],
    ["actors", 'import "../src/cell.ts";'],
    ["actors", 'import { connect } from "nats";\nexport const x = connect;'],
  ] as const;

  test("is enforced by the linter: each violation on purpose is an error, and the house has none", async () => {
    const files = violations.map(([folder, code], i) => ({
      path: join(root, folder, `violation-${i}.ts`),
      code: `${code}\n`,
    }));
    try {
      for (const { path, code } of files) await writeFile(path, code);
      const result = await run(
        "npx",
        ["biome", "lint", "--reporter=json", "--max-diagnostics=none", ...files.map(({ path }) => path)],
        { cwd: root },
      ).catch((error: { stdout: string }) => error);
      const { diagnostics } = JSON.parse(result.stdout) as {
        diagnostics: { category: string; location: { path: unknown } }[];
      };
      const refused = diagnostics.filter(({ category }) => category === "lint/style/noRestrictedImports");
      for (const { path } of files) {
        const name = path.slice(root.length);
        expect(
          refused.some(({ location }) => JSON.stringify(location.path).includes(name)),
          name,
        ).toBe(true);
      }
    } finally {
      await Promise.all(files.map(({ path }) => rm(path, { force: true })));
    }
  });
});

test("time and chance come from one place: the linter bans the globals in src, machines, actors and protocols", async () => {
  const folder = join(root, "src", "violation");
  await mkdir(folder, { recursive: true });
  try {
    const path = join(folder, "time.ts");
    await writeFile(path, "export const x = [Date.now(), Math.random(), setTimeout(() => {}, 1)];\n");
    const result = await run("npx", ["biome", "lint", "--reporter=json", path], { cwd: root }).catch(
      (error: { stdout: string }) => error,
    );
    const { diagnostics } = JSON.parse(result.stdout) as { diagnostics: unknown[] };
    expect(diagnostics.length).toBeGreaterThanOrEqual(3);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
