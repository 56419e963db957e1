import { afterEach, expect, test, vi } from "vitest";
import { CoxswainError } from "../../../protocols/index.ts";
import { realEnv } from "../../../src/env/env.ts";
import { openTransport } from "../../../src/transport/open.ts";
import { rejection } from "../../support/systems.ts";

const startServer = vi.hoisted(() => vi.fn());
vi.mock("../../../src/server/index.ts", async (actual) => ({ ...(await actual<object>()), startServer }));

afterEach(() => {
  vi.unstubAllEnvs();
  startServer.mockReset();
});
const absent = (): Promise<never> =>
  Promise.reject(new CoxswainError("SERVER_NOT_FOUND", "No nats-server here"));

test("where no server is to be had, actors run in this process, and that is said", async () => {
  vi.stubEnv("NATS_URL", undefined);
  vi.stubEnv("NATS_SERVER_BIN", undefined);
  startServer.mockImplementation(absent);
  const warnings: string[] = [];
  const opened = await openTransport({}, "t", realEnv, (message) => void warnings.push(message));
  expect(opened.transport.name).toBe("memory");
  expect(warnings).toEqual([expect.stringContaining("this process only")]);
  await opened.close();
});

test("but a server that was named, or its store, must be there", async () => {
  vi.stubEnv("NATS_URL", undefined);
  startServer.mockImplementation(absent);
  const refused = { code: "SERVER_NOT_FOUND" };
  expect(await rejection(openTransport({ storeDir: "/tmp/store" }, "t", realEnv, () => {}))).toMatchObject(
    refused,
  );
  vi.stubEnv("NATS_SERVER_BIN", "/nowhere/nats-server");
  expect(await rejection(openTransport({}, "t", realEnv, () => {}))).toMatchObject(refused);
  vi.stubEnv("NATS_URL", "nats://127.0.0.1:1");
  expect(await rejection(openTransport({}, "t", realEnv, () => {}))).toMatchObject(refused);
});

test("an unknown transport is refused, quoting what came", async () => {
  const refused = await rejection(openTransport({ transport: "pigeon" as never }, "t", realEnv, () => {}));
  expect(refused).toMatchObject({ code: "OPTION_INVALID", message: expect.stringContaining("pigeon") });
});
