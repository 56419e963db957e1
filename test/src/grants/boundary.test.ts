import { generateKeyPairSync } from "node:crypto";
import { connect, type NatsConnection } from "nats";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { grantBook } from "../../../actors/index.ts";
import { withGrant } from "../../../machines/index.ts";
import {
  type ActorAddress,
  actorAddress,
  claimsText,
  defineProtocol,
  type GrantClaims,
  type GrantTerms,
  grants,
  type MessageOf,
  question,
  work,
} from "../../../protocols/index.ts";
import { sealToken, signingKeyOf } from "../../../src/grants/token.ts";
import {
  type ActorDefinition,
  type ActorSystem,
  createSystem,
  defineActor,
  type ReducerTurn,
} from "../../../src/index.ts";
import { caller } from "../../support/caller.ts";
import { testServer } from "../../support/nats-server.ts";
import { rejection } from "../../support/systems.ts";

const archive = defineProtocol({
  name: "archive",
  accepts: {
    read: question(z.object({ page: z.number() }), z.object({ under: z.string(), reads: z.number() })),
    drop: question(z.object({}), z.object({ dropped: z.boolean() })),
  },
});

/** Says under which grant it was asked, and how often: what was refused has never reached it. */
const behaviour = {
  protocol: archive,
  initial: () => 0,
  receive: (reads: number, message: MessageOf<typeof archive>, turn: ReducerTurn<typeof archive>) => {
    if (message.type === "drop") turn.reply({ dropped: true });
    else turn.reply({ under: message.underGrant?.id ?? "none", reads: reads + 1 });
    return reads + 1;
  },
};
const open: ActorDefinition<typeof archive> = defineActor({ ...behaviour, grant: { of: ["drop"] } });
const guarded: ActorDefinition<typeof archive> = defineActor({ ...behaviour, grant: "required" });
const vault: ActorDefinition<typeof archive> = defineActor({
  ...behaviour,
  grant: "required",
  durability: "durable",
});

const at = (text: string): ActorAddress => actorAddress(text);
const pem = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const ours = pem();
const far = 4_000_000_000_000;

function claims(more: Partial<GrantTerms> = {}, around: Partial<GrantClaims> = {}): GrantClaims {
  const terms: GrantTerms = {
    holder: at("desk"),
    audience: [at("archive"), at("vault")],
    operations: ["archive.read"],
    tools: [],
    budget: {},
    depth: 0,
    untilMs: far,
    ...more,
  };
  return { root: "t1", id: "g1", zone: "main", terms, ...around };
}

const sealed = (given: GrantClaims, key = ours): string => sealToken(given, signingKeyOf(key));
const good = sealed(claims());
const [version = "", key = "", said = "", signature = ""] = good.split(".");

