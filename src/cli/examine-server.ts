import { randomBytes } from "node:crypto";
import type { NatsConnection } from "nats";
import {
  actorAddress,
  encodeEnvelopeJson,
  eventPattern,
  eventSubject,
  inboxSubject,
  messageId,
  nameToken,
  replyPattern,
  replySubject,
  rootPatterns,
  systemName,
} from "../../protocols/index.ts";
import {
  describeServer,
  provenLevel,
  type ServerDescription,
  type ServerEvidence,
  type ServerFlushes,
  statedLevel,
} from "../server/index.ts";
import type { NatsOptions } from "../transport/nats-options.ts";
import { lookAtStreams } from "./backup/stored-system.ts";
import { dialServer, systemsOn } from "./choose.ts";
import type { Finding } from "./doctor.ts";
import { durableFindings } from "./examine-durable.ts";

interface Patient {
  readonly options: NatsOptions;
  readonly system: string | undefined;
  readonly zone: string;
  /** As it is stated; else those of the system's streams, where it has any. */
  readonly replicas: number | undefined;
  /** As it is known. */
  readonly sync: "interval" | "always" | undefined;
  readonly stated: ServerFlushes | undefined;
}

/** Connects and looks: what the server is, what this user may do on it, what can be proved of it. @throws as `dialServer` */
export async function examineServer(patient: Patient): Promise<readonly Finding[]> {
  const connection = await dialServer(patient.options);
  try {
    const evidence = await evidenceOf(connection, patient);
    const description = describeServer(evidence);
    const { system = `doctor-${randomBytes(4).toString("hex")}`, zone } = patient;
    systemName(system);
    nameToken("a zone", zone);
    return [
      versionFinding(description),
      jetStreamFinding(description),
      clusterFinding(description),
      await subjectsFinding(connection, system, zone),
      ...(description.jetstream ? [await storeFinding(connection, system)] : []),
      ...(await durableAgents(connection, patient)),
      ...description.verdicts.map(
        ({ failure, survives, because, remedy }): Finding => ({
          what: `survives ${failure}`,
          state: survives === "yes" ? "fine" : "note",
          says: `${survives}: ${because}`,
          ...(remedy === undefined ? {} : { remedy }),
        }),
      ),
      levelFinding(evidence),
      ...(patient.stated === undefined
        ? []
        : [{ what: "stated", state: "note", says: statedLevel(patient.stated, patient.sync) } as const]),
    ];
  } finally {
    await connection.close();
  }
}

async function evidenceOf(connection: NatsConnection, patient: Patient): Promise<ServerEvidence> {
  const { info } = connection;
  if (info === undefined) throw new Error("Expected a server that says what it is");
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 3_000 });
  const account = await manager.getAccountInfo().catch(() => undefined);
  const replicas = patient.replicas ?? (await replicasKept(connection, patient.system)) ?? 1;
  return { info, account, replicas, sync: patient.sync };
}

/** Of the system that is named, or the only one there is. */
async function durableAgents(
  connection: NatsConnection,
  { options, system: named }: Patient,
): Promise<readonly Finding[]> {
  const systems = await systemsOn(connection).catch((): readonly string[] => []);
  const system = named ?? (systems.length === 1 ? systems[0] : undefined);
  if (system === undefined || !systems.includes(system)) return [];
  // Who may not read them is told so by the findings before this one.
  return durableFindings(options, system).catch(() => []);
}

/** The least of the system's streams; of the only system there is, where none is named. */
async function replicasKept(
  connection: NatsConnection,
  named: string | undefined,
): Promise<number | undefined> {
  try {
    const [system, ...others] = named === undefined ? await systemsOn(connection) : [named];
    if (system === undefined || others.length > 0) return undefined;
    const streams = await lookAtStreams(connection, system);
    return streams.length === 0 ? undefined : Math.min(...streams.map(({ replicas }) => replicas));
  } catch {
    // Who may not look at streams, or has none, states it.
    return undefined;
  }
}

