import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { granting } from "../../../machines/index.ts";
import { type ActorAddress, actorAddress, type Budget, type GrantTerms } from "../../../protocols/index.ts";
import { terms } from "./requests.ts";

const { emptyGrantBook, issued, revoked, settled, spent, statusOf, whyFallen, chainOf, leftOf } = granting;
type Book = granting.GrantBook;
type Limits = granting.GrantLimits;

const at = (text: string): ActorAddress => actorAddress(text);
const nowMs = 1_000;

function given(book: Book, id: string, parent: string | undefined, more: Partial<GrantTerms> = {}): Book {
  const step = issued(book, { id, parent, by: at("desk"), terms: terms(more) }, "t1", nowMs);
  if (!step.ok) throw new Error(step.reason);
  return step.book;
}

function refusal(
  book: Book,
  id: string,
  parent: string | undefined,
  more: Partial<GrantTerms>,
  by = "desk",
): string {
  const step = issued(book, { id, parent, by: at(by), terms: terms(more) }, "t1", nowMs);
  return step.ok ? "given" : step.reason;
}

const root = given(emptyGrantBook, "root", undefined);

describe("a grant", () => {
  test.each<[term: string, Partial<GrantTerms>, named: string]>([
    ["holder", { holder: at("thief") }, "holder (thief neither holds it nor may be asked under it)"],
    ["audience", { audience: [at("crew.bow"), at("crews")] }, 'audience ("crews")'],
    ["operations", { operations: ["work.*"] }, 'operations ("work.*")'],
    ["tools", { tools: ["search", "shell"] }, 'tools ("shell")'],
    ["budget", { budget: { tokens: 101 } }, "budget.tokens (101 of 100)"],
    ["depth", { depth: 3 }, "depth (3, under one of 3)"],
    ["end", { untilMs: 2_001 }, "untilMs (2001, after 2000)"],
  ])(
    "S4 that is wider than its parent in its %s is refused, which is named, and no other",
    (_, more, named) => {
      expect(refusal(root, "child", "root", { depth: 2, ...more })).toBe(
        `Expected terms within those of root, wider: ${named}`,
      );
      // As wide as may be.
      expect(refusal(root, "child", "root", { depth: 2 })).toBe("given");
    },
  );

  test("F76 is delegated further eight times at most, and never under one that is not", () => {
    let book = given(emptyGrantBook, "g0", undefined, { depth: 8 });
    for (let depth = 7; depth >= 0; depth--) book = given(book, `g${8 - depth}`, `g${7 - depth}`, { depth });
    expect(refusal(book, "g9", "g8", { depth: 0 })).toContain("depth (0, under one of 0)");
    expect(refusal(root, "child", "nobody", { depth: 0 })).toBe(
      'Expected a grant of this book, got "nobody"',
    );
    expect(refusal(root, "other", undefined, {})).toContain("the root of this book is given");
  });

  test("is narrowed by its holder, or by one it may ask, and by nobody else", () => {
    expect(refusal(root, "child", "root", { depth: 0 }, "crew.bow")).toBe("given");
    expect(refusal(root, "child", "root", { depth: 0 }, "crews")).toContain(
      "to be narrowed by its holder desk",
    );
  });

  test("ends at its time, and with all below it when it is revoked; what ended stays so", () => {
    let book = given(root, "child", "root", { depth: 2, untilMs: 1_500 });
    book = given(book, "grandchild", "child", { depth: 1, untilMs: 1_500 });
    expect(whyFallen(book, "grandchild", 1_499)).toBeUndefined();
    expect(whyFallen(book, "grandchild", 1_500)).toBe(
      "Grant grandchild was given until 1500, and it is 1500",
    );
    const { book: after, ids } = revoked(book, "child", "enough");
    expect(ids).toEqual(["child", "grandchild"]);
    expect(statusOf(after, "grandchild", 1_100)).toMatchObject({ stands: false });
    expect(statusOf(after, "root", 1_100)).toMatchObject({ stands: true });
    expect(revoked(after, "root", "all").ids).toEqual(["root"]);
    expect(refusal(after, "late", "child", { depth: 0 })).toContain("was revoked: enough");
  });

  test("has no more to say than its token holds", () => {
    const audience = Array.from({ length: 40 }, (_, i) => at(`crew.member-with-a-long-name-${i}`));
    expect(refusal(root, "child", "root", { depth: 0, audience })).toMatch(
      /a token holds, 690 bytes, got \d{4}/,
    );
  });
});

