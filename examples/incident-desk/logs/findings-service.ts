import type { Execution } from "./executions.ts";
import { counted, type Finding, finding, shownMs, shownTime } from "./finding.ts";
import type { FunctionFacts } from "./functions-reader.ts";
import type { KernelFacts, OomFacts } from "./kernel-facts.ts";
import type { OomKill } from "./kernel-oom.ts";
import { isSevere } from "./line-shape.ts";
import type { TemplateFacts, TemplateRow } from "./template-facts.ts";

const SHOWN_MAX = 5;

export function functionFindings(facts: FunctionFacts): Finding[] {
  const { executions, coldStarts, errors, memoryKillsOfInstances, timeoutsOfRequests } = facts;
  const { all, failed } = executions;
  const found: Finding[] = [];
  const kills = all.memoryKills + memoryKillsOfInstances;
  if (kills > 0) {
    const killed = failed.filter(({ isMemoryKill }) => isMemoryKill).slice(0, SHOWN_MAX);
    const evidence = [
      `${all.memoryKills} of ${counted(all.count, "execution")}`,
      ...killed.map(shownExecution),
    ];
    if (all.memoryKillsEndedAsSuccess > 0) {
      evidence.push(`${all.memoryKillsEndedAsSuccess} of them ended with a status that reads as success`);
    }
    if (memoryKillsOfInstances > 0)
      evidence.push(counted(memoryKillsOfInstances, "instance terminated", "instances terminated"));
    found.push(
      finding(
        "critical",
        "memoryKills",
        `${counted(kills, "kill")} for exceeding the memory limit`,
        evidence,
      ),
    );
  }
  const timeouts = all.timeouts + timeoutsOfRequests;
  if (timeouts > 0) {
    const late = failed.filter(({ isTimeout }) => isTimeout).slice(0, SHOWN_MAX);
    found.push(
      finding(
        "critical",
        "timeouts",
        counted(timeouts, "execution timed out", "executions timed out"),
        late.map(shownExecution),
      ),
    );
  }
  for (const { key, count, sample, firstMs, lastMs } of errors.rows.slice(0, SHOWN_MAX)) {
    const evidence = [`first ${shownTime(firstMs)}, last ${shownTime(lastMs)}`];
    found.push(
      finding(
        "warning",
        "functionErrors",
        `${counted(count, "error entry", "error entries")}: ${key}`,
        evidence,
        [sample],
      ),
    );
  }
  if (coldStarts > 0) found.push(finding("info", "coldStarts", counted(coldStarts, "cold start")));
  if (all.durations.count > 0) {
    const { count, sumUs, minMs, maxMs } = all.durations;
    const evidence = [
      `shortest ${shownMs(minMs)}, mean ${shownMs(sumUs / 1_000 / count)}, longest ${shownMs(maxMs)}`,
    ];
    found.push(finding("info", "executions", counted(all.count, "execution"), evidence));
  }
  return found;
}

function shownExecution({ id, functionName, durationMs, status, startedMs }: Execution): string {
  const name = functionName === undefined ? "" : ` of ${functionName}`;
  const started = startedMs === undefined ? "" : `, started ${shownTime(startedMs)}`;
  const took = durationMs === undefined ? "" : `, took ${shownMs(durationMs)}`;
  return `${id}${name}${started}${took}${status === undefined ? "" : `, ended with status ${status}`}`;
}

export function kernelFindings(facts: KernelFacts): Finding[] {
  return oomFindings(facts.oom);
}

function oomFindings({ count, kills, byScope, byProcess }: OomFacts): Finding[] {
  if (count === 0) return [];
  const scopes = Object.entries(byScope).map(([scope, n]) => `${scopeName(scope)}: ${n}`);
  const processes = byProcess.rows
    .slice(0, SHOWN_MAX)
    .map(({ key, count: n }) => `${key}: ${counted(n, "time")}`);
  const shown = kills.slice(0, SHOWN_MAX);
  const title = `The kernel killed ${counted(count, "process", "processes")} for memory`;
  const evidence = [...scopes, ...processes, ...shown.map(shownKill)];
  return [
    finding(
      "critical",
      "oomKills",
      title,
      evidence,
      shown.map(({ line }) => line),
    ),
  ];
}

function scopeName(scope: string): string {
  if (scope === "system") return "whole machine out of memory";
  return scope === "cgroup" ? "control group at its limit" : "limit not named";
}

function shownKill({ pid, process, container, victimContainer, at }: OomKill): string {
  const where = container === undefined ? "" : ` in ${container}, limit of ${victimContainer}`;
  return `process ${pid} (${process})${where}${at === undefined ? "" : `, ${at}`}`;
}

export function templateFindings(facts: TemplateFacts): Finding[] {
  const { templates, byLevel, entries, groups, windows } = facts;
  const severe = Object.entries(byLevel).filter(([level]) => isSevere(level));
  const severeRows = templates.filter(({ level }) => isSevere(level)).slice(0, SHOWN_MAX);
  const found = oomFindings(facts.oom);
  if (severe.length > 0) {
    const title = severe.map(([level, count]) => counted(count, `${level} line`)).join(", ");
    found.push(
      finding(
        "warning",
        "severeLines",
        title,
        severeRows.map(shownTemplate),
        severeRows.map(({ first }) => first.text),
      ),
    );
  }
  const bursts = templates.filter(({ isBurst }) => isBurst).toSorted((a, b) => b.peak.count - a.peak.count);
  for (const row of bursts.slice(0, SHOWN_MAX)) {
    const mean = Number((row.count / windows.count).toFixed(2));
    const unit = windows.unit === "minute" ? "minute" : "1,000 lines";
    const when = row.peak.atMs === undefined ? "" : `, ${shownTime(row.peak.atMs)}`;
    const evidence = [
      `${row.peak.count} in one ${unit} from line ${row.peak.line}${when}`,
      `${mean} on average over ${counted(windows.count, "stretch", "stretches")} of ${unit} with any line`,
    ];
    found.push(finding("warning", "burst", `Burst: ${row.template}`, evidence, [row.first.text]));
  }
  const rare = templates.filter(({ isRare }) => isRare);
  if (rare.length > 0) {
    const severeFirst = rare.toSorted(
      (a, b) => Number(isSevere(b.level)) - Number(isSevere(a.level)) || a.count - b.count,
    );
    const shown = severeFirst.slice(0, SHOWN_MAX);
    const title = counted(rare.length, "rare kind of line", "rare kinds of line");
    found.push(
      finding(
        "info",
        "rare",
        title,
        shown.map(shownTemplate),
        shown.map(({ first }) => first.text),
      ),
    );
  }
  const evidence = templates.slice(0, SHOWN_MAX).map(shownTemplate);
  found.push(
    finding("info", "templates", `${counted(entries, "line")} of ${counted(groups, "kind")}`, evidence),
  );
  return found;
}

function shownTemplate({ count, level, template }: TemplateRow): string {
  return `${counted(count, "line")}${level === undefined ? "" : ` ${level}`}: ${template}`;
}
