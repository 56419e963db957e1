import { readFileSync } from "node:fs";
import { type ConnectionOptions, connect, credsAuthenticator, nkeyAuthenticator } from "nats";
import { describe, expect, it } from "vitest";
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

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** How the connection went: "stored" once JetStream has acknowledged a message, else the error. */
async function tryToStore(url: string, login: ConnectionOptions): Promise<string> {
  try {
    const connection = await connect({ servers: url, reconnect: false, ...login });
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: "logs", subjects: ["logs.>"] });
    await connection.jetstream().publish("logs.a");
    await connection.close();
    return "stored";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe.each(eachServerVersion)("a nats-server %s lets in", (version) => {
  it("a user with the right password", async () => {
    const { config, user, pass } = passwordLogin();
    await using server = await testServer({ version, config });
    expect(await tryToStore(server.url, { user, pass })).toBe("stored");
    expect(await tryToStore(server.url, { user, pass: "wrong" })).toMatch(/authorization violation/i);
  });

  it("whoever has the token", async () => {
    const { config, token } = tokenLogin();
    await using server = await testServer({ version, config });
    expect(await tryToStore(server.url, { token })).toBe("stored");
    expect(await tryToStore(server.url, {})).toMatch(/authorization violation/i);
  });

  it("the holder of an nkey", async () => {
    const { config, seed } = nkeyLogin();
    await using server = await testServer({ version, config });
    const login = (of: string) => ({ authenticator: nkeyAuthenticator(bytes(of)) });
    expect(await tryToStore(server.url, login(seed))).toBe("stored");
    expect(await tryToStore(server.url, login(nkeyLogin().seed))).toMatch(/authorization violation/i);
  });

  it("the holder of a credentials file", async () => {
    const { config, credentials } = credentialsLogin();
    await using server = await testServer({ version, config });
    const login = (of: string) => ({ authenticator: credsAuthenticator(bytes(of)) });
    expect(await tryToStore(server.url, login(credentials))).toBe("stored");
    expect(await tryToStore(server.url, login(credentialsLogin().credentials))).toMatch(
      /authorization violation/i,
    );
  });
});

describe.skipIf(!(await hasOpenssl())).each(eachServerVersion)("TLS with a nats-server %s", (version) => {
  it("is taken when the client trusts the server's authority", async () => {
    await using files = await tlsFiles();
    await using server = await testServer({ version, config: files.config() });
    expect(await tryToStore(server.url, { tls: { caFile: files.caFile } })).toBe("stored");
    expect(await tryToStore(server.url, { tls: { ca: readFileSync(files.caFile, "utf8") } })).toBe("stored");
    expect(await tryToStore(server.url, { tls: { caFile: files.strangersCaFile } })).toMatch(/certificate/i);
  });

  it("asks for a client's certificate where that is configured", async () => {
    await using files = await tlsFiles();
    await using server = await testServer({ version, config: files.config({ verify: true }) });
    const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = files;
    expect(await tryToStore(server.url, { tls: { caFile, certFile, keyFile } })).toBe("stored");
    expect(await tryToStore(server.url, { tls: { caFile } })).not.toBe("stored");
  });
});
