import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CrewOutcome } from "../../../examples/incident-desk/desk.ts";
import { familyOf, Groups } from "../../../examples/incident-desk/grouping.ts";
import { filesOf, type Intake, nameOf, takeIn } from "../../../examples/incident-desk/intake.ts";
import { readLog } from "../../../examples/incident-desk/logs/index.ts";
import { exampleLogs } from "../../../examples/incident-desk/options.ts";
import { pageOf, type Report, reportOf, writeReport } from "../../../examples/incident-desk/report/index.ts";
import { html } from "../../../examples/incident-desk/report/markup.ts";
import { palettes } from "../../../examples/incident-desk/report/style.ts";
import { sendable } from "../../../examples/incident-desk/sendable.ts";
import { visible } from "../../../examples/incident-desk/text.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const run = {
  system: "incident-desk",
  server: "nats://127.0.0.1:4222",
  mode: "parallel",
  workers: 2,
  areCrewsApart: false,
  tookMs: 2_000,
  workedMs: 500,
} as const;
const madeAtMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** The report on some files, read without actors. */
async function reportOn(...paths: readonly string[]): Promise<Report> {
  const intake = await takeIn(paths);
  const outcomes: CrewOutcome[] = [];
  for (const [crew, files] of filesOf(intake)) {
    if (files.length === 0) {
      outcomes.push({ crew, status: "idle" });
      continue;
    }
    const groups = new Groups();
    const read = [];
    for (const { path, name, format, sizeBytes } of files) {
      const facts = await readLog(path);
      groups.add(name, facts);
      read.push({ name, format, sizeBytes, lines: facts.lines, bytes: facts.bytes, tookMs: 3 });
    }
    outcomes.push({ crew, status: "done", result: { files: read, failures: [], groups: groups.groups() } });
  }
  return reportOf(run, intake, outcomes, madeAtMs);
}

