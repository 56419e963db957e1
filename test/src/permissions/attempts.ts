import type { NatsConnection } from "nats";

/** Something that one could try, and who of all users may: written by hand, not taken from what is generated. */
export interface Attempt {
  readonly does: "publish" | "subscription";
  readonly subject: string;
  readonly by: readonly string[];
}

export const users = ["desk", "yard", "pier", "loft", "web", "operator"] as const;
type User = (typeof users)[number];
const zoneOf: Record<User, string> = {
  desk: "desk",
  yard: "works",
  pier: "pier",
  loft: "loft",
  web: "web",
  operator: "operator",
};
const nodes = ["desk", "yard", "pier", "loft"] as const;
const homes = {
  crew: "yard",
  desk: "desk",
  teller: "desk",
  attic: "loft",
  "node-desk": "desk",
  "node-yard": "yard",
  "node-pier": "pier",
  "node-loft": "loft",
} as const satisfies Record<string, User>;
const types = { book: "yard", bill: "pier" } as const satisfies Record<string, User>;
/** Whom each sends to: its own, and what the plan says. */
const reaches: Record<User, readonly string[]> = {
  desk: ["desk", "teller", "node-desk", "crew", "book"],
  yard: ["crew", "node-yard", "book", "bill"],
  pier: ["node-pier", "bill"],
  loft: ["attic", "node-loft"],
  web: ["crew", "book"],
  operator: [...Object.keys(homes), ...Object.keys(types)],
};
/** Whom each answers, by zone. */
const answers: Record<User, readonly string[]> = {
  desk: ["desk", "operator"],
  yard: ["works", "desk", "operator"],
  pier: ["pier", "works", "operator"],
  loft: ["loft", "desk", "operator"],
  web: [],
  operator: [],
};
const durable: readonly User[] = ["yard", "pier"];

const who = (may: (user: User) => boolean): readonly User[] => users.filter(may);
const publish = (subject: string, by: readonly string[]): Attempt => ({ does: "publish", subject, by });
const subscribe = (subject: string, by: readonly string[]): Attempt => ({
  does: "subscription",
  subject,
  by,
});

function* sends(): Iterable<Attempt> {
  for (const zone of Object.values(zoneOf)) {
    for (const to of [...Object.keys(homes), "book", "bill"]) {
      const isType = to in types;
      const may = (user: User): boolean => zoneOf[user] === zone && reaches[user].includes(to);
      yield publish(`cx.harbour.in.${zone}.${to}.x`, who(may));
      yield publish(
        `cx.harbour.ctl.${zone}.${to}`,
        who((user) => (user === "operator" ? may(user) : may(user) && !isType && user !== "web")),
      );
    }
    for (const [type, home] of Object.entries(types)) {
      const passesOn = type === "book" && zone === "web" ? [home] : [];
      const lays = (user: User): boolean =>
        user !== "web" && zoneOf[user] === zone && reaches[user].includes(type);
      yield publish(`cx.harbour.box.group_0.${zone}.${type}.x`, [...who(lays), ...passesOn]);
    }
    yield publish(
      `cx.harbour.re.${zone}.name.a1`,
      who((user) => answers[user].includes(zone)),
    );
  }
}

function* says(): Iterable<Attempt> {
  for (const [name, home] of [...Object.entries(homes), ...Object.entries(types)]) {
    yield publish(`cx.harbour.ev.${name}.said`, [home]);
    yield publish(
      `cx.harbour.dead.${name}`,
      who((user) => user !== "web" && user !== "operator" && reaches[user].includes(name)),
    );
  }
  for (const [type, home] of Object.entries(types))
    yield publish(`cx.harbour.hist.group_0.${type}.x`, [home]);
  yield publish("cx.harbour.node.desk", []);
  yield publish("cx.other.in.desk.crew", []);
}

