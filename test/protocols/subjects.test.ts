import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ActorAddress,
  actorAddress,
  batchedSubjects,
  batchSubject,
  boxPattern,
  boxSubject,
  deadSubject,
  eventPattern,
  eventSubject,
  inboxSubject,
  isActorAddress,
  isBatchable,
  isCoxswainError,
  isOnLane,
  joinTokens,
  nameToken,
  nodeSubject,
  parseBox,
  parseEvent,
  parseInbox,
  replyPattern,
  replyPrefixOf,
  replySubject,
  rootOf,
  rootPatterns,
  systemName,
} from "../../protocols/index.ts";
import { address } from "./arbitrary.ts";

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const lane = fc.constantFrom("in" as const, "ctl" as const);
const type = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,12}$/);

/** Texts that come close to an address, and texts that do not. */
const nearly = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc
    .array(
      fc.constantFrom("crew", ".", "*", ">", " ", "\n", "\r\n", "\0", "bow", "$", "é", "а", "cx", "in"),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
  fc
    .tuple(address, fc.constantFrom("", ".", ".*", ".>", " ", "\n", "..x", "\u200b"))
    .map(([good, tail]) => good + tail),
);

/** Whether a NATS subject pattern takes a subject. */
function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split("."), subject.split(".")];
  if (wanted.at(-1) === ">")
    return (
      given.length >= wanted.length &&
      wanted.slice(0, -1).every((part, i) => part === "*" || part === given[i])
    );
  return wanted.length === given.length && wanted.every((part, i) => part === "*" || part === given[i]);
}

/** What a server takes as a subject to publish to: no wildcard, no empty token, no space or control character. */
const literal = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

