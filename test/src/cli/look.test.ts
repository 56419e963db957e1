import { connect, JSONCodec } from "nats";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createSystem } from "../../../src/index.ts";
import { exampleFile, openTerminal, output, type Running, type Terminal } from "../../support/cli.ts";
import { counter, counterActor } from "../../support/counter.ts";

// Each look is a process.
vi.setConfig({ testTimeout: 60_000 });

// One system in a first terminal, looked at from others.
let terminal: Terminal;
let tally: Running;
let url: string;

beforeAll(async () => {
  terminal = await openTerminal();
  tally = terminal.coxswain(["run", exampleFile("tally.ts")]);
  url = (await tally.said(/tally runs at (nats:\S+)/))[1] ?? "";
});
afterAll(() => terminal[Symbol.asyncDispose]());

const json = JSONCodec<object>();

async function publish(messages: readonly { to: string; message: object }[]): Promise<void> {
  const connection = await connect({ servers: url });
  for (const { to, message } of messages) connection.publish(`cx.tally.in.main.${to}`, json.encode(message));
  await connection.flush();
  await connection.close();
}

const add = (by: number, more: object = {}): object => ({ type: "add", body: { by }, ...more });

async function read(to: string): Promise<unknown> {
  const connection = await connect({ servers: url });
  const subject = `cx.tally.in.main.${to}`;
  const reply = await connection.request(subject, json.encode({ type: "read", body: {} }), {
    timeout: 5_000,
  });
  await connection.close();
  return (json.decode(reply.data) as { body: unknown }).body;
}

describe("ps", () => {
  it("lists nodes and actors of the system that runs here, without being told where", async () => {
    await publish([{ to: "crew", message: add(1) }]);
    const { stdout, stderr, code } = await output(terminal.coxswain(["ps"]));
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toContain(`system tally at ${url}`);
    expect(stdout).toMatch(/NODE +ZONE +PID +HOST +UPTIME +ACTORS +AGENTS/);
    expect(stdout).toMatch(/\ncrew +counter@1\.0 +active +0 +0 +1 +- +n/);
    expect(stdout).toMatch(/\ncrew\.bow +counter@1\.0/);
    expect(stdout).not.toContain("\x1b[");
  });

  it("gives one JSON document, and only what lies below an address", async () => {
    const { stdout, code } = await output(terminal.coxswain(["ps", "crew.bow", "--json"]));
    expect(code).toBe(0);
    const { system, nodes } = JSON.parse(stdout);
    expect(system).toBe("tally");
    expect(nodes).toHaveLength(1);
    expect(nodes[0]).toMatchObject({ zone: "main", answer: { info: { actors: 2 }, total: 1 } });
    expect(nodes[0].answer.actors).toMatchObject([{ address: "crew.bow", protocol: "counter@1.0" }]);
  });

  it("leaves no trace: the system has the same nodes after many looks", async () => {
    const looks = await Promise.all([1, 2].map(() => output(terminal.coxswain(["ps", "--json"]))));
    const nodes = looks.map(({ stdout }) =>
      JSON.parse(stdout).nodes.map((each: { node: string }) => each.node),
    );
    expect(nodes[0]).toHaveLength(1);
    expect(nodes[1]).toEqual(nodes[0]);
  });

  it("says how many actors a limit hides", async () => {
    const { stdout } = await output(terminal.coxswain(["ps", "--limit", "1"]));
    expect(stdout).toMatch(/1 of 2 actors of n/);
    expect(stdout).not.toContain("crew.bow");
  });
});

it("tree shows actors below their node by address", async () => {
  const { stdout, code } = await output(terminal.coxswain(["tree"]));
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^tally at nats:\S+\n└─ n\S+ {2}pid \d+ on .+, up .+, 2 actors\n {3}└─ crew {2}counter@1\.0/,
  );
  expect(stdout).toMatch(/\n {6}└─ bow {2}counter@1\.0 {2}active {2}\d+ handled\n$/);
});

