import type { Finding, LogFacts } from "../logs/index.ts";
import { shownCount } from "../text.ts";
import { overTime, shownBytes, shownMoment, shownMs } from "./charts.ts";
import { html, Markup } from "./markup.ts";
import { mysqlPanels, postgresPanels } from "./panels-database.ts";
import { natsPanels } from "./panels-messaging.ts";
import { functionPanels, kernelPanels, templatePanels } from "./panels-service.ts";
import { numbers, type Panels, table } from "./parts.ts";
import { type CrewReport, type Report, rankedFindings } from "./report.ts";
import { style } from "./style.ts";

/** The report as one HTML file: nothing is fetched, no script runs, and it may be printed. */
export function pageOf(report: Report): string {
  const title = verdictOf(report);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
${opening(report, title)}
${findingsSection(report)}
${report.crews.map(crewSection)}
${followUpSection(report)}
${filesSection(report)}
${closing(report)}
</main>
</body>
</html>
`;
  return page.text;
}

/** The report in one line. */
export function verdictOf({ totals, crews }: Report): string {
  const failed = crews.filter(({ status }) => status === "failed" || status === "notAsked").length;
  const logs = plural(totals.files, "log");
  const found =
    totals.critical > 0
      ? `${plural(totals.critical, "critical finding")} in ${logs}`
      : totals.warning > 0
        ? `${plural(totals.warning, "warning")} in ${logs}, nothing critical`
        : `Nothing critical in ${logs}`;
  return failed === 0 ? found : `${found}; ${failed} of ${crews.length} crews did not finish`;
}

function opening({ crews, madeAtMs, run, time, totals, isCut }: Report, title: string): Markup {
  const range =
    time && `The entries lie between ${shownMoment(time.firstMs)} and ${shownMoment(time.lastMs)} UTC. `;
  const how = run.areCrewsApart ? "each crew in a process of its own" : "all in one process";
  return html`<header>
<p class="eyebrow">Incident report · ${shownMoment(madeAtMs)} UTC</p>
<h1>${title}</h1>
<p class="lede">${range}Read by ${crews.filter(({ status }) => status !== "idle").length} crews in ${run.mode}, ${how}.</p>
${numbers([
  {
    name: "Critical",
    value: shownCount(totals.critical),
    tone: totals.critical > 0 ? "critical" : undefined,
  },
  { name: "Warnings", value: shownCount(totals.warning), tone: totals.warning > 0 ? "warning" : undefined },
  { name: "For information", value: shownCount(totals.info) },
  { name: "Lines", value: shownCount(totals.lines) },
  { name: "Text", value: shownBytes(totals.bytes) },
  { name: "Read in", value: shownMs(run.workedMs) },
  { name: "Lines a second", value: shownCount(run.linesPerSecond) },
  {
    name: "Files not read",
    value: shownCount(totals.failedFiles),
    tone: totals.failedFiles > 0 ? "critical" : undefined,
  },
])}
${isCut && html`<p class="error">There were more logs than one run takes; the others were not read.</p>`}
<ul class="crews">${crews.map(crewCard)}</ul>
</header>`;
}

const stateNames: Readonly<Record<CrewReport["status"], string>> = {
  done: "done",
  failed: "failed",
  idle: "nothing to do",
  notAsked: "not asked",
};

function crewCard({ crew, status, files, failures, totals, groups }: CrewReport): Markup {
  const critical = groups
    .flatMap(({ findings }) => findings)
    .filter(({ severity }) => severity === "critical");
  const read = `${plural(files.length, "file")} · ${plural(totals.lines, "line")}`;
  const unread = failures.length > 0 && ` · ${shownCount(failures.length)} not read`;
  return html`<li><span class="state ${status}">${stateNames[status]}</span><a href="#${crew}">${crew}</a>
<p>${status === "done" ? html`${read}${unread}<br>${shownCount(critical.length)} critical` : "–"}</p></li>
`;
}

function findingsSection(report: Report): Markup {
  const found = rankedFindings(report).filter(({ severity }) => severity !== "info");
  const shown = found.map((finding) => findingArticle(finding, `${finding.crew} · ${finding.label}`));
  return html`<section aria-labelledby="findings">
<h2 id="findings">What to look at</h2>
${shown.length > 0 ? shown : html`<p>Nothing critical, and no warnings.</p>`}
</section>`;
}

function findingArticle(
  { severity, title, evidence, samples }: ReturnType<typeof rankedFindings>[number],
  where: string,
): Markup {
  return html`<article class="finding ${severity}">
<header><span class="badge">${severity}</span><h3>${title}</h3><span class="where">${where}</span></header>
${evidence.length > 0 && html`<ul>${evidence.map((line) => html`<li>${line}</li>`)}</ul>`}
${samples.length > 0 && html`<pre tabindex="0" aria-label="Lines of the log">${samples.join("\n")}</pre>`}
</article>
`;
}

function crewSection({ crew, status, error, failures, groups }: CrewReport): Markup {
  const heading = `${crew.slice(0, 1).toUpperCase()}${crew.slice(1)} crew`;
  const nothing: Partial<Record<CrewReport["status"], string>> = {
    idle: "There was nothing for it to do: none of the logs is of its kind.",
    notAsked: "It was not asked, because a crew before it failed.",
  };
  return html`<section aria-labelledby="${crew}">
<h2 id="${crew}">${heading}</h2>
${nothing[status] !== undefined && html`<p>${nothing[status]}</p>`}
${error && html`<p class="error" role="note">Failed with ${error.code}: ${error.reason}</p>`}
${failures.map(({ name, reason }) => html`<p class="error">Not read: ${name} (${reason})</p>`)}
${groups.map(groupArticle)}
</section>`;
}

function groupArticle({ label, facts, findings }: CrewReport["groups"][number]): Markup {
  const notes = findings.filter(({ severity }) => severity === "info");
  const size = `${plural(facts.files, "file")} · ${plural(facts.lines, "line")} · ${shownBytes(facts.bytes)}`;
  const panels = panelsOf(facts);
  return html`<article class="group">
<header><h3>${label}</h3><p>${size}</p></header>
${numbers(panels.numbers)}
<div class="charts">
${overTime("Entries over time", facts.time.timeline)}
${panels.charts}
</div>
${panels.tables}
${notes.map(note)}
</article>
`;
}

/** A finding for information only: its figures stand in the panels already. */
function note({ title, evidence, samples }: Finding): Markup {
  return html`<div class="note"><p><strong>${title}</strong>${evidence.length > 0 && html`<br>${evidence.join(" · ")}`}</p>
${samples.length > 0 && html`<pre tabindex="0" aria-label="Lines of the log">${samples.join("\n")}</pre>`}</div>
`;
}

function plural(count: number, one: string): string {
  return `${shownCount(count)} ${count === 1 ? one : `${one}s`}`;
}

function panelsOf(facts: LogFacts): Panels {
  switch (facts.kind) {
    case "functions":
      return functionPanels(facts);
    case "kernel":
      return kernelPanels(facts);
    case "postgres":
      return postgresPanels(facts);
    case "mysql-slow":
      return mysqlPanels(facts);
    case "nats":
      return natsPanels(facts);
    case "templates":
      return templatePanels(facts);
  }
}

function followUpSection({ followUps = [] }: Report): Markup | undefined {
  if (followUps.length === 0) return undefined;
  return html`<section aria-labelledby="follow-ups">
<h2 id="follow-ups">What was done about it</h2>
${table(
  "What the desk delegated, and what became of it",
  [
    { head: "Task", of: ({ task }) => task.replace("_", " ") },
    { head: "About", of: ({ about }) => about, kind: "code" },
    {
      head: "By",
      of: ({ by, insteadOf }) => (insteadOf === undefined ? by : `${by}, instead of ${insteadOf}`),
    },
    { head: "Ended", of: ({ status }) => status },
    {
      head: "What came of it",
      of: ({ says, asked }) => (asked === undefined ? says : `${says}; ${asked} is asked`),
    },
  ],
  followUps,
  { rowsMax: 50 },
)}
</section>`;
}

function filesSection({ crews, notAssigned }: Report): Markup {
  const files = crews.flatMap(({ crew, files }) => files.map((file) => ({ ...file, crew })));
  return html`<section aria-labelledby="files">
<h2 id="files">Files</h2>
${notAssigned.map(({ name, reason }) => html`<p class="error">Not read: ${name} (${reason})</p>`)}
${table(
  "Every file that was read",
  [
    { head: "File", of: ({ name }) => name, kind: "code" },
    { head: "Recognised as", of: ({ format }) => format },
    { head: "Crew", of: ({ crew }) => crew },
    { head: "Lines", of: ({ lines }) => shownCount(lines), kind: "number" },
    { head: "Text", of: ({ bytes }) => shownBytes(bytes), kind: "number" },
    { head: "Stored", of: ({ sizeBytes }) => shownBytes(sizeBytes), kind: "number" },
    { head: "Took", of: ({ tookMs }) => shownMs(tookMs), kind: "number" },
  ],
  files,
  { rowsMax: 1_000 },
)}
</section>`;
}

function closing({ run }: Report): Markup {
  return html`<footer>Every number here was counted from the logs; none was estimated, and no model was asked.
The same facts, whole, are in report.json. Made by the coxswain system ${run.system} over ${run.server},
${plural(run.workers, "reader")} a crew.</footer>`;
}
