import type {
  Execution,
  FunctionFacts,
  KernelFacts,
  OomFacts,
  OomKill,
  TemplateFacts,
} from "../logs/index.ts";
import { shownCount } from "../text.ts";
import { barsOf, durations, shownBytes, shownMoment, shownMs, toned } from "./charts.ts";
import type { Child } from "./markup.ts";
import { code, dash, type Panels, ranked, sorted, table } from "./parts.ts";

export function functionPanels(facts: FunctionFacts): Panels {
  const { executions, coldStarts, memoryKillsOfInstances, timeoutsOfRequests, errors, byFunction } = facts;
  const { all, failed } = executions;
  const kills = all.memoryKills + memoryKillsOfInstances;
  const timeouts = all.timeouts + timeoutsOfRequests;
  return {
    numbers: [
      { name: "Executions", value: shownCount(all.count) },
      { name: "Killed for memory", value: shownCount(kills), tone: kills > 0 ? "critical" : undefined },
      { name: "Timed out", value: shownCount(timeouts), tone: timeouts > 0 ? "critical" : undefined },
      { name: "Cold starts", value: shownCount(coldStarts) },
    ],
    charts: [
      durations("How long executions took", all.durations),
      barsOf("Entries by severity", sorted(facts.bySeverity).map(toned)),
      barsOf("Entries by function", byFunction.rows),
    ],
    tables: [
      table<Execution>(
        "Executions that were killed or timed out",
        [
          { head: "Execution", of: ({ id }) => id, kind: "code" },
          { head: "Function", of: ({ functionName }) => dash(functionName) },
          { head: "Why", of: ({ isMemoryKill }) => (isMemoryKill === true ? "memory limit" : "timeout") },
          { head: "Status it reported", of: ({ status }) => dash(status) },
          {
            head: "Took",
            of: ({ durationMs }) => dash(durationMs === undefined ? undefined : shownMs(durationMs)),
            kind: "number",
          },
        ],
        failed,
      ),
      ranked("Error entries, numbers left out", "Message", errors),
    ],
  };
}

export function kernelPanels({ oom }: KernelFacts): Panels {
  const tone = oom.count > 0 ? "critical" : undefined;
  return {
    numbers: [
      { name: "Processes killed for memory", value: shownCount(oom.count), tone },
      { name: "Whole machine out of memory", value: shownCount(oom.byScope.system ?? 0) },
      { name: "Control group at its limit", value: shownCount(oom.byScope.cgroup ?? 0) },
    ],
    charts: oomCharts(oom),
    tables: [oomTable(oom)],
  };
}

function oomCharts({ byContainer, byProcess }: OomFacts): Child[] {
  return [
    barsOf("Kills by process", byProcess.rows),
    byContainer.rows.length > 1 && barsOf("Kills by control group at its limit", byContainer.rows),
  ];
}

function oomTable({ kills, count }: OomFacts): Child {
  const kilobytes = (kb: number | undefined) => dash(kb === undefined ? undefined : shownBytes(kb * 1_024));
  return table<OomKill>(
    "What the kernel killed",
    [
      { head: "When", of: ({ at, atMs }) => (atMs === undefined ? dash(at) : shownMoment(atMs)) },
      { head: "Process", of: ({ process }) => process, kind: "code" },
      { head: "Pid", of: ({ pid }) => String(pid), kind: "number" },
      { head: "Control group", of: ({ container }) => code(container ?? "–", 60), kind: "code" },
      { head: "Resident", of: ({ anonRssKb }) => kilobytes(anonRssKb), kind: "number" },
      { head: "Virtual", of: ({ totalVmKb }) => kilobytes(totalVmKb), kind: "number" },
    ],
    kills,
    { others: count - kills.length },
  );
}

export function templatePanels(facts: TemplateFacts): Panels {
  const { templates, groups, others, byLevel, oom } = facts;
  const window = facts.windows.unit === "minute" ? "a minute" : "1,000 lines";
  const marked = (is: "isRare" | "isBurst") => templates.filter((row) => row[is]).length;
  const bursts = marked("isBurst");
  return {
    numbers: [
      { name: "Kinds of line", value: shownCount(groups) },
      { name: "Rare kinds", value: shownCount(marked("isRare")) },
      { name: "Bursts", value: shownCount(bursts), tone: bursts > 0 ? "warning" : undefined },
    ],
    charts: [barsOf("Lines by level", sorted(byLevel).map(toned)), ...oomCharts(oom)],
    tables: [
      oomTable(oom),
      table(
        "Templates: the words that all lines of a kind share, <*> where they differ",
        [
          { head: "Lines", of: ({ count }) => shownCount(count), kind: "number" },
          { head: "Level", of: ({ level }) => dash(level) },
          { head: "Template", of: ({ template }) => code(template), kind: "code" },
          {
            head: `Most in ${window}`,
            of: ({ peak, isBurst, isRare }) =>
              `${shownCount(peak.count)}${isBurst ? " · burst" : ""}${isRare ? " · rare" : ""}`,
          },
          { head: "First line", of: ({ first }) => shownCount(first.line), kind: "number" },
        ],
        templates,
        { rowsMax: 20, others: others.groups },
      ),
    ],
  };
}