/** What of it all is proved for durable agents, and what would raise it. */
function levelFinding({ info, account, replicas, sync }: ServerEvidence): Finding {
  const { level, verdicts, remedy } = provenLevel(info, { account, replicas, sync });
  const list = (wanted: string): string =>
    verdicts
      .filter(({ survives }) => survives === wanted)
      .map(({ failure }) => failure)
      .join(", ");
  const parts = [
    `${level} (streams kept ${replicas === 1 ? "once" : `${replicas} times`})`,
    ...(list("no") === "" ? [] : [`not proof against: ${list("no")}`]),
    ...(list("unknown") === "" ? [] : [`not known: ${list("unknown")}`]),
  ];
  const state = level === "none" ? "missing" : "fine";
  const raised = remedy === undefined ? {} : { remedy };
  return { what: "proven level", state, says: parts.join("; "), ...raised };
}

function versionFinding({ version, supported, payloadMaxBytes }: ServerDescription): Finding {
  const says = `nats-server ${version}, messages up to ${Math.round(payloadMaxBytes / 1_024)} KiB`;
  if (supported) return { what: "version", state: "fine", says };
  return { what: "version", state: "missing", says: `${says}: too old`, remedy: "nats-server 2.9 or newer" };
}

function jetStreamFinding({ jetstream }: ServerDescription): Finding {
  if (jetstream) return { what: "JetStream", state: "fine", says: "on for this account" };
  const says = "off, or not for this account: a system needs it for names and dead letters";
  const remedy = "start the server with -js, and enable it for the account";
  return { what: "JetStream", state: "missing", says, remedy };
}

function clusterFinding({ cluster, serversSeen }: ServerDescription): Finding {
  const says = cluster === undefined ? "a single server" : `"${cluster}", ${serversSeen} servers seen`;
  return { what: "cluster", state: "note", says };
}

/** Publishes and subscribes as a node does, to actors that do not exist, and waits for the server's objections. */
async function subjectsFinding(connection: NatsConnection, system: string, zone: string): Promise<Finding> {
  const nobody = actorAddress(`doctor-${randomBytes(4).toString("hex")}`);
  const denied = new Set<string>();
  void (async () => {
    for await (const { permissionContext } of connection.status()) {
      if (permissionContext) denied.add(`${permissionContext.operation} ${permissionContext.subject}`);
    }
  })();
  const patterns = [
    ...rootPatterns(system, "in", nobody),
    ...rootPatterns(system, "ctl", nobody),
    replyPattern(system, zone, nobody),
    eventPattern(system, "*", "*"),
  ];
  for (const pattern of patterns) connection.subscribe(pattern, { callback: () => {} });
  const event = encodeEnvelopeJson({
    kind: "event",
    id: messageId(nobody, 0),
    from: nobody,
    to: "",
    type: "probed",
    protocol: "doctor@1.0",
    sentAtMs: Date.now(),
    body: {},
  });
  connection.publish(inboxSubject(system, "in", zone, nobody), event);
  connection.publish(inboxSubject(system, "ctl", zone, nobody), event);
  connection.publish(replySubject(system, zone, nobody, "a0"), event);
  connection.publish(eventSubject(system, nobody, "probed"), event);
  await connection.flush();
  // The client passes objections on a turn of the event loop later.
  await new Promise(setImmediate);
  if (denied.size === 0) {
    return { what: "subjects", state: "fine", says: `may publish and subscribe below cx.${system}` };
  }
  const says = `the server forbids: ${[...denied].join(", ")}`;
  const remedy = `permissions for this user: publish and subscribe on "cx.${system}.>"`;
  return { what: "subjects", state: "missing", says, remedy };
}

/** Opens the system's bucket where it exists; else makes a stream like a system's, and removes it. */
async function storeFinding(connection: NatsConnection, system: string): Promise<Finding> {
  const what = "store";
  const remedy = 'permissions for this user: publish on "$JS.API.>" and "$KV.cx_*.>"; room in the account';
  try {
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 3_000 });
    if ((await systemsOn(connection)).includes(system)) {
      const { state } = await manager.streams.info(`KV_cx_${system}`);
      return { what, state: "fine", says: `system "${system}" is kept here, ${state.messages} entries` };
    }
    const name = `cx_${system}_probe`;
    const subject = `$KV.cx_${system}_probe.key`;
    await manager.streams.add({ name, subjects: [subject], max_bytes: 65_536 });
    try {
      await connection.jetstream({ timeout: 3_000 }).publish(subject, new Uint8Array(1));
    } finally {
      await manager.streams.delete(name);
    }
    return { what, state: "fine", says: "makes, fills and removes a stream" };
  } catch (error) {
    const says = `JetStream refuses: ${error instanceof Error ? error.message : String(error)}`;
    return { what, state: "missing", says, remedy };
  }
}