function* hears(): Iterable<Attempt> {
  for (const [name, home] of Object.entries(homes)) {
    for (const lane of ["in", "ctl"]) yield subscribe(`cx.harbour.${lane}.*.${name}`, [home, "operator"]);
    const listeners = name === "crew" ? ["desk", "web"] : [];
    yield subscribe(`cx.harbour.ev.${name}.>`, ["operator", ...listeners]);
  }
  for (const at of ["group-oars", "group-oars.all"])
    yield subscribe(`cx.harbour.in.*.${at}`, ["loft", "operator"]);
  for (const [type, home] of Object.entries(types)) {
    yield subscribe(`cx.harbour.in.*.${type}.>`, [home, "operator"]);
    yield subscribe(`cx.harbour.box.*.*.${type}.>`, ["operator"]);
    yield subscribe(`cx.harbour.ev.${type}.>`, ["operator", ...(type === "book" ? ["desk"] : [])]);
  }
  for (const user of users) {
    yield subscribe(`_INBOX.harbour.${user}.>`, [user]);
    const mates = user === "web" ? [] : [user];
    yield subscribe(`cx.harbour.re.${zoneOf[user]}.*.*`, [...new Set([...mates, "operator"])]);
  }
  for (const subject of [
    ">",
    "*.>",
    "cx.>",
    "cx.*.>",
    "_INBOX.>",
    "_INBOX.*.*.>",
    "$JS.>",
    "$JS.API.>",
    "$KV.>",
    "$SYS.>",
    "cx.harbour.re.*.*.*",
  ])
    yield subscribe(subject, subject === "cx.harbour.re.*.*.*" ? ["operator"] : []);
  for (const subject of [
    "cx.harbour.>",
    "cx.harbour.in.>",
    "cx.harbour.dead.>",
    "cx.harbour.ev.>",
    "cx.harbour.audit.>",
  ])
    yield subscribe(subject, ["operator"]);
}

interface Kept {
  readonly opens: readonly User[];
  /** Reads a key from the leader. */
  readonly gets?: readonly User[];
  /** Is told of changes. */
  readonly watches?: readonly User[];
  /** Reads all that lies below a key. */
  readonly pulls?: readonly User[];
  /** Takes out what is there. */
  readonly takes?: readonly User[];
}

/** What the system keeps, and which nodes may do what with it. */
const streams: Record<string, Kept> = {
  KV_cx_harbour: { opens: nodes, gets: nodes, watches: nodes },
  KV_cx_harbour_hosts: { opens: nodes, gets: durable, watches: nodes },
  KV_cx_harbour_agents: { opens: durable, gets: durable, pulls: durable },
  KV_cx_harbour_groups: { opens: ["desk", "loft"], gets: ["desk", "loft"], pulls: ["desk", "loft"] },
  cx_harbour_box: { opens: nodes, takes: durable },
  cx_harbour_dead: { opens: nodes },
  cx_harbour_history_book: { opens: ["yard"] },
  cx_harbour_audit: { opens: ["desk"], gets: ["desk"], pulls: ["desk"] },
};

function* keeps(): Iterable<Attempt> {
  for (const node of nodes) {
    const sweeps = durable.includes(node) ? durable : [];
    yield publish(`$KV.cx_harbour.node.${node}`, [...new Set([node, ...sweeps])]);
    yield publish(`$KV.cx_harbour.role.${node}.x`, [node]);
    yield publish(`$KV.cx_harbour_hosts.host.${node}`, durable.includes(node) ? durable : []);
  }
  for (const [name, home] of Object.entries(homes)) yield publish(`$KV.cx_harbour.root.${name}`, [home]);
  for (const [type, home] of Object.entries(types)) {
    yield publish(`$KV.cx_harbour_agents.group_0.${type}.x`, [home]);
    for (const kind of ["type", "history"]) yield publish(`$KV.cx_harbour_hosts.${kind}.${type}`, [home]);
  }
  for (const key of ["config", "shard.group_0", "outline.x"])
    yield publish(`$KV.cx_harbour_hosts.${key}`, durable);
  for (const node of nodes)
    yield publish(`$KV.cx_harbour_groups.oars.${node}.x`, node === "loft" ? ["loft"] : []);
  for (const key of ["root.new", "config", "roles"]) yield publish(`$KV.cx_harbour.${key}`, []);
}

