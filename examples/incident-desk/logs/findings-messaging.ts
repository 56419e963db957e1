import type { Ranked, Row } from "./bounded.ts";
import { counted, type Finding, finding, shownBytes, shownTime } from "./finding.ts";
import type { NatsFacts } from "./nats-facts.ts";

const SHOWN_MAX = 5;

export function natsFindings(facts: NatsFacts): Finding[] {
  const { slowConsumers, authorizationErrors, permissionViolations, problems, published, delivered } = facts;
  const found: Finding[] = [];
  if (slowConsumers.count > 0) {
    const causes = Object.entries(slowConsumers.byCause).map(([cause, count]) => `${cause}: ${count}`);
    const title = counted(slowConsumers.count, "slow consumer");
    found.push(finding("critical", "slowConsumers", title, [...causes, ...shownRows(slowConsumers.byPeer)]));
  }
  if (authorizationErrors.count > 0) {
    const title = counted(authorizationErrors.count, "authorization error");
    found.push(
      finding("critical", "authorizationErrors", title, shownRows(authorizationErrors.byUser, "user ")),
    );
  }
  if (authorizationErrors.timeouts > 0) {
    const title = counted(
      authorizationErrors.timeouts,
      "client did not authenticate in time",
      "clients did not authenticate in time",
    );
    found.push(finding("warning", "authorizationTimeouts", title));
  }
  if (permissionViolations.count > 0) {
    const title = counted(permissionViolations.count, "permission violation");
    found.push(
      finding(
        "warning",
        "permissionViolations",
        title,
        shownRows(permissionViolations.bySubject, "subject "),
      ),
    );
  }
  for (const { key, count, level, sample, firstMs, lastMs } of problems.rows.slice(0, SHOWN_MAX)) {
    const evidence = [`first ${shownTime(firstMs)}, last ${shownTime(lastMs)}`];
    const severity = level === "FTL" ? "critical" : "warning";
    found.push(finding(severity, "brokerProblems", `${counted(count, "time")} ${key}`, evidence, [sample]));
  }
  if (published.count + delivered.count > 0) {
    const title = `${counted(published.count, "message")} published, ${delivered.count} delivered`;
    found.push(
      finding("info", "traffic", title, [
        `${shownBytes(published.bytes)} published, ${shownBytes(delivered.bytes)} delivered`,
      ]),
    );
  }
  const kinds = Object.entries(facts.connects).map(([kind, count]) => {
    return `${kind}: ${count} made, ${facts.disconnects[kind] ?? 0} closed`;
  });
  if (kinds.length > 0)
    found.push(
      finding("info", "connections", "Connections", [...kinds, ...shownRows(facts.closeReasons, "closed: ")]),
    );
  if (facts.serverStarts > 1)
    found.push(finding("warning", "restarts", `The server was started ${facts.serverStarts} times`));
  return found;
}

function shownRows({ rows }: Ranked<Row>, label = ""): string[] {
  return rows
    .slice(0, SHOWN_MAX)
    .map(({ key, count }) => `${label}${key === "" ? "not named" : key}: ${count}`);
}
