import { connect, type NatsConnection } from "nats";
import { type ActorSystem, createSystem, type Report, type SystemOptions } from "../../../src/index.ts";
import {
  inboxPrefixOf,
  permissionsConfig,
  provision,
  type SystemPlan,
  systemPermissions,
  userName,
} from "../../../src/permissions/index.ts";
import type { ServerConfig } from "../../../src/server/index.ts";
import { connectNats } from "../../../src/transport/nats.ts";
import { counterActor } from "../../support/counter.ts";
import { testServer } from "../../support/nats-server.ts";
import { billActor, bookActor, tellerActor } from "./actors.ts";

/** The definitions of the harbour, by name: of volatile actors, and of durable types. */
export const actors = {
  desk: counterActor,
  crew: counterActor,
  teller: tellerActor,
  book: bookActor,
  bill: billActor,
};

/**
 * Four nodes in zones of their own: the desk sends to the crew and to books; the yard and the pier host durable types, of which
 * books tell bills; the loft is told by nobody and tells nobody. A client knows nothing of us.
 */
export const harbour: SystemPlan = {
  system: "harbour",
  nodes: {
    desk: {
      hosts: { desk: actors.desk, teller: actors.teller },
      sends: ["crew", "book"],
      listens: ["crew", "book"],
      audits: true,
      sendsToGroups: ["oars"],
    },
    yard: { zone: "works", hosts: { crew: actors.crew, book: actors.book }, sends: ["bill"] },
    pier: { hosts: { bill: actors.bill } },
    loft: { hosts: ["attic"], joins: ["oars"] },
  },
  clients: { web: { sends: ["crew", "book"], listens: ["crew"] } },
};

export const hostingBooks = { actors: { book: actors.book }, labels: ["books"] };
export const hostingBills = { actors: { bill: actors.bill }, labels: ["bills"] };

export const password = (user: string): string => `password-of-${user}`;

/** Each user of a plan, and the two of the accounts beside it. */
export function usersOf(plan: SystemPlan): readonly string[] {
  return [...systemPermissions(plan).map(({ name }) => userName(plan.system, name)), "sys", "other"];
}

export function configOf(plan: SystemPlan): ServerConfig {
  const credentials = Object.fromEntries(usersOf(plan).map((user) => [user, { password: password(user) }]));
  return permissionsConfig(plan, { credentials });
}

export function connectionOf(plan: SystemPlan, name: string) {
  const user = userName(plan.system, name);
  return { user, pass: password(user), inboxPrefix: inboxPrefixOf(plan.system, name) };
}

/** A real server with the permissions of a plan, on which the operator has made what the system keeps. */
export async function openHarbour(version: "2.10.27" | "2.9.10", plan: SystemPlan = harbour) {
  const server = await testServer({ version, config: configOf(plan) });
  const reports: (Report & { readonly node: string })[] = [];
  const nodes: ActorSystem[] = [];
  const clients: NatsConnection[] = [];
  const operator = await connectNats({ servers: server.url, ...connectionOf(plan, "operator") });
  await provision(operator.store, plan);
  await operator.close();
  return {
    server,
    /** What nodes said that was no mere information. */
    reports,
    /** A node of the plan, connected as itself. */
    async node(name: string, options: Partial<SystemOptions> = {}): Promise<ActorSystem> {
      const { zone = name } = plan.nodes[name] ?? {};
      const system = await createSystem({
        name: plan.system,
        node: name,
        zone,
        servers: server.url,
        leaseMs: 600,
        connection: connectionOf(plan, name),
        onReport: (report) => void (report.level !== "info" && reports.push({ node: name, ...report })),
        ...options,
      });
      nodes.push(system);
      return system;
    },
    /** A plain client, as any user. */
    async client(name: string, user = userName(plan.system, name)): Promise<NatsConnection> {
      const client = await connect({
        servers: server.url,
        user,
        pass: password(user),
        inboxPrefix: inboxPrefixOf(plan.system, name),
        reconnect: false,
      });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(clients.map((client) => client.close()));
      await Promise.all(nodes.map((node) => node.drain({ withinMs: 1_000 })));
      await server.stop();
    },
  };
}