describe("an address", () => {
  test("that is accepted never holds a wildcard, an empty token, a space or a look-alike", () => {
    fc.assert(
      fc.property(nearly, (text) => {
        if (isActorAddress(text)) {
          expect(text).toMatch(literal);
          expect(text.split(".").length).toBeLessThanOrEqual(8);
          expect(text.length).toBeLessThanOrEqual(200);
          expect(actorAddress(text)).toBe(text);
        } else {
          expect(() => actorAddress(text)).toThrow(
            expect.toSatisfy((error) => isCoxswainError(error, "ADDRESS_INVALID")),
          );
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    "",
    ".",
    "*",
    ">",
    "a b",
    "a.",
    ".a",
    "a..b",
    "a.*",
    "a\r\nb",
    "a\0",
    "x".repeat(65),
    "a\n",
    "аctor",
  ])("is not %j", (text) => {
    expect(isActorAddress(text)).toBe(false);
  });

  test("has at most 8 tokens and 200 characters", () => {
    expect(isActorAddress("a.b.c.d.e.f.g.h")).toBe(true);
    expect(isActorAddress("a.b.c.d.e.f.g.h.i")).toBe(false);
    expect(isActorAddress(`${"x".repeat(64)}.${"x".repeat(64)}.${"x".repeat(64)}.${"x".repeat(5)}`)).toBe(
      true,
    );
    expect(isActorAddress(`${"x".repeat(64)}.${"x".repeat(64)}.${"x".repeat(64)}.${"x".repeat(6)}`)).toBe(
      false,
    );
  });

  test.each([undefined, null, 7, {}, ["a"]])("is a text, not %j", (value) => {
    expect(isActorAddress(value)).toBe(false);
  });

  test("has the first token as its root", () => {
    expect(rootOf(actorAddress("crew.bow.2"))).toBe("crew");
    expect(rootOf(actorAddress("desk"))).toBe("desk");
  });
});

describe("a subject", () => {
  test("of an inbox gives back the zone and the address it was made of", () => {
    fc.assert(
      fc.property(token, lane, token, address, (system, via, zone, to) => {
        const subject = inboxSubject(system, via, zone, to);
        expect(subject).toMatch(literal);
        expect(parseInbox(system, subject)).toEqual({ zone, to });
      }),
    );
  });

  test("of a durable inbox gives back shard, zone and address, and is taken by its shard's pattern alone", () => {
    fc.assert(
      fc.property(token, token, token, address, token, (system, shard, zone, to, other) => {
        const subject = boxSubject(system, shard, zone, to);
        expect(subject).toMatch(literal);
        expect(parseBox(system, subject)).toEqual({ shard, zone, to });
        expect(matches(boxPattern(system, "*"), subject)).toBe(true);
        expect(matches(boxPattern(system, shard), subject)).toBe(true);
        expect(matches(boxPattern(system, other), subject)).toBe(other === shard);
        expect(parseInbox(system, subject)).toBeUndefined();
      }),
    );
  });

  test("of an event gives back the address and the type it was made of", () => {
    fc.assert(
      fc.property(token, address, type, (system, from, said) => {
        const subject = eventSubject(system, from, said);
        expect(subject).toMatch(literal);
        expect(parseEvent(system, subject)).toEqual({ from, type: said });
      }),
    );
  });

  test("never belongs to two addresses", () => {
    fc.assert(
      fc.property(token, address, address, type, type, (system, one, other, said, alsoSaid) => {
        fc.pre(one !== other);
        const inboxes = (["in", "ctl"] as const).flatMap((via) => [
          inboxSubject(system, via, "z", one),
          inboxSubject(system, via, "z", other),
        ]);
        expect(new Set(inboxes).size).toBe(4);
        expect(deadSubject(system, one)).not.toBe(deadSubject(system, other));
        expect(eventSubject(system, one, said)).not.toBe(eventSubject(system, other, alsoSaid));
      }),
      { numRuns: 1_000 },
    );
  });

  test("of one kind is never a subject of another kind", () => {
    fc.assert(
      fc.property(token, token, address, type, token, (system, zone, to, said, n) => {
        const subjects = [
          inboxSubject(system, "in", zone, to),
          inboxSubject(system, "ctl", zone, to),
          replySubject(system, zone, n, n),
          eventSubject(system, to, said),
          deadSubject(system, to),
          nodeSubject(system, n),
          boxSubject(system, n, zone, to),
        ];
        expect(new Set(subjects.map((subject) => subject.split(".")[2])).size).toBe(subjects.length);
        expect(subjects.filter((subject) => matches(replyPattern(system, zone, n), subject))).toEqual([
          subjects[2],
        ]);
      }),
    );
  });

  test("of an inbox is taken by the patterns of its own root, and of no other root", () => {
    fc.assert(
      fc.property(token, lane, token, address, token, (system, via, zone, to, root) => {
        const subject = inboxSubject(system, via, zone, to);
        const taken = (name: string): boolean =>
          rootPatterns(system, via, name).some((pattern) => matches(pattern, subject));
        expect(taken(rootOf(to))).toBe(true);
        expect(taken(root)).toBe(root === rootOf(to));
      }),
    );
  });

  test("of events is taken by the pattern of its address, but not of the address above or below it", () => {
    const crew = actorAddress("crew");
    const bow = actorAddress("crew.bow");
    expect(matches(eventPattern("s", bow, "*"), eventSubject("s", bow, "done"))).toBe(true);
    expect(matches(eventPattern("s", crew, "*"), eventSubject("s", bow, "done"))).toBe(false);
    expect(matches(eventPattern("s", bow, "*"), eventSubject("s", crew, "done"))).toBe(false);
  });

  test.each([
    "cx.s.in",
    "cx.s.in.z",
    "cx.s.in.z.",
    "cx.s.in.z.a..b",
    "cx.s.in.*.a",
    "cx.s.in.z.>",
    "cx.t.in.z.a",
    "cx.s.ev.z.a",
    "cx.s.index.z.a",
    "",
  ])("%j is no inbox", (subject) => {
    expect(parseInbox("s", subject)).toBeUndefined();
  });

  test.each([
    "cx.s.box.main_1",
    "cx.s.box.main_1.z",
    "cx.s.box.main_1.z.",
    "cx.s.box..z.a",
    "cx.s.box.main_1.*.a",
    "cx.s.box.main_1.z.>",
    "cx.s.box.main_1.z.a..b",
    "cx.t.box.main_1.z.a",
    "cx.s.boxes.main_1.z.a",
    "",
  ])("%j is no durable inbox", (subject) => {
    expect(parseBox("s", subject)).toBeUndefined();
  });

  test.each(["cx.s.ev.done", "cx.s.ev..done", "cx.t.ev.a.done", "cx.s.ev.a.", "cx.s.ev.a.>", ""])(
    "%j is no event",
    (subject) => {
      expect(parseEvent("s", subject)).toBeUndefined();
    },
  );
});

test("a name of a system, a node or a zone is one token", () => {
  expect(nameToken("a zone", "harbour_1")).toBe("harbour_1");
  fc.assert(
    fc.property(nearly, (text) => {
      const good = /^[A-Za-z0-9_-]{1,64}$/.test(text) && !text.endsWith("\n");
      if (good) expect(nameToken("a zone", text)).toBe(text);
      else expect(() => nameToken("a zone", text)).toThrow("Expected a zone");
    }),
    { numRuns: 1_000 },
  );
  expect((): ActorAddress => actorAddress(nameToken("a node", "n"))).not.toThrow();
});

describe("a reply subject that stands for several", () => {
  const ours = fc.tuple(
    token,
    token,
    token,
    fc.array(fc.stringMatching(/^[at][0-9a-z]{1,12}$/), { minLength: 1 }),
  );

  test("is one of the node's own, and gives back each of them in order", () => {
    fc.assert(
      fc.property(ours, ([system, zone, node, tokens]) => {
        const each = tokens.map((n) => replySubject(system, zone, node, n));
        const prefix = replyPrefixOf(each[0] as string) as string;
        expect(each.every((one) => isBatchable(one, prefix))).toBe(true);
        const subject = batchSubject(prefix, tokens.reduce(joinTokens));
        expect(subject).toMatch(literal);
        expect(matches(replyPattern(system, zone, node), subject)).toBe(true);
        expect(batchedSubjects(subject)).toEqual(each);
      }),
    );
  });

  test.each([
    "cx.t.re.main.node.a1",
    "cx.t.in.main.bow.ba1_a2",
    "_INBOX.x.ba1_a2",
    "cx.t.ev.re.main.node.ba1",
    "b",
    "",
  ])("%j stands for itself alone", (subject) => {
    expect(batchedSubjects(subject)).toBeUndefined();
  });

  test.each(["w1", "b1", "a", "a1_a2", "a1.a2", "A1", "a1é", "a12345678901234567", "$a1", ""])(
    "the token %j is never one of several",
    (given) => {
      expect(isBatchable(`cx.t.re.main.node.${given}`, "cx.t.re.main.node.")).toBe(false);
    },
  );

  test("has a prefix on our own lane of replies only", () => {
    expect(replyPrefixOf("cx.t.re.main.node.a1")).toBe("cx.t.re.main.node.");
    for (const other of ["_INBOX.re.a1", "cx.t.in.re.a1", "cx.t.dead.re.x", "re.main.node.a1"])
      expect(replyPrefixOf(other)).toBeUndefined();
    expect(["in", "ctl", "re"].map((one) => isOnLane("cx.t.ctl.main.bow", one as "in"))).toEqual([
      false,
      true,
      false,
    ]);
  });
});

test("a system cannot be named as what another system keeps", () => {
  for (const kept of [
    "shop_hosts",
    "shop_agents",
    "shop_box",
    "shop_dead",
    "shop_audit",
    "shop_groups",
    "shop_keys",
    "shop_signing",
    "shop_history",
    "shop_history_a",
  ])
    expect(() => systemName(kept)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  for (const name of ["shop", "hosts", "shop_hosts_2", "dead"]) expect(systemName(name)).toBe(name);
});
