import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { delegate } from "../../../actors/index.ts";
import { authority } from "../../../machines/index.ts";
import {
  type AuditNote,
  type AuditRecord,
  actorAddress,
  type Decision,
  delegationRequest,
  type Situation,
} from "../../../protocols/index.ts";
import { explanationText } from "../../../src/cli/why-text.ts";
import { createSystem } from "../../../src/index.ts";
import { books, startTeam, validation } from "../../actors/delegation/team.ts";
import { openTerminal, output, type Terminal } from "../../support/cli.ts";
import { testServer } from "../../support/nats-server.ts";
import { durableCluster } from "../durable/durable-cluster.ts";

vi.setConfig({ testTimeout: 60_000 });

const request = delegationRequest.parse({
  from: actorAddress("desk.one"),
  to: actorAddress("crew.two"),
  task: { type: "data_validation", payload: { canary: "payload" } },
  priority: 3,
  claims: { stage_scope: true, data_quality_threshold: 0.9 },
  resources: { cpu: 4 },
});
const role = { skills: {}, capacity: 10, clearance: [] };
const situation: Situation = {
  atMs: 1_000,
  rules: { version: 3, hash: "4f5e6d7c8b9a0123" },
  from: { ...role, authority: "STAGE_COORDINATOR" },
  to: { ...role, authority: "PIPELINE_COLLABORATOR" },
  load: { capacity: 10, inFlight: 3, held: {}, throughput: 0, oldestMs: 0 },
  measured: {},
  alternatives: [],
};

const note = (kind: string, outcome: unknown, inputs: unknown = null): AuditNote => ({
  ...{ id: `d-1/${kind}`, kind, subject: "d-1", by: "desk.one", rules: situation.rules },
  ...{ inputs, outcome },
});
const decidedNote = (from: Partial<Situation> = {}, asked: object = {}): AuditNote => {
  const inputs = { request: { ...request, ...asked }, situation: { ...situation, ...from } };
  return note(
    "decided",
    authority.decide(inputs.request, inputs.situation, authority.enterpriseData),
    inputs,
  );
};
const approving = (to: AuditNote): AuditNote => ({
  ...to,
  outcome: { ...(to.outcome as Decision), approval: { required: true, id: "d-1" } },
});

/** What `coxswain why d-1` prints of these, which were noted a second apart. */
function textOf(notes: readonly AuditNote[]): string[] {
  const records = notes.map(
    (each, n): AuditRecord => ({
      ...each,
      ...{ number: n + 1, atMs: 1_700_000_000_000 + n * 1_000, actor: "auditor.main", zone: "main" },
      ...{ previous: "", hash: "" },
    }),
  );
  return explanationText("d-1", records, (_, text) => text).split("\n");
}

describe("why", () => {
  it("goes through one that was done, check by check, with what was found", () => {
    expect(
      textOf([
        decidedNote(),
        note("assigned", { granted: true }, { to: "crew.two" }),
        note("ended", { status: "done" }),
      ]),
    ).toEqual([
      "d-1  done",
      "  asked       desk.one delegates data_validation to crew.two, priority HIGH, 2023-11-14T22:13:20.000Z",
      "  authority   holds  STAGE_COORDINATOR may delegate to PIPELINE_COLLABORATOR",
      "  rule        holds  coordinator_to_collaborator, of rules 3 (4f5e6d7c8b9a)",
      "  capacity    holds  3 of 10 places were taken",
      "  limits      holds  cpu 4 of 20",
      expect.stringMatching(/^ {2}governance {2}holds/),
      "  approval    holds  not required",
      "  assigned    to crew.two, under a grant, after 1 s",
      "  ended       done, after 2 s",
    ]);
  });

  it("stops at the check that failed, and says what else there was and who is asked", () => {
    const full = { load: { ...situation.load, inFlight: 10 } };
    const alternatives = [{ address: actorAddress("crew.three"), free: 4, fit: 1 }];
    expect(textOf([decidedNote({ ...full, alternatives })]).slice(4)).toEqual([
      "  capacity    fails  crew.two has 10 of its 10 places taken",
      "              instead crew.three (4 free)",
      "  limits      -  not reached",
      "  governance  -  not reached",
      "  approval    -  not reached",
    ]);
    const greedy = textOf([
      decidedNote({}, { resources: { cpu: 21 } }),
      note("ladder", { state: "resolved", by: "ann", reason: "fine" }),
    ]);
    expect(greedy.slice(5)).toEqual([
      expect.stringMatching(
        /^ {2}limits {6}fails {2}Rule .* does not allow 21 cores of cpu where 20 cores are left$/,
      ),
      "              escalates to pipeline_manager, then data_architect",
      "  governance  -  not reached",
      "  approval    -  not reached",
      "  ladder      resolved by ann: fine, after 1 s",
    ]);
    const [, , first, ...others] = textOf([
      decidedNote({ from: { ...role, authority: "PIPELINE_COLLABORATOR" } }, { to: "nobody.x" }),
    ]);
    expect(first).toMatch(/^ {2}(authority|rule) /);
    expect(others.at(-1)).toBe("  approval    -  not reached");
  });

  it("tells what the target's book and the gate had the last word on", () => {
    const denied: Decision = {
      ...{ ok: false, check: "capacity", reason: "crew.two has no place left: 10 of 10 are taken" },
      ...{ requiresEscalation: false, escalationPath: [], alternatives: [], violations: [], nearest: [] },
    };
    expect(textOf([decidedNote(), note("denied", denied)])).toContain(
      "  capacity    fails  crew.two has no place left: 10 of 10 are taken",
    );
    const gate = (approved: boolean, by: string) => note("gate", { approved, by, reason: "later" });
    const approvals = [[], [gate(true, "ann")], [gate(false, "")]].map((gates) =>
      textOf([approving(decidedNote()), ...gates]).find((line) => line.includes("approval")),
    );
    expect(approvals).toEqual([
      "  approval    -  required; nobody has decided",
      "  approval    holds  approved by ann: later",
      "  approval    fails  refused, as nobody decided in time: later",
    ]);
  });

  it("shows notes of other kinds as they are, harmless for a terminal", () => {
    const lines = textOf([
      note("rules", { text: "\u001b[2J" }),
      { ...note("decided", { ok: true }), by: "ann" },
    ]);
    expect(lines.join("\n")).not.toContain("\u001b");
    expect(lines).toEqual([
      "d-1  decided",
      '  decided     by ann: {"ok":true}',
      expect.stringContaining("by desk.one: "),
    ]);
  });
});

