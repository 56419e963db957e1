import { addCounts, type Ranked, type Row, Table, Tally } from "./bounded.ts";

export interface NatsMessageRow extends Row {
  level: string;
  sample: string;
  firstMs?: number;
  lastMs?: number;
}

export interface NatsFacts {
  kind: "nats";
  entries: number;
  byLevel: Record<string, number>;
  /** Messages clients published, as far as they were traced. */
  published: { count: number; bytes: number };
  /** Messages delivered to clients, as far as they were traced. */
  delivered: { count: number; bytes: number };
  publishedSubjects: Ranked<Row>;
  /** Connections that were made and closed, by kind (`Client`, `Route`, …); the server tells of clients at DBG only. */
  connects: Record<string, number>;
  disconnects: Record<string, number>;
  closeReasons: Ranked<Row>;
  slowConsumers: { count: number; byPeer: Ranked<Row>; byCause: Record<string, number> };
  /** Refused credentials; a client that did not send any in time is a timeout. */
  authorizationErrors: { count: number; byUser: Ranked<Row>; timeouts: number };
  /** Allowed in, but not allowed this subject. */
  permissionViolations: { count: number; bySubject: Ranked<Row> };
  /** WRN, ERR and FTL messages that are none of the above, with `#` for numbers. */
  problems: Ranked<NatsMessageRow>;
  serverStarts: number;
  versions: string[];
}

export function newProblems(): Table<NatsMessageRow> {
  return new Table({
    rowsMax: 200,
    join: (into, row) => {
      if (row.firstMs !== undefined) into.firstMs = Math.min(into.firstMs ?? row.firstMs, row.firstMs);
      if (row.lastMs !== undefined) into.lastMs = Math.max(into.lastMs ?? row.lastMs, row.lastMs);
    },
  });
}

export function newTally(): Tally {
  return new Tally({ rowsMax: 200 });
}

export const VERSIONS_MAX = 10;

export function mergeNats(a: NatsFacts, b: NatsFacts): NatsFacts {
  const tallies = (of: (facts: NatsFacts) => Ranked<Row>) => newTally().addAll(of(a)).addAll(of(b)).ranked();
  const traffic = (of: (facts: NatsFacts) => { count: number; bytes: number }) => ({
    count: of(a).count + of(b).count,
    bytes: of(a).bytes + of(b).bytes,
  });
  return {
    kind: "nats",
    entries: a.entries + b.entries,
    byLevel: addCounts(a.byLevel, b.byLevel),
    published: traffic((facts) => facts.published),
    delivered: traffic((facts) => facts.delivered),
    publishedSubjects: tallies((facts) => facts.publishedSubjects),
    connects: addCounts(a.connects, b.connects),
    disconnects: addCounts(a.disconnects, b.disconnects),
    closeReasons: tallies((facts) => facts.closeReasons),
    slowConsumers: {
      count: a.slowConsumers.count + b.slowConsumers.count,
      byPeer: tallies((facts) => facts.slowConsumers.byPeer),
      byCause: addCounts(a.slowConsumers.byCause, b.slowConsumers.byCause),
    },
    authorizationErrors: {
      count: a.authorizationErrors.count + b.authorizationErrors.count,
      byUser: tallies((facts) => facts.authorizationErrors.byUser),
      timeouts: a.authorizationErrors.timeouts + b.authorizationErrors.timeouts,
    },
    permissionViolations: {
      count: a.permissionViolations.count + b.permissionViolations.count,
      bySubject: tallies((facts) => facts.permissionViolations.bySubject),
    },
    problems: newProblems().addAll(a.problems).addAll(b.problems).ranked(),
    serverStarts: a.serverStarts + b.serverStarts,
    versions: [...new Set([...a.versions, ...b.versions])].slice(0, VERSIONS_MAX),
  };
}