/** Each with what it is refused for. All come from `desk`, in zone main, to `archive.read`. */
const wrong: readonly (readonly [name: string, token: string | undefined, reason: string])[] = [
  ["none at all", undefined, "got none"],
  ["a text that is no token", "c1.abc", "it is no token of a grant"],
  [
    "a forged signature",
    [version, key, said, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join("."),
    "its signature is not that of what it says",
  ],
  [
    "terms that were widened",
    [
      version,
      key,
      Buffer.from(claimsText(claims({ operations: ["archive.*"] }))).toString("base64url"),
      signature,
    ].join("."),
    "its signature is not that of what it says",
  ],
  [
    "a signature of somebody else's key",
    sealed(claims(), pem()),
    "it is signed with a key that is not known here",
  ],
  ["an end that has come", sealed(claims({ untilMs: 1_000 })), "was given until 1000, and it is"],
  ["another holder", sealed(claims({ holder: at("lead") })), 'is held by lead, the message came from "desk"'],
  [
    "another zone",
    sealed(claims({}, { zone: "guest" })),
    'is one of zone "guest", the message came from "main"',
  ],
  ["another audience", sealed(claims({ audience: [at("archives")] })), "is for archives, not for"],
  [
    "another operation",
    sealed(claims({ operations: ["archive.drop"] })),
    "permits archive.drop, not archive.read",
  ],
];

/** A server with two users: the system's, and a guest who may speak from his own zone only. */
async function house() {
  const inboxes = ["cx.granted.in.guest.>", "_INBOX.>"];
  const users = [
    { user: "system", password: "s" },
    { user: "guest", password: "g", permissions: { publish: inboxes, subscribe: ["_INBOX.>"] } },
  ];
  const server = await testServer({ config: { authorization: { users } } });
  const servers = server.url.replace("//", "//system:s@");
  const common = { name: "granted", servers, onReport: () => {} };
  const actors = { grants: grantBook({ privateKey: ours }), vault };
  const system = await createSystem({ ...common, actors });
  const other = await createSystem(common);
  // The book's first grant publishes the key.
  await system
    .ref("grants.t0", grants)
    .ask({ type: "issue", id: "g0", by: at("desk"), terms: claims().terms }, { withinMs: 20_000 });
  await system.spawn("archive", guarded);
  await system.spawn("lobby", open);
  const guest = await connect({ servers: server.url, user: "guest", pass: "g" });
  const close = async (): Promise<void> => {
    await guest.close();
    await other.drain();
    await system.drain();
    await server[Symbol.asyncDispose]();
  };
  return { system, other, guest, [Symbol.asyncDispose]: close };
}

/** What an actor at `from` is told when it reads under a grant. */
async function readAs(system: ActorSystem, from: string, to: string, grant: string | undefined) {
  const reader = await system.spawn(
    from,
    caller(({ call }) => call.ask(archive, at(to), { type: "read", page: 1 }, { grant })),
  );
  const { result } = await reader.ask({ type: "work", task: 0 }, { withinMs: 20_000 });
  await reader.stop();
  return result;
}

async function asGuest(
  guest: NatsConnection,
  to: string,
  envelope: object,
): Promise<{ kind: string; body: object }> {
  const payload = JSON.stringify({ type: "read", body: { page: 1 }, ...envelope });
  const answer = await guest.request(`cx.granted.in.guest.${to}`, payload, { timeout: 20_000 });
  return answer.json();
}

describe("a message to an actor that asks for grants", () => {
  test("is taken under one that covers it, and nothing else is, volatile or durable; each refusal says why", async () => {
    await using all = await house();
    for (const to of ["archive", "vault.v1"]) {
      for (const [name, token, reason] of wrong) {
        const refused = (await readAs(all.other, "desk", to, token)) as { code: string; message: string };
        expect(refused.code, `${name} at ${to}`).toBe("NOT_GRANTED");
        expect(refused.message, `${name} at ${to}`).toContain(reason);
      }
      // The first that it has seen.
      expect(await readAs(all.other, "desk", to, good)).toEqual({ under: "g1", reads: 1 });
    }
  });

  test("F95 F96 is refused where somebody else sends a grant that he has captured, from his own zone or under his own name", async () => {
    await using all = await house();
    for (const to of ["archive", "vault.v1"]) {
      // He says that he is the holder. His zone is in the subject, where the server holds him to it.
      const { kind, body } = await asGuest(all.guest, to, { from: "desk", grant: good });
      expect(kind).toBe("refusal");
      expect(body).toMatchObject({
        code: "NOT_GRANTED",
        message: 'Grant g1 of t1 is one of zone "main", the message came from "guest"',
      });
      expect(await readAs(all.other, "thief", to, good)).toMatchObject({
        code: "NOT_GRANTED",
        message: 'Grant g1 of t1 is held by desk, the message came from "thief"',
      });
    }
    // A script is nobody, and holds nothing.
    const script = all.system.ref("archive", archive).ask({ type: "read", page: 1 }, { grant: good });
    expect(await rejection(script)).toMatchObject({ code: "NOT_GRANTED" });
    // One that was given for the guest's zone is taken from there.
    const own = sealed(claims({ holder: at("visitor") }, { zone: "guest" }));
    expect(await asGuest(all.guest, "archive", { from: "visitor", grant: own })).toMatchObject({
      kind: "reply",
      body: { under: "g1" },
    });
  });

  test("of a type that needs none passes without, and not with one that does not cover it", async () => {
    await using all = await house();
    const lobby = all.other.ref("lobby", archive);
    expect(await lobby.ask({ type: "read", page: 1 })).toEqual({ under: "none", reads: 1 });
    expect(await rejection(lobby.ask({ type: "drop" }))).toMatchObject({ code: "NOT_GRANTED" });
    expect(await rejection(lobby.ask({ type: "read", page: 1 }, { grant: good }))).toMatchObject({
      code: "NOT_GRANTED",
    });
  });

  test("F98 gets no grant from its own payload", async () => {
    await using all = await house();
    const { body } = await asGuest(all.guest, "lobby", { body: { page: 1, underGrant: { id: "g1" } } });
    expect(body).toEqual({ under: "none", reads: 1 });
  });
});

describe("a deputy", () => {
  test("F97 that is asked by somebody without the tool does not use it for him, whatever it holds itself", async () => {
    await using all = await house();
    const { system, other } = all;
    const token = (holder: string, operations: string[]): string =>
      sealed(claims({ holder: at(holder), audience: [at("clerk"), at("archive")], operations }));
    const deputys = token("clerk", ["archive.*"]);
    // It has a grant of its own for the archive; for its caller it looks at that one's.
    await system.spawn(
      "clerk",
      caller(
        ({ call, grant }) =>
          withGrant(call, { grant, tool: "drop", at: {} }, () =>
            call.ask(archive, at("archive"), { type: "drop" }, { grant: deputys }),
          ),
        { grant: "required" },
      ),
    );
    const asker = await other.spawn(
      "desk",
      caller(({ call }) =>
        call.ask(work, at("clerk"), { type: "work", task: 0 }, { grant: token("desk", ["work.work"]) }),
      ),
    );
    expect(await asker.ask({ type: "work", task: 0 })).toMatchObject({
      result: { result: { code: "NOT_GRANTED", message: 'Grant g1 of t1 permits no tool, not "drop"' } },
    });
  });
});
