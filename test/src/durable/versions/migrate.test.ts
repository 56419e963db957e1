import { describe, expect, test } from "vitest";
import { type AnyStateMachine, createActor, createMachine, setup } from "xstate";
import { z } from "zod";
import {
  checkVersions,
  fingerprintOf,
  type Loaded,
  type Migration,
  migrate,
  type Outline,
  outlineOf,
  type Refusal,
  type StoredSnapshot,
  type StoredTimer,
  snapshotRefused,
  type Versioned,
} from "../../../../src/durable/versions/index.ts";
import {
  counting,
  helplessOrder,
  never,
  type OrderConfig,
  orderMachine,
  persistedAfter,
  type Stored,
} from "./machines.ts";

const first = orderMachine();
const type = "order";

function stored(machine: AnyStateMachine, version: number, ...events: string[]): StoredSnapshot {
  return {
    key: "k1",
    version,
    fingerprint: fingerprintOf(machine),
    snapshot: persistedAfter(machine, ...events),
  };
}

/** Knows the outlines of these machines. */
function knowing(...machines: AnyStateMachine[]): (fingerprint: string) => Outline | undefined {
  const known = new Map(machines.map((machine) => [fingerprintOf(machine), outlineOf(machine)]));
  return (fingerprint) => known.get(fingerprint);
}

function reasonOf(loaded: Loaded): Refusal {
  if (loaded.ok) throw new Error(`It was taken: ${JSON.stringify(loaded)}`);
  return loaded.reason;
}

const changed = (change: (config: OrderConfig) => void): AnyStateMachine => orderMachine(change);

describe("of the same version", () => {
  test("and fingerprint it is taken as it is, without an audit", () => {
    const it = stored(first, 1, "add");
    const loaded = migrate(it, { type, logic: first, version: 1 }, 5);
    expect(loaded).toEqual({ ok: true, snapshot: it.snapshot, timers: [], audit: undefined });
    expect((loaded as { snapshot: unknown }).snapshot).toBe(it.snapshot);
  });

  test("and fingerprint it is refused where somebody tampered with it", () => {
    const it = stored(first, 1);
    Object.assign(it.snapshot as object, { value: "admin" });
    expect(reasonOf(migrate(it, { type, logic: first, version: 1 }, 5))).toMatchObject({
      kind: "misfit",
      issues: [{ path: "value" }],
    });
  });

  test("of a machine that changed compatibly it is taken as it is, and that is audited", () => {
    const second = changed(({ states }) => Object.assign(states, { archived: {} }));
    const it = stored(first, 1, "add");
    const loaded = migrate(it, { type, logic: second, version: 1, outlineOf: knowing(first) }, 5);
    expect(loaded).toMatchObject({ ok: true, snapshot: it.snapshot });
    expect((loaded as { audit: unknown }).audit).toEqual({
      type,
      key: "k1",
      from: { version: 1, fingerprint: fingerprintOf(first) },
      to: { version: 1, fingerprint: fingerprintOf(second) },
      steps: [],
      differences: [{ effect: "compatible", says: "state `archived` is new" }],
      atMs: 5,
    });
  });

  test("of a machine that changed otherwise it is refused, also where just this one would have fitted", () => {
    const second = helplessOrder();
    const definition = { type, logic: second, version: 1, outlineOf: knowing(first) };
    expect(reasonOf(migrate(stored(first, 1), definition, 5))).toMatchObject({
      kind: "changed",
      says: "The machine changed, its version 1 did not",
      differences: expect.arrayContaining([{ effect: "breaking", says: "state `helped` is gone" }]),
    });
  });

  test("of a machine that changed it is refused where what it was is not known, or what is known is of another", () => {
    const second = changed(({ states }) => Object.assign(states, { archived: {} }));
    const definition = { type, logic: second, version: 1 };
    expect(reasonOf(migrate(stored(first, 1), definition, 5)).says).toContain("is not known here");
    const forged = { ...definition, outlineOf: () => outlineOf(second) };
    expect(reasonOf(migrate(stored(first, 1), forged, 5)).says).toContain("is not known here");
  });

  test("of a machine that changed compatibly it is refused where its own value does not check", () => {
    const second = changed(({ states }) => Object.assign(states, { archived: {} }));
    const it = stored(first, 1);
    Object.assign(it.snapshot as object, { value: "admin" });
    const definition = { type, logic: second, version: 1, outlineOf: knowing(first) };
    expect(reasonOf(migrate(it, definition, 5)).kind).toBe("misfit");
  });

  test("a reducer that became a machine is refused", () => {
    const it = { key: "k1", version: 1, fingerprint: "reducer", snapshot: { count: 1 } };
    expect(reasonOf(migrate(it, { type, logic: first, version: 1 }, 5)).differences).toEqual([
      { effect: "breaking", says: "it was a plain reducer and is a machine" },
    ]);
    expect(migrate(it, { type, logic: undefined, version: 1 }, 5)).toMatchObject({ ok: true });
  });
});