/** The names of the elements of a page, after checking that each is closed where it must be. */
function elementsOf(page: string): Set<string> {
  const open: string[] = [];
  const names = new Set<string>();
  const body = page.replace(/<style>[^<]*<\/style>/, "<style></style>").replace("<!doctype html>", "");
  for (const [tag, end, name = "", , self] of body.matchAll(
    /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z0-9-]+="[^"<>]*")*)\s*(\/?)>/g,
  )) {
    names.add(name);
    if (end === "/") expect(open.pop(), `before ${tag}`).toBe(name);
    else if (self !== "/" && name !== "meta" && name !== "br") open.push(name);
  }
  expect(open).toEqual([]);
  // Every `<` begins one of the tags above: none is left over for a reader to guess at.
  expect(body.replace(/<\/?[a-z][a-z0-9]*(?:\s+[a-zA-Z0-9-]+="[^"<>]*")*\s*\/?>/g, "")).not.toMatch(/[<>]/);
  return names;
}

const allowed = new Set(
  "html head meta title style body main header footer section article div p h1 h2 h3 ul li dl dt dd a span strong br pre code table caption thead tbody tr th td figure figcaption svg g text rect line".split(
    " ",
  ),
);

describe("the page", () => {
  test("is well-formed, of known elements only, and shows the numbers of the facts", async () => {
    const report = await reportOn(exampleLogs);
    const page = pageOf(report);
    expect([...elementsOf(page)].filter((name) => !allowed.has(name))).toEqual([]);
    expect(page).toContain("<h1>4 critical findings in 11 logs</h1>");
    expect(page).toContain("<dt>Lines</dt><dd>2,382</dd>");
    expect(page).toContain("<dt>Lines a second</dt><dd>4,764</dd>");
    expect(page).toContain("Incident report · 2026-01-02 03:04:05 UTC");
    for (const { files } of report.crews)
      for (const { name } of files) expect(page).toContain(`<td class="code">${name}</td>`);
    for (const { groups } of report.crews)
      for (const { findings } of groups)
        for (const { title } of findings) expect(page).toContain(html`${title}`.text);
  });

  test("fetches nothing, runs nothing, and says so to the browser", async () => {
    const page = pageOf(await reportOn(exampleLogs));
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect([...page.matchAll(/(?:href|src|action)="([^"]*)"/g)].map((match) => match[1])).toEqual([
      "#service",
      "#messaging",
      "#database",
    ]);
    expect(page).not.toMatch(/<script|url\(|@import|<link|<iframe/i);
  });

  test("keeps whatever a log says as text", async () => {
    await using folder = await temporaryFolder();
    const evil = `<img src=x onerror="alert(1)"> </pre></style><script>alert('2')</script> &lt;b&gt; \u001b[31m \u202egnp`;
    const at = "2026-01-01 00:00:00.000 UTC";
    await writeFile(join(folder.path, "app<img src=x onerror=alert(3)>.log"), `ERROR ${evil}\n`.repeat(20));
    await writeFile(
      join(folder.path, "postgresql.log"),
      `${at} [7] ERROR:  ${evil}\n${at} [7] <b>@<i> LOG:  duration: 12000 ms  statement: select ${evil}\n`,
    );
    await writeFile(
      join(folder.path, "nats.log"),
      `[1] 2026/01/01 00:00:00.000000 [ERR] ${evil}\n[1] 2026/01/01 00:00:00.000000 [INF] Server is ready\n`,
    );
    await writeFile(
      join(folder.path, "functions.json"),
      `${JSON.stringify({ severity: evil, textPayload: evil, timestamp: "2026-01-01T00:00:00Z", resource: { labels: { function_name: evil } }, labels: { execution_id: evil } })}\n`,
    );
    await writeFile(
      join(folder.path, "kern.log"),
      `[    1.000000] Out of memory: Killed process 5 (<script>) total-vm:1kB\n`,
    );
    const report = await reportOn(folder.path);
    expect(report.crews.flatMap(({ groups }) => groups.map(({ facts }) => facts.format)).sort()).toEqual([
      "gcp-functions",
      "kernel",
      "nats-server",
      "postgres-stderr",
      "unknown",
    ]);
    const page = pageOf(report);
    expect([...elementsOf(page)].filter((name) => !allowed.has(name))).toEqual([]);
    expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    expect(page).toContain("app&lt;img src=x onerror=alert(3)&gt;.log");
    for (const unseen of ["\u001b", "\u202e"]) expect(page).not.toContain(unseen);
    expect(page).toContain("\\x1b[31m");
  });

  test("says of each crew what became of it", async () => {
    const intake: Intake = {
      files: { service: [], messaging: [], database: [] },
      failures: [{ name: "locked.log", reason: "EACCES: permission denied" }],
      isCut: true,
    };
    const outcomes: CrewOutcome[] = [
      { crew: "service", status: "failed", code: "REFUSED", reason: "its disk <is> full" },
      { crew: "messaging", status: "notAsked" },
      { crew: "database", status: "idle" },
    ];
    const page = pageOf(reportOf(run, intake, outcomes, madeAtMs));
    elementsOf(page);
    expect(page).toContain("<h1>Nothing critical in 0 logs; 2 of 3 crews did not finish</h1>");
    expect(page).toContain("Failed with REFUSED: its disk &lt;is&gt; full");
    expect(page).toContain("It was not asked, because a crew before it failed.");
    expect(page).toContain("There was nothing for it to do");
    expect(page).toContain("Not read: locked.log (EACCES: permission denied)");
    expect(page).toContain("There were more logs than one run takes");
  });

  test.each(["light", "dark"] as const)("has enough contrast in its %s colours", (name) => {
    const palette = palettes[name];
    const pairs = [
      ["ink", "page"],
      ["ink", "sheet"],
      ["soft", "page"],
      ["soft", "sheet"],
      ["critical", "criticalGround"],
      ["critical", "sheet"],
      ["critical", "page"],
      ["warning", "warningGround"],
      ["warning", "sheet"],
      ["warning", "page"],
      ["info", "infoGround"],
      ["good", "sheet"],
    ] as const;
    for (const [text, ground] of pairs)
      expect(contrast(palette[text], palette[ground]), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    // What is drawn, not written, needs 3.
    expect(contrast(palette.plain, palette.sheet)).toBeGreaterThanOrEqual(3);
  });
});

test("both files are written, and the JSON is the report whole", async () => {
  await using folder = await temporaryFolder();
  const report = await reportOn(join(exampleLogs, "logs/kernel"));
  const { html: page, json } = await writeReport(report, join(folder.path, "deep", "er"));
  expect(JSON.parse(await readFile(json, "utf8"))).toEqual(report);
  expect(await readFile(page, "utf8")).toBe(pageOf(report));
});

test("rotated logs of one program are one group, and others have their own", () => {
  const names = [
    "a/web.log",
    "a/web.log.1",
    "a/web.log.2.gz",
    "a/web-2026-01-02.log",
    "a/web-20260102.log.gz",
  ];
  expect(new Set(names.map(familyOf))).toEqual(new Set(["a/web.log"]));
  expect(familyOf("b/web.log")).toBe("b/web.log");
  expect(familyOf("a/2026-01-02")).toBe("a/2026-01-02");
});

test("a name is at most 200 bytes, keeps its end, and never half a character", () => {
  expect(nameOf("/logs/a.log", "/logs")).toBe("a.log");
  expect(nameOf("/var/a.log", "/logs")).toBe("/var/a.log");
  const name = nameOf(`/logs/${"😀".repeat(100)}.log`, "/logs");
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
  expect(name).toMatch(/^…(?:😀)+\.log$/u);
});

test("what no message may carry is replaced, and long tables are cut with what was cut counted", () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, count: 1, sample: "x".repeat(100) }));
  const facts = { bySeverity: { constructor: 1 }, cut: "half \ud83d", rows, others: { rows: 2, count: 5 } };
  const room = { bytesMax: 100_000, valuesMax: 10_000 };
  expect(sendable(facts, room)).toEqual({ ...facts, bySeverity: { '"constructor"': 1 }, cut: "half \ufffd" });
  const short = sendable(facts, { ...room, bytesMax: 5_000 });
  expect(short.rows).toHaveLength(20);
  expect(short.others).toEqual({ rows: 82, count: 85 });
  expect(() => sendable(facts, { ...room, bytesMax: 100 })).toThrow("Expected facts of at most 100 bytes");
});

test("characters that cannot be seen are spelled out, lines and tabs stay", () => {
  expect(visible("a\tb\nc\u001b[2J\u0000\u202e\ud800é😀")).toBe("a\tb\nc\\x1b[2J\\x00\\u202e\\ud800é😀");
});

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
