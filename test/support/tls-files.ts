import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ServerConfig } from "../../src/server/index.ts";

const run = promisify(execFile);

/** Whether certificates can be made here: `describe.skipIf(!(await hasOpenssl()))`. */
export async function hasOpenssl(): Promise<boolean> {
  return await run("openssl", ["version"]).then(
    () => true,
    () => false,
  );
}

/** A certificate authority with a server's certificate for 127.0.0.1 and localhost, and a client's. */
export interface TlsFiles extends AsyncDisposable {
  /** For the server: TLS required; `verify` asks for a client's certificate too. */
  config(options?: { verify?: boolean }): ServerConfig;
  readonly caFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** An authority that did not sign the server's certificate. */
  readonly strangersCaFile: string;
}

/** Needs the `openssl` command. Removes the files when disposed. */
export async function tlsFiles(): Promise<TlsFiles> {
  const folder = await mkdtemp(join(tmpdir(), "coxswain-tls-"));
  const file = (name: string): string => join(folder, name);
  await makeAuthority(folder, "ca");
  await makeAuthority(folder, "strangers-ca");
  await makeCertificate(folder, "server", "subjectAltName=IP:127.0.0.1,DNS:localhost");
  await makeCertificate(folder, "client", "extendedKeyUsage=clientAuth");
  return {
    config: ({ verify = false } = {}) => ({
      tls: { cert_file: file("server.pem"), key_file: file("server.key"), ca_file: file("ca.pem"), verify },
    }),
    caFile: file("ca.pem"),
    clientCertFile: file("client.pem"),
    clientKeyFile: file("client.key"),
    strangersCaFile: file("strangers-ca.pem"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

async function makeAuthority(folder: string, name: string): Promise<void> {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
  await run("openssl", ["req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`, ...files], {
    cwd: folder,
  });
}

async function makeCertificate(folder: string, name: string, extension: string): Promise<void> {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.csr`];
  await run("openssl", ["req", ...newKey, "-subj", `/CN=${name}`, ...files], { cwd: folder });
  await writeFile(join(folder, `${name}.ext`), `${extension}\n`);
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  const signed = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.ext`, "-days", "2"];
  await run("openssl", ["x509", "-req", ...authority, ...signed], { cwd: folder });
}
