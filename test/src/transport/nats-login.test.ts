import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EmbeddedServer } from "../../../src/server/index.ts";
import { connectNats, type NatsOptions } from "../../../src/transport/nats.ts";
import {
  credentialsLogin,
  eachServerVersion,
  hasOpenssl,
  nkeyLogin,
  passwordLogin,
  testServer,
  tlsFiles,
  tokenLogin,
} from "../../support/nats-server.ts";
import { bytes, okOf } from "./support.ts";

/** Connects, and proves it by a round trip and by the store. */
async function works(server: EmbeddedServer, options: NatsOptions): Promise<void> {
  const transport = await connectNats({ servers: server.url, ...options });
  try {
    expect(await transport.flush()).toMatchObject({ kind: "ok" });
    const bucket = okOf(await transport.store.bucket("logins"));
    expect(await bucket.put("a", bytes("1"))).toMatchObject({ kind: "ok" });
  } finally {
    await transport.close();
  }
}

async function refused(server: EmbeddedServer, options: NatsOptions, code: string): Promise<void> {
  await expect(
    connectNats({ servers: server.url, connectTimeoutMs: 3_000, ...options }),
  ).rejects.toMatchObject({
    code,
  });
}

describe.each(eachServerVersion)("logging in to server %s", (version) => {
  it("with user and password, in the options or in the URL", async () => {
    const { config, user, pass } = passwordLogin();
    await using server = await testServer({ version, config });
    await works(server, { user, pass });
    await works(server, { servers: server.url.replace("//", `//${user}:${pass}@`) });
    await refused(server, { user, pass: "wrong" }, "PERMISSION_DENIED");
    await refused(server, {}, "PERMISSION_DENIED");
  });

  it("with a token, in the options or in the URL", async () => {
    const { config, token } = tokenLogin();
    await using server = await testServer({ version, config });
    await works(server, { token });
    await works(server, { servers: server.url.replace("//", `//${token}@`) });
    await refused(server, { token: "wrong" }, "PERMISSION_DENIED");
  });

  it("with an nkey", async () => {
    const { config, seed } = nkeyLogin();
    await using server = await testServer({ version, config });
    await works(server, { nkey: seed });
    await refused(server, { nkey: nkeyLogin().seed }, "PERMISSION_DENIED");
  });

  it("with a credentials file", async () => {
    const { config, credentials } = credentialsLogin();
    await using server = await testServer({ version, config });
    const folder = await mkdtemp(join(tmpdir(), "coxswain-creds-"));
    try {
      const file = join(folder, "bow.creds");
      await writeFile(file, credentials);
      await works(server, { credentialsFile: file });
      await writeFile(file, credentialsLogin().credentials);
      await refused(server, { credentialsFile: file }, "PERMISSION_DENIED");
      await writeFile(file, "nothing");
      await refused(server, { credentialsFile: file }, "OPTION_INVALID");
      await refused(server, { credentialsFile: join(folder, "missing.creds") }, "OPTION_INVALID");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("as a user with an inbox prefix of his own", async () => {
    const permissions = { publish: [">"], subscribe: ["_BOX_bow.>", "open.>"] };
    const users = [{ user: "bow", password: "rosin", permissions }];
    await using server = await testServer({ version, config: { authorization: { users } } });
    await works(server, { user: "bow", pass: "rosin", inboxPrefix: "_BOX_bow" });
  });
});

describe.skipIf(!(await hasOpenssl())).each(eachServerVersion)("TLS to server %s", (version) => {
  it("trusts the given authority only", async () => {
    await using files = await tlsFiles();
    await using server = await testServer({ version, config: files.config() });
    await works(server, { tls: { caFile: files.caFile } });
    await works(server, { servers: server.url.replace("nats:", "tls:"), tls: { caFile: files.caFile } });
    await refused(server, { tls: { caFile: files.strangersCaFile } }, "SERVER_FAILED");
    await refused(server, {}, "SERVER_FAILED");
    await refused(server, { tls: { caFile: "/nowhere/ca.pem" } }, "OPTION_INVALID");
  });

  it("shows a certificate of ours where the server asks for it", async () => {
    await using files = await tlsFiles();
    await using server = await testServer({ version, config: files.config({ verify: true }) });
    const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = files;
    await works(server, { tls: { caFile, certFile, keyFile } });
    await refused(server, { tls: { caFile } }, "SERVER_FAILED");
  });

  it("is not given up for a server that speaks none", async () => {
    await using files = await tlsFiles();
    await using server = await testServer({ version });
    await refused(server, { tls: { caFile: files.caFile } }, "SERVER_FAILED");
  });
});

describe("options of connectNats", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each<[string, object, string]>([
    ["an unknown option", { server: "nats://127.0.0.1" }, '"server"'],
    ["a server of another scheme", { servers: "http://127.0.0.1:4222" }, "http://127.0.0.1:4222"],
    ["no server", { servers: [] }, "[]"],
    ["a number as server", { servers: [4222] }, "4222"],
    ["a path behind the server", { servers: "nats://127.0.0.1:4222/x" }, "/x"],
    ["a negative liveness", { servers: "nats://x", livenessMs: -1 }, "-1"],
    ["a text as liveness", { servers: "nats://x", livenessMs: "3s" }, '"3s"'],
    ["too many replicas", { servers: "nats://x", replicas: 7 }, "7"],
    ["an inbox prefix with a wildcard", { servers: "nats://x", inboxPrefix: "a.*" }, "a.*"],
    ["an unknown TLS option", { servers: "nats://x", tls: { cafile: "x" } }, '"cafile"'],
    ["two ways to log in", { servers: "nats://x", token: "t", user: "u" }, "user and token"],
    ["a password without a user", { servers: "nats://x", pass: "p" }, "pass alone"],
  ])("%s is refused, and quoted", async (_, options, quoted) => {
    await expect(connectNats(options as NatsOptions)).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining(quoted),
    });
  });

  it.each([
    [{ servers: "nats://x", nkey: "SUAsecret" }],
    [{ servers: "http://bow:secret@127.0.0.1:4222" }],
    [{ servers: "nats://x", token: "secret", user: "secret", pass: "secret" }],
  ])("a secret is not quoted: %#", async (options) => {
    const error: unknown = await connectNats(options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "OPTION_INVALID" });
    expect(String(error)).not.toContain("secret");
  });

  it("without servers NATS_URL is used, and without that an error says so", async () => {
    await using server = await testServer();
    vi.stubEnv("NATS_URL", server.url);
    const transport = await connectNats();
    expect(transport.url).toBe(server.url);
    await transport.close();
    vi.stubEnv("NATS_URL", undefined);
    await expect(connectNats()).rejects.toMatchObject({
      code: "OPTION_INVALID",
      message: expect.stringContaining("NATS_URL"),
    });
  });

  it("a server that is not there is an error at once, and of several any will do", async () => {
    await using server = await testServer();
    const nowhere = "nats://127.0.0.1:1";
    await expect(connectNats({ servers: nowhere })).rejects.toMatchObject({
      code: "SERVER_NOT_FOUND",
      message: expect.stringContaining("127.0.0.1:1"),
    });
    const transport = await connectNats({ servers: [nowhere, server.url] });
    expect(transport.url).toBe(server.url);
    await transport.close();
  });
});
