import type { LogFacts } from "./facts.ts";
import { bySeverity, counted, type Finding, finding } from "./finding.ts";
import { mysqlFindings, postgresFindings } from "./findings-database.ts";
import { natsFindings } from "./findings-messaging.ts";
import { functionFindings, kernelFindings, templateFindings } from "./findings-service.ts";

/** What a person should know of a log, the most severe first. It says only what the facts say. */
export function findingsOf(facts: LogFacts): Finding[] {
  return [...formatFindings(facts), ...readingFindings(facts)].sort(bySeverity);
}

function formatFindings(facts: LogFacts): Finding[] {
  switch (facts.kind) {
    case "functions":
      return functionFindings(facts);
    case "kernel":
      return kernelFindings(facts);
    case "postgres":
      return postgresFindings(facts);
    case "mysql-slow":
      return mysqlFindings(facts);
    case "nats":
      return natsFindings(facts);
    case "templates":
      return templateFindings(facts);
  }
}

/** What the reading itself ran into. */
function readingFindings({ malformed, cutLines, damage }: LogFacts): Finding[] {
  const found: Finding[] = [];
  if (damage.length > 0) found.push(finding("warning", "damage", "Could not be read to the end", damage));
  if (malformed.count > 0) {
    const title = counted(malformed.count, "line was not understood", "lines were not understood");
    found.push(finding("info", "malformed", title, [], malformed.samples));
  }
  if (cutLines > 0)
    found.push(finding("info", "cutLines", `${counted(cutLines, "line")} longer than 64 KiB cut`));
  return found;
}
