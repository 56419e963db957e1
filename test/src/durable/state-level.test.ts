import { expect, test, vi } from "vitest";
import { createMemoryHub, createSystem, type Report } from "../../../src/index.ts";
import { testCluster, testServer } from "../../support/nats-server.ts";
import { order } from "./inspection/orders.ts";

vi.setConfig({ testTimeout: 60_000 });

async function levelOf(options: Partial<Parameters<typeof createSystem>[0]>): Promise<Report> {
  const reports: Report[] = [];
  const onReport = (report: Report): void => void reports.push(report);
  await using system = await createSystem({ name: "shop", actors: { order }, onReport, ...options });
  const found = () => reports.filter(({ message }) => message.includes("proven level"));
  await expect.poll(() => found().length, { timeout: 15_000 }).toBe(1);
  await system.drain();
  expect(found()).toHaveLength(1);
  return found()[0] as Report;
}

test("a node that hosts durable types states what they outlive: an embedded server flushes every second", async () => {
  await using server = await testServer();
  await using _other = await testServer({ sync: "always" });
  const { level, message } = await levelOf({ servers: server.url });
  expect(level).toBe("info");
  expect(message).toContain('proven level "process"');
  expect(message).toMatch(/a power cut: no \(it flushes to disk every second/);
  expect(message).toContain("To raise it: ");
});

test("one that flushes always outlives a power cut", async () => {
  await using server = await testServer({ sync: "always" });
  expect((await levelOf({ servers: server.url })).message).toContain('proven level "power"');
});

test("three replicas in a cluster outlive the loss of a server; what is stated of how they flush proves nothing", async () => {
  await using cluster = await testCluster();
  const servers = cluster.servers.map(({ url }) => url);
  const { message } = await levelOf({ servers, connection: { replicas: 3 }, serverFlushes: "always" });
  expect(message).toContain('proven level "node"');
  // These are ours, of which it is known.
  expect(message).toContain("Stated by you, and not so: the servers flush to disk before they acknowledge");
});

test("in memory nothing is outlived, which is a warning", async () => {
  const { level, message } = await levelOf({ transport: createMemoryHub().connect() });
  expect({ level, message }).toMatchObject({
    level: "warning",
    message: expect.stringContaining('proven level "none"'),
  });
});

test("a node without durable types states nothing", async () => {
  const reports: Report[] = [];
  const onReport = (report: Report): void => void reports.push(report);
  const transport = createMemoryHub().connect();
  await using system = await createSystem({ name: "shop", transport, onReport });
  await system.drain();
  expect(reports).toEqual([]);
});