describe("tap", () => {
  it("shows events as lines of JSON and ends after --count", async () => {
    const tap = terminal.coxswain(["tap", "--json", "--count", "2"]);
    await tap.said(/listening to cx\.tally\.ev\.>/);
    await publish([
      { to: "crew.bow", message: add(1) },
      { to: "crew.bow", message: add(2) },
    ]);
    const { stdout, code } = await output(tap);
    expect(code).toBe(0);
    const seen = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(seen).toMatchObject([
      { subject: "cx.tally.ev.crew.bow.added", lane: "ev", kind: "event", from: "crew.bow", type: "added" },
      { from: "crew.bow", type: "added", protocol: "counter@1.0" },
    ]);
  });

  it.each([
    { pattern: "crew.bow", shown: ["crew.bow"] },
    { pattern: "crew.bow.added", shown: ["crew.bow"] },
    { pattern: "*.added", shown: ["crew"] },
    { pattern: "crew.>", shown: ["crew", "crew.bow"] },
  ])("$pattern shows what $shown emit", async ({ pattern, shown }) => {
    const tap = terminal.coxswain(["tap", pattern, "--json", "--count", String(shown.length)]);
    await tap.said(/listening/);
    const messages = ["crew", "crew.bow"].map((to) => ({ to, message: add(1) }));
    await publish(messages);
    const { stdout } = await output(tap);
    const from = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).from);
    expect(from.sort()).toEqual(shown);
  });

  it("with --all also shows messages on their way, their refusals, and dead letters", async () => {
    const tap = terminal.coxswain(["tap", "crew", "--all", "--count", "3"]);
    await tap.said(/listening/);
    await publish([{ to: "crew", message: { type: "nonsense", body: {} } }]);
    const { stdout, code } = await output(tap);
    expect(code).toBe(0);
    const lines = stdout.trim().split("\n").sort();
    expect(lines.join("\n")).toMatch(/ {2}in {4}\(script\) → crew {2}nonsense {2}\{\}/);
    expect(lines.join("\n")).toMatch(/ {2}dead {2}crew {2}nonsense {2}TYPE_UNKNOWN/);
    expect(lines.join("\n")).toMatch(/ {2}ev {4}crew {2}refused {2}\{.*TYPE_UNKNOWN/);
  });

  it("with --all shows each of several messages that travelled as one", async () => {
    const tap = terminal.coxswain(["tap", "crew", "--all", "--json", "--count", "20"]);
    await tap.said(/listening/);
    await using client = await createSystem({ name: "tally", servers: url });
    const ref = client.ref("crew", counter);
    for (let by = 1; by <= 10; by++) ref.tell({ type: "add", by });
    const { stdout } = await output(tap);
    const lines = stdout.trim().split("\n");
    const seen = lines.map((line) => JSON.parse(line)).filter(({ lane }) => lane === "in");
    expect(seen.map(({ type, body }) => [type, body.by])).toEqual(
      Array.from({ length: 10 }, (_, i) => ["add", i + 1]),
    );
  });

  it("is coloured where colours are asked for, and not with NO_COLOR", async () => {
    const colours = { FORCE_COLOR: "1" };
    const taps = [colours, { ...colours, NO_COLOR: "1" }].map((env) =>
      terminal.coxswain(["tap", "crew", "--count", "1"], { env }),
    );
    for (const tap of taps) await tap.said(/listening/);
    await publish([{ to: "crew", message: add(1) }]);
    const [coloured, plain] = await Promise.all(taps.map(output));
    expect(coloured?.stdout).toContain("\x1b[");
    expect(plain?.stdout).toMatch(/crew {2}added/);
    expect(plain?.stdout).not.toContain("\x1b[");
  });

  it("ends with 130 on Ctrl-C", async () => {
    const tap = terminal.coxswain(["tap"]);
    await tap.said(/listening/);
    tap.child.kill("SIGINT");
    expect(await tap.ended).toBe(130);
  });
});

describe("letters", () => {
  interface Letter {
    sequence: number;
    to: string;
    code: string;
  }
  const lettersTo = async (to: string): Promise<Letter[]> => {
    const { stdout } = await output(terminal.coxswain(["letters", "list", "--json"]));
    const all = stdout.split("\n").filter(Boolean);
    return all.map((line) => JSON.parse(line)).filter((letter: Letter) => letter.to === to);
  };
  // A look takes a second.
  const patiently = { timeout: 15_000 };

  it("lists why a message died, and replays it without its old deadline", async () => {
    const before = (await read("crew.bow")) as { count: number };
    const late = { deadlineMs: 1_000, id: "late-1", causationId: "cause-1" };
    await publish([{ to: "crew.bow", message: add(40, late) }]);
    await expect
      .poll(() => lettersTo("crew.bow"), patiently)
      .toMatchObject([
        { code: "DEADLINE_EXCEEDED", type: "add", chain: { id: "late-1" }, message: { body: { by: 40 } } },
      ]);
    const listed = await output(terminal.coxswain(["letters", "list"]));
    expect(listed.stdout).toMatch(/#\d+ {2}DEADLINE_EXCEEDED {2}crew\.bow {2}add/);
    expect(listed.stdout).toMatch(/id late-1, caused by cause-1/);
    expect(listed.stdout).toContain('{"by":40}');

    const [letter] = await lettersTo("crew.bow");
    const sequence = String(letter?.sequence);
    const replayed = await output(terminal.coxswain(["letters", "replay", sequence]));
    expect(replayed).toMatchObject({ code: 0, stdout: `#${sequence} add sent to crew.bow again\n` });
    await expect.poll(() => read("crew.bow"), patiently).toEqual({ count: before.count + 40 });
    expect(await lettersTo("crew.bow")).toEqual([]);

    const again = await output(terminal.coxswain(["letters", "replay", sequence]));
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("No dead letter has the sequence");
  });

  it("what reaches nobody on replay is a letter again, and the exit code says so", async () => {
    // Refused while somebody lived there, sent again when nobody does.
    const guest = await createSystem({ name: "tally", node: "guest", servers: url });
    await guest.spawn("elsewhere", counterActor);
    await publish([{ to: "elsewhere", message: { type: "nonsense", body: {} } }]);
    await expect.poll(() => lettersTo("elsewhere"), patiently).toMatchObject([{ code: "TYPE_UNKNOWN" }]);
    await guest.drain();
    const [first] = await lettersTo("elsewhere");
    const { code, stderr } = await output(terminal.coxswain(["letters", "replay", String(first?.sequence)]));
    expect(code).toBe(1);
    expect(stderr).toContain("1 reached nobody");
    await expect.poll(() => lettersTo("elsewhere"), patiently).toMatchObject([{ code: "UNREACHABLE" }]);
  });

  it("replay --all sends each letter that is there once, also those that die again", async () => {
    await publish([1, 2, 3].map(() => ({ to: "crew", message: { type: "nonsense", body: {} } })));
    const nonsense = async (): Promise<number[]> =>
      (await lettersTo("crew")).map((letter) => letter.sequence);
    await expect.poll(async () => (await nonsense()).length, patiently).toBeGreaterThanOrEqual(3);
    const before = await nonsense();
    const { stdout } = await output(terminal.coxswain(["letters", "replay", "--all"]));
    expect(stdout.match(/sent to crew again/g)).toHaveLength(before.length);
    await expect.poll(async () => (await nonsense()).length, patiently).toBe(before.length);
    expect(Math.min(...(await nonsense()))).toBeGreaterThan(Math.max(...before));
  });
});