describe("why, of real delegations", () => {
  it("explains what was done and what was refused, by the notes that they leave themselves", async () => {
    await using cluster = durableCluster();
    const { system } = await cluster.join("team", {});
    await cluster.join("books", books({}));
    await cluster.settled(startTeam(system, () => ({ rows: 3 })));
    const given = await cluster.settled(delegate(system, validation(), { id: "d1" }));
    await cluster.settled(given.result());
    await cluster.settled(delegate(system, validation({ claims: {} }), { id: "d2" }));
    await cluster.pass(5_000);
    const explained = async (about: string): Promise<string> => {
      const records: AuditRecord[] = [];
      for await (const { record } of system.audit.read({ about })) records.push(record);
      return explanationText(about, records, (_, text) => text);
    };
    const done = await cluster.settled(explained("d1"));
    for (const line of [
      /^d1 {2}done$/,
      /^ {2}rule +holds {2}coordinator_to_collaborator, of rules /,
      /^ {2}approval +holds {2}not required$/,
      /^ {2}assigned +to validators, under a grant, after /,
      /^ {2}ended +done, after /,
    ])
      expect(done.split("\n")).toContainEqual(expect.stringMatching(line));
    const refused = await cluster.settled(explained("d2"));
    for (const line of [
      /^d2 {2}refused$/,
      /^ {2}authority +holds /,
      /^ {2}rule +fails {2}No rule lets /,
      /^ {2}ended +refused, after /,
    ])
      expect(refused.split("\n")).toContainEqual(expect.stringMatching(line));
  });
});

describe("coxswain why, on a real server", () => {
  let terminal: Terminal;
  beforeAll(async () => {
    terminal = await openTerminal();
  });
  afterAll(() => terminal[Symbol.asyncDispose]());

  it("explains one delegation, verifies the audit, and ends with 1 where something is gone", async () => {
    await using server = await testServer();
    await using system = await createSystem({ name: "team", servers: server.url, node: "one" });
    for (const each of [decidedNote(), note("ended", { status: "done" })])
      await system.audit.append(each, "auditor.main");
    const run = (...args: string[]) => output(terminal.coxswain(["why", ...args, "--servers", server.url]));

    const told = await run("d-1", "--verify");
    expect(told).toMatchObject({ code: 0, stderr: "" });
    expect(told.stdout).toMatch(
      /^the audit has 2 records, 1 to 2: as they were written\nd-1 {2}done\n {2}asked {7}desk\.one/,
    );
    const json = await run("d-1", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      subject: "d-1",
      stage: "done",
      records: [{ kind: "decided" }, { kind: "ended" }],
    });
    expect(json.stdout).not.toContain("canary");
    expect(await run("d-2")).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing about d-2") });
    expect((await run()).code).toBe(2);

    const { connect } = await import("nats");
    const nc = await connect({ servers: server.url });
    await (await nc.jetstreamManager()).streams.deleteMessage("cx_team_audit", 2);
    nc.publish("cx.team.audit.main.decided.d-1", Buffer.from('{"forged":true}'));
    await nc.drain();
    const tampered = await run("--verify", "--json");
    expect(tampered.code).toBe(1);
    expect(JSON.parse(tampered.stdout).audit.findings.map(({ what }: { what: string }) => what)).toEqual([
      "removed",
      "foreign",
    ]);
  });
});