describe("a book of grants", () => {
  test("forgets what is over when it is full, but nothing that is still needed", () => {
    const limits: Limits = { ...granting.grantLimitsDefault, grantsMax: 3 };
    let book = given(root, "old", "root", { depth: 0, untilMs: 1_100 });
    book = given(book, "other", "root", { depth: 0 });
    const request = { id: "new", parent: "root", by: at("desk"), terms: terms({ depth: 0 }) };
    expect(issued(book, request, "t1", 1_099, limits)).toMatchObject({ ok: false });
    const step = issued(book, request, "t1", 1_100, limits);
    expect(step.ok && Object.keys(step.book.grants)).toEqual(["root", "other", "new"]);
    // What is reserved under it is to be given back.
    const reserving = spent(book, { id: "old", reservation: "r1", at: { tokens: 1 } }, 1_050);
    expect(reserving.ok && issued(reserving.book, request, "t1", 1_100, limits)).toMatchObject({ ok: false });
  });

  test("takes no more reservations than it keeps", () => {
    const limits: Limits = { ...granting.grantLimitsDefault, reservationsMax: 1 };
    const first = spent(root, { id: "root", reservation: "r1", at: {} }, nowMs, limits);
    if (!first.ok) throw new Error(first.reason);
    const second = { id: "root", reservation: "r2", at: {} };
    expect(spent(first.book, second, nowMs, limits)).toMatchObject({ ok: false });
    expect(spent(settled(first.book, "r1", {}), second, nowMs, limits)).toMatchObject({ ok: true });
  });
});

// ---- any tree, in any order ----

type Step =
  | { readonly do: "issue"; readonly parent: number; readonly more: Partial<GrantTerms> }
  | { readonly do: "spend"; readonly grant: number; readonly name: string; readonly at: Budget }
  | { readonly do: "settle"; readonly name: string; readonly came: Budget }
  | { readonly do: "revoke"; readonly grant: number }
  | { readonly do: "wait"; readonly ms: number };

const few = <T>(...all: T[]) => fc.subarray(all);
const amount = fc.record({ tokens: fc.nat(60), moneyMicros: fc.nat(60) }, { requiredKeys: [] });
const name = fc.constantFrom("r1", "r2", "r3", "r4");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("issue" as const),
      parent: fc.nat(12),
      more: fc.record(
        {
          holder: fc.constantFrom(at("desk"), at("crew"), at("crew.bow"), at("bank")),
          audience: few(at("crew"), at("crew.bow"), at("bank")),
          operations: few("work.work", "work.*", "bank.pay"),
          tools: few("search", "shell"),
          budget: amount,
          depth: fc.nat(4),
          untilMs: fc.integer({ min: 1_001, max: 1_400 }),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("spend" as const), grant: fc.nat(12), name, at: amount }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("settle" as const), name, came: amount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("revoke" as const), grant: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(100) }) },
);