function* administers(): Iterable<Attempt> {
  for (const [stream, { opens, gets = [], watches = [], pulls = [], takes = [] }] of Object.entries(
    streams,
  )) {
    const api = (what: string, by: readonly User[]): Attempt =>
      publish(`$JS.API.${what.replace("<>", stream)}`, by);
    yield api("STREAM.INFO.<>", [...opens, "operator"]);
    yield api("STREAM.CREATE.<>", ["operator"]);
    for (const what of ["UPDATE", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"])
      yield api(`STREAM.${what}.<>`, []);
    yield api("STREAM.MSG.DELETE.<>", stream === "cx_harbour_dead" ? ["operator"] : []);
    yield api("STREAM.MSG.GET.<>", [...gets, "operator"]);
    yield api("DIRECT.GET.<>", []);
    yield api("CONSUMER.CREATE.<>", [...watches, ...pulls, "operator"]);
    yield api("CONSUMER.MSG.NEXT.<>.x", [...pulls, "operator"]);
    yield api("CONSUMER.DURABLE.CREATE.<>.x", takes);
    yield api("CONSUMER.NAMES.<>", takes);
    yield api("CONSUMER.DELETE.<>.x", [...pulls, ...takes, "operator"]);
    yield publish(`$JS.ACK.${stream}.x.1.1.1.1.1`, takes);
  }
  for (const stream of ["KV_cx_harbour_keys", "KV_cx_harbour_signing"])
    for (const what of ["STREAM.INFO", "STREAM.CREATE", "STREAM.MSG.GET", "CONSUMER.CREATE"])
      yield publish(`$JS.API.${what}.${stream}`, []);
  for (const what of [
    "STREAM.CREATE.new",
    "STREAM.LIST",
    "ACCOUNT.PURGE.OTHER",
    "ACCOUNT.PURGE.APP",
    "SERVER.REMOVE",
    "META.LEADER.STEPDOWN",
  ])
    yield publish(`$JS.API.${what}`, []);
  yield publish("$JS.API.INFO", [...durable, "operator"]);
  yield publish("$JS.API.STREAM.NAMES", ["operator"]);
  for (const subject of [
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.ACCOUNT.APP.CONNZ",
    "$JSC.CI.APP.cx_harbour_box.x",
    "$SYS.ACCOUNT.APP.CONNECT",
  ])
    yield publish(subject, []);
  for (const user of users) {
    const answering = user === "web" ? ["yard"] : [];
    yield publish(`_INBOX.harbour.${user}.x`, answering);
  }
}

export const attempts: readonly Attempt[] = [...sends(), ...says(), ...hears(), ...keeps(), ...administers()];

/** Tries all of it on one connection. @returns what the server refused, in the order of the attempts */
export async function refusals(
  client: NatsConnection,
  tried: readonly Attempt[],
): Promise<readonly string[]> {
  const refused = new Set(
    await refusedOf(client, () => {
      for (const { does, subject } of tried) {
        if (does === "publish") client.publish(subject, "{}");
        else client.subscribe(subject, { callback: () => {} });
      }
    }),
  );
  return tried.map(named).filter((each) => refused.has(each));
}

/** What the server refuses of what is done, on a connection that is still up then. */
export async function refusedOf(client: NatsConnection, doing: () => void): Promise<readonly string[]> {
  const refused: string[] = [];
  void (async () => {
    for await (const { permissionContext } of client.status())
      if (permissionContext) refused.push(`${permissionContext.operation} ${permissionContext.subject}`);
  })();
  doing();
  await client.flush();
  // The client tells what the server said on a later turn of the event loop.
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  // A second round trip: the server has closed nothing because of it.
  await client.flush();
  return refused;
}

export const named = ({ does, subject }: Attempt): string => `${does} ${subject}`;