test("of a newer version it is refused, naming who must take it", () => {
  expect(reasonOf(migrate(stored(first, 3), { type, logic: first, version: 2 }, 5))).toEqual({
    kind: "newer",
    says: "It is of version 3, this is 2: a node with version ≥ 3 must take it",
  });
});

test.each([0, 1.5, -1, "1", undefined, Number.NaN])("of version %s it is refused", (version) => {
  const it = { ...stored(first, 1), version } as StoredSnapshot;
  expect(reasonOf(migrate(it, { type, logic: first, version: 2 }, 5)).kind).toBe("malformed");
});

describe("of an older version", () => {
  /** `draft` is called `sketch` since version 3; version 2 has prices. */
  const third = orderMachine((config) => {
    const { draft, ...states } = config.states;
    draft.states = { ...draft.states };
    Object.assign(config, { initial: "sketch", states: { sketch: draft, ...states } });
    states.paying.after = { patience: "sketch.last" };
    states.paying.on = { back: "sketch.last" };
  });
  const rename = (text: string): string => text.replace(/\bdraft\b/, "sketch");
  const price: Migration = (snapshot) => ({ ...snapshot, context: { ...snapshot.context, price: 0 } });
  const sketch: Migration<Stored> = (snapshot) => {
    if (typeof snapshot.value === "object")
      snapshot.value = JSON.parse(rename(JSON.stringify(snapshot.value)));
    const histories = Object.entries(snapshot.historyValue);
    snapshot.historyValue = Object.fromEntries(
      histories.map(([id, states]) => [rename(id), states.map((state) => ({ id: rename(state.id) }))]),
    );
    return snapshot;
  };
  const definition: Versioned = {
    type,
    logic: third,
    version: 3,
    migrations: { 2: price, 3: sketch },
    outlineOf: knowing(first),
  };

  test("it goes through every migration in order, and that is audited", () => {
    const it = { ...stored(first, 1, "add"), timers: [] };
    const before = structuredClone(it);
    const loaded = migrate(it, definition, 7);
    expect(loaded).toMatchObject({
      ok: true,
      snapshot: { value: { sketch: "filled" }, context: { items: [], price: 0 } },
      audit: {
        from: { version: 1, fingerprint: fingerprintOf(first) },
        to: { version: 3, fingerprint: fingerprintOf(third) },
        steps: [2, 3],
        atMs: 7,
      },
    });
    expect(it).toEqual(before);
    const actor = createActor(third, {
      snapshot: (loaded as unknown as { snapshot: never }).snapshot,
    }).start();
    actor.send({ type: "submit" });
    expect(actor.getSnapshot().value).toBe("paying");
  });

  test("it goes through the later ones alone where it has been through the others", () => {
    const loaded = migrate(stored(first, 2, "add"), definition, 7);
    expect(loaded).toMatchObject({ ok: true, audit: { steps: [3] } });
    expect((loaded as { snapshot: Stored }).snapshot.context).toEqual({ items: [] });
  });

  test("each migration is told where it stands", () => {
    const seen: unknown[] = [];
    const tell =
      (migration: Migration<Stored>): Migration<Stored> =>
      (snapshot, step) => {
        seen.push({ ...step });
        return migration(snapshot, step);
      };
    migrate(stored(first, 1), { ...definition, migrations: { 2: tell((it) => it), 3: tell(sketch) } }, 7);
    expect(seen).toEqual([
      { from: 1, to: 2, type, key: "k1", timers: [] },
      { from: 2, to: 3, type, key: "k1", timers: [] },
    ]);
  });

  test("it is refused where a step is missing, before any is tried", () => {
    const tried: number[] = [];
    const note: Migration<Stored> = (it) => {
      tried.push(2);
      return it;
    };
    const migrations = { 2: note };
    expect(reasonOf(migrate(stored(first, 1), { ...definition, migrations }, 7))).toEqual({
      kind: "stepMissing",
      says: "There is no migration from version 2 to 3",
      step: 3,
    });
    expect(tried).toEqual([]);
    const { migrations: _, ...without } = definition;
    expect(reasonOf(migrate(stored(first, 1), without, 7))).toMatchObject({ kind: "stepMissing", step: 2 });
    expect(reasonOf(migrate(stored(first, 1), { ...without, version: 20_260_101 }, 7)).step).toBe(2);
  });

  const failures: [what: string, migration: (it: Stored) => unknown, says: string, more: object][] = [
    [
      "throws",
      () => {
        throw new TypeError("no price");
      },
      "Migration 3 threw",
      { thrown: "TypeError: no price" },
    ],
    ["returns a promise", async (it) => it, "Migration 3 returned a promise; it must be synchronous", {}],
    [
      "fails later",
      () => Promise.reject(new Error("later")),
      "Migration 3 returned a promise; it must be synchronous",
      {},
    ],
    [
      "returns nothing",
      () => undefined,
      "Migration 3 returned nothing; return the snapshot also where it was changed in place",
      {},
    ],
    [
      "returns what is no plain data",
      (it) => ({ ...it, context: { at: new Date(0) } }),
      "Migration 3 returned what is no plain data",
      { issues: [{ path: ".snapshot.context.at" }] },
    ],
  ];
  test.each(failures)(
    "it is refused where a migration %s, naming the step",
    (_what, migration, says, more) => {
      const migrations = { 2: price, 3: migration };
      expect(reasonOf(migrate(stored(first, 1), { ...definition, migrations }, 7))).toMatchObject({
        kind: "stepFailed",
        says,
        step: 3,
        ...more,
      });
    },
  );

  test("it is refused where what came of it is no snapshot of the machine", () => {
    const migrations = { 2: price, 3: (it: Stored) => it };
    expect(reasonOf(migrate(stored(first, 1), { ...definition, migrations }, 7))).toMatchObject({
      kind: "misfit",
      step: 3,
      issues: [{ path: "value", says: 'Expected a state of the machine, which has no "draft"' }],
    });
    const priced = { ...definition, context: z.object({ price: z.number().positive() }) };
    expect(reasonOf(migrate(stored(first, 1), priced, 7))).toMatchObject({ issues: [{ path: "context" }] });
  });

  test("a migration that changes what it is given changes nothing of what is stored", () => {
    const it = { ...stored(first, 1, "add"), timers: [] as StoredTimer[] };
    const before = structuredClone(it);
    const spoil: Migration<Stored> = (snapshot, { timers }) => {
      snapshot.context.price = 1;
      timers.push({ source: "", dueAtMs: 1, event: { type: "remind" } });
      return snapshot;
    };
    const loaded = migrate(it, { ...definition, migrations: { 2: spoil, 3: sketch } }, 7);
    expect(loaded).toMatchObject({ ok: true, snapshot: { context: { price: 1 } }, timers: [{ dueAtMs: 1 }] });
    expect(it).toEqual(before);
  });

  test("nobody keeps hold of what is loaded", () => {
    const kept: Stored[] = [];
    const keep: Migration<Stored> = (it, step) => {
      kept.push(it);
      return sketch(it, step);
    };
    const migrations = { 2: price, 3: keep };
    const loaded = migrate(stored(first, 1), { ...definition, migrations }, 7);
    Object.assign(kept[0] as object, { value: "spoiled" });
    expect(loaded).toMatchObject({ ok: true, snapshot: { value: { sketch: "empty" } } });
  });

  const timer: StoredTimer = {
    source: "",
    id: "xstate.after.patience.order.paying",
    dueAtMs: 1_000,
    event: { type: "xstate.after.patience.order.paying" },
  };

  test("its timers are taken with it, without those no state waits for any more", () => {
    const other = { source: "", id: "later", dueAtMs: 3, event: { type: "remind" }, more: { n: 1 } };
    const paying = { ...stored(first, 1, "submit"), timers: [other, timer] };
    expect(migrate(paying, definition, 7)).toMatchObject({ ok: true, timers: [other, timer] });
    const back = {
      ...definition,
      migrations: {
        2: price,
        3: (it: Stored) => ({ ...sketch(it, {} as never), value: { sketch: "empty" } }),
      },
    };
    expect(migrate(paying, back, 7)).toMatchObject({ ok: true, timers: [other] });
  });

  test("it is refused where a state came to be active that waits for a timer, or a child, nobody started", () => {
    const pay = (it: Stored) => ({ ...sketch(it, {} as never), value: "paying" });
    const migrations = { 2: price, 3: pay };
    expect(reasonOf(migrate(stored(first, 1), { ...definition, migrations }, 7)).issues).toEqual([
      { path: "children", says: 'Expected the child "payment", which state `paying` invokes' },
      { path: "value", says: `Expected the timer "${timer.id}", which state \`paying\` waits for` },
    ]);
    const started: Migration<Stored> = (it, step) => {
      step.timers.push(timer);
      const payment = { src: "pay", snapshot: { status: "active", input: 1 } };
      return { ...pay(it), children: { payment } } as never;
    };
    const loaded = migrate(stored(first, 1), { ...definition, migrations: { 2: price, 3: started } }, 7);
    expect(loaded).toMatchObject({ ok: true, timers: [timer] });
    const wrong: Migration<Stored> = (it, step) => {
      step.timers.push(timer);
      return {
        ...pay(it),
        children: { payment: { src: "charge", snapshot: { status: "active" } } },
      } as never;
    };
    expect(
      reasonOf(migrate(stored(first, 1), { ...definition, migrations: { 2: price, 3: wrong } }, 7)).issues,
    ).toEqual([
      { path: "children.payment", says: 'Expected the child "payment" to be of src "pay", got "charge"' },
    ]);
  });

  test("what it had stopped waiting for before is not held against it, if it is known to have waited", () => {
    const { helper: _, ...none } = {} as Record<string, never>;
    const paying = { ...stored(first, 1, "submit"), timers: [] };
    Object.assign(paying.snapshot as object, { children: none });
    expect(migrate(paying, definition, 7)).toMatchObject({ ok: true, timers: [] });
    const { outlineOf: _known, ...unknowing } = definition;
    expect(reasonOf(migrate(paying, unknowing, 7)).issues).toHaveLength(2);
  });

  test("what its child machines wait for counts too", () => {
    const child = (state: string) =>
      setup({ delays: { soon: 5 } }).createMachine({
        id: "child",
        initial: state,
        states: { [state]: { after: { soon: "over" } }, over: {} },
      });
    const parent = (state: string) => createMachine({ id: "parent", invoke: { id: "c", src: child(state) } });
    const soon = (state: string) => ({
      source: "/c",
      dueAtMs: 5,
      event: { type: `xstate.after.soon.child.${state}` },
    });
    const it = { ...stored(parent("one"), 1), timers: [soon("one")] };
    const two = (fix: (timers: StoredTimer[]) => void): Versioned => ({
      type: "parent",
      logic: parent("two"),
      version: 2,
      migrations: {
        2: (snapshot: Stored, { timers }: { timers: StoredTimer[] }) => {
          fix(timers);
          Object.assign(snapshot.children.c?.snapshot as object, { value: "two" });
          return snapshot;
        },
      },
      outlineOf: knowing(parent("one")),
    });
    expect(
      reasonOf(
        migrate(
          it,
          two(() => {}),
          7,
        ),
      ).issues,
    ).toEqual([
      {
        path: "children.c.snapshot.value",
        says: 'Expected the timer "xstate.after.soon.child.two", which state `two` waits for',
      },
    ]);
    const renamed = migrate(
      it,
      two((timers) => timers.splice(0, 1, soon("two"))),
      7,
    );
    expect(renamed).toMatchObject({ ok: true, timers: [soon("two")] });
  });

  test("a plain reducer's state is migrated too", () => {
    const it = { key: "k1", version: 1, fingerprint: "reducer", snapshot: 5 };
    const reducer = { type, logic: undefined, version: 2, migrations: { 2: (n: number) => ({ count: n }) } };
    expect(migrate(it, reducer, 7)).toMatchObject({ ok: true, snapshot: { count: 5 } });
    const transition = { ...reducer, logic: counting };
    expect(reasonOf(migrate(it, transition, 7)).kind).toBe("misfit");
    expect(migrate({ ...it, fingerprint: "call" }, { type, logic: never, version: 1 }, 7)).toMatchObject({
      ok: false,
    });
  });
});

test("a refusal is an error for whoever wanted something of the actor", () => {
  const second = helplessOrder();
  const reason = reasonOf(
    migrate(stored(first, 1), { type, logic: second, version: 1, outlineOf: knowing(first) }, 5),
  );
  const error = snapshotRefused(reason, { type, key: "k1" });
  expect(error).toMatchObject({ code: "SNAPSHOT_REFUSED", details: { type, key: "k1", kind: "changed" } });
  expect(error.message).toBe(
    "order.k1 was not loaded: The machine changed, its version 1 did not: state `helped` is gone",
  );
});

test("versions and migrations that can never be used are refused where they are defined", () => {
  const check = (more: object) => () => checkVersions({ type, logic: first, version: 3, ...more });
  expect(check({})).not.toThrow();
  expect(check({ migrations: { 2: () => 1, 3: () => 1 } })).not.toThrow();
  for (const more of [
    { version: 0 },
    { version: 1.5 },
    { version: "2" },
    { migrations: { 1: () => 1 } },
    { migrations: { 4: () => 1 } },
    { migrations: { two: () => 1 } },
    { migrations: { 2: "drop" } },
  ]) {
    expect(check(more), JSON.stringify(more)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  }
});
