import type { NatsFacts } from "../logs/index.ts";
import { shownCount } from "../text.ts";
import { barsOf, shownBytes, toned } from "./charts.ts";
import { type Panels, ranked, sorted, table } from "./parts.ts";

export function natsPanels(facts: NatsFacts): Panels {
  const { slowConsumers, authorizationErrors, permissionViolations, published, delivered, problems } = facts;
  const trouble = (name: string, count: number) => ({
    name,
    value: shownCount(count),
    tone: count > 0 ? ("critical" as const) : undefined,
  });
  const traffic = ({ count, bytes }: typeof published) => `${shownCount(count)} · ${shownBytes(bytes)}`;
  const kinds = Object.fromEntries(Object.keys(facts.disconnects).map((kind) => [kind, 0]));
  return {
    numbers: [
      trouble("Slow consumers", slowConsumers.count),
      trouble("Authorization errors", authorizationErrors.count),
      trouble("Permission violations", permissionViolations.count),
      { name: "Published, as traced", value: traffic(published) },
      { name: "Delivered, as traced", value: traffic(delivered) },
      { name: "Server starts", value: shownCount(facts.serverStarts) },
    ],
    charts: [
      barsOf("Entries by level", sorted(facts.byLevel).map(toned)),
      barsOf("Subjects published to", facts.publishedSubjects.rows),
    ],
    tables: [
      ranked("Warnings and errors, numbers left out", "Message", problems),
      ranked("Slow consumers", "Peer", slowConsumers.byPeer),
      ranked("Users that were refused", "User", authorizationErrors.byUser),
      ranked("Subjects that were refused", "Subject", permissionViolations.bySubject),
      table(
        "Connections",
        [
          { head: "Made", of: ({ count }) => shownCount(count), kind: "number" },
          { head: "Closed", of: ({ label }) => shownCount(facts.disconnects[label] ?? 0), kind: "number" },
          { head: "Kind", of: ({ label }) => label },
        ],
        sorted({ ...kinds, ...facts.connects }),
      ),
      ranked("Why connections were closed", "Reason", facts.closeReasons),
    ],
  };
}