/** All books that the steps make, one after the other, and what each took and gave back. */
function* booksOf(
  steps: readonly Step[],
  refusals = { count: 0 },
): Generator<{ book: Book; nowMs: number; taken: Map<string, Budget> }> {
  let book = given(emptyGrantBook, "g0", undefined, {
    audience: [at("crew"), at("bank")],
    operations: ["work.*", "bank.pay"],
    tools: ["search", "shell"],
    budget: { tokens: 100, moneyMicros: 80 },
    depth: 4,
    untilMs: 1_400,
  });
  let now = nowMs;
  let made = 1;
  /** By reservation: counted by itself, not by the book. */
  const taken = new Map<string, Budget>();
  let spends = 0;
  const open = new Map<string, string>();
  yield { book, nowMs: now, taken };
  for (const each of steps) {
    if (each.do === "wait") now += each.ms;
    else if (each.do === "revoke") book = revoked(book, `g${each.grant % made}`, "over").book;
    else if (each.do === "issue") {
      const parent = book.grants[`g${each.parent % made}`] as granting.KeptGrant;
      // Its parent's terms, but for some.
      const own = { ...parent.terms, depth: parent.terms.depth - 1, ...each.more };
      const request = { id: `g${made}`, parent: parent.id, by: at("desk"), terms: own };
      const done = issued(book, request, "t1", now);
      if (done.ok) made += 1;
      if (done.ok) book = done.book;
    } else if (each.do === "spend") {
      const id = `g${each.grant % made}`;
      const done = spent(book, { id, reservation: each.name, at: each.at }, now);
      if (!done.ok && done.reason.includes("has left")) refusals.count += 1;
      if (!done.ok) continue;
      book = done.book;
      if (open.has(each.name)) continue;
      open.set(each.name, `${spends++} ${id}`);
      taken.set(open.get(each.name) as string, each.at);
    } else {
      book = settled(book, each.name, each.came);
      const which = open.get(each.name);
      open.delete(each.name);
      const reserved = which === undefined ? undefined : taken.get(which);
      if (which === undefined || reserved === undefined) continue;
      const came = (unit: "tokens" | "moneyMicros"): number =>
        Math.min(reserved[unit] ?? 0, each.came[unit] ?? 0);
      taken.set(which, { tokens: came("tokens"), moneyMicros: came("moneyMicros") });
    }
    yield { book, nowMs: now, taken };
  }
}

/** Everything that may be done under a grant, as far as it can be counted. */
function rightsOf({ audience, operations, tools }: GrantTerms): Set<string> {
  const whom = ["crew", "crew.bow", "crew.stern", "bank"].filter((to) => granting.reaches(audience, at(to)));
  const what = ["work.work", "work.other", "bank.pay"].filter((each) => granting.permits(operations, each));
  return new Set([...whom.flatMap((to) => what.map((each) => `${to} ${each}`)), ...tools]);
}

describe("of any tree of grants, in any order of what is done", () => {
  test("S4 C11 what may be done under a grant may be done under each above it", () => {
    let narrowed = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        for (const { book, nowMs: now } of booksOf(steps)) {
          for (const { id, terms: own } of Object.values(book.grants)) {
            const [, ...above] = chainOf(book, id);
            narrowed += above.length;
            for (const { id: upper, terms: wide } of above) {
              expect(rightsOf(wide)).toEqual(new Set([...rightsOf(wide), ...rightsOf(own)]));
              expect(own.untilMs).toBeLessThanOrEqual(wide.untilMs);
              expect(own.depth).toBeLessThan(wide.depth);
              for (const unit of granting.budgetUnits)
                expect(own.budget[unit] ?? 0).toBeLessThanOrEqual(
                  wide.budget[unit] ?? Number.POSITIVE_INFINITY,
                );
              // What has ended takes with it all that is below.
              if (whyFallen(book, upper, now) !== undefined) expect(whyFallen(book, id, now)).toBeDefined();
            }
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(narrowed).toBeGreaterThan(1_000);
  });

  test("F76 C12 what is spent under a grant is what all below it have taken, and never more than it has", () => {
    const refusals = { count: 0 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        for (const { book, taken } of booksOf(steps, refusals)) {
          for (const { id, terms: own, spent: sum } of Object.values(book.grants)) {
            const below = [...taken].filter(([which]) =>
              chainOf(book, which.split(" ")[1] as string).some((each) => each.id === id),
            );
            for (const unit of ["tokens", "moneyMicros"] as const) {
              expect(sum[unit]).toBe(below.reduce((all, [, by]) => all + (by[unit] ?? 0), 0));
              expect(sum[unit]).toBeLessThanOrEqual(own.budget[unit] ?? Number.POSITIVE_INFINITY);
              expect(leftOf(book, id)[unit] ?? 0).toBeGreaterThanOrEqual(0);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(refusals.count).toBeGreaterThan(100);
  });
});
