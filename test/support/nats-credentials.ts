import { createHash, randomUUID } from "node:crypto";
import { nkeys } from "nats";
import type { ServerConfig } from "../../src/server/index.ts";

type KeyPair = ReturnType<typeof nkeys.createUser>;

// Ways to log in: each gives the server's configuration and what a client must show.

export interface PasswordLogin {
  readonly config: ServerConfig;
  readonly user: string;
  readonly pass: string;
}

export function passwordLogin(): PasswordLogin {
  const user = "bow";
  const pass = `pass-${randomUUID()}`;
  return { config: { authorization: { users: [{ user, password: pass }] } }, user, pass };
}

export interface TokenLogin {
  readonly config: ServerConfig;
  readonly token: string;
}

export function tokenLogin(): TokenLogin {
  const token = `token-${randomUUID()}`;
  return { config: { authorization: { token } }, token };
}

export interface NkeyLogin {
  readonly config: ServerConfig;
  readonly publicKey: string;
  /** "SU…": what the client signs the server's challenge with. */
  readonly seed: string;
}

export function nkeyLogin(): NkeyLogin {
  const user = nkeys.createUser();
  const publicKey = user.getPublicKey();
  return { config: { authorization: { users: [{ nkey: publicKey }] } }, publicKey, seed: seedOf(user) };
}

export interface CredentialsLogin {
  readonly config: ServerConfig;
  /** The text of a `.creds` file. */
  readonly credentials: string;
}

/** An operator with one account for users and one for the system, known to the server by a memory resolver. */
export function credentialsLogin(): CredentialsLogin {
  const operator = nkeys.createOperator();
  const system = nkeys.createAccount();
  const account = nkeys.createAccount();
  const user = nkeys.createUser();
  const operatorClaims = { type: "operator", system_account: system.getPublicKey() };
  const userJwt = mint(user, account, "bow", { type: "user", subs: -1, data: -1, payload: -1 });
  const config: ServerConfig = {
    operator: mint(operator, operator, "house", operatorClaims),
    system_account: system.getPublicKey(),
    resolver: "MEMORY",
    resolver_preload: {
      [system.getPublicKey()]: mint(system, operator, "SYS", accountClaims(0)),
      [account.getPublicKey()]: mint(account, operator, "crew", accountClaims(-1)),
    },
  };
  return { config, credentials: credentialsFile(userJwt, seedOf(user)) };
}

function accountClaims(jetstreamLimit: number): object {
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1 };
  const jetstream = {
    mem_storage: jetstreamLimit,
    disk_storage: jetstreamLimit,
    streams: jetstreamLimit,
    consumer: jetstreamLimit,
  };
  return { type: "account", limits: { ...unlimited, wildcards: true, ...jetstream } };
}

/** A JSON web token as NATS has them: who (`subject`) is what (`claims`), signed by `issuer`. */
function mint(subject: KeyPair, issuer: KeyPair, name: string, claims: object): string {
  const body = {
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats: { ...claims, version: 2 },
  };
  const jti = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  const signed = `${encoded({ typ: "JWT", alg: "ed25519-nkey" })}.${encoded({ jti, ...body })}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

function credentialsFile(jwt: string, seed: string): string {
  return [
    "-----BEGIN NATS USER JWT-----",
    jwt,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    seed,
    "------END USER NKEY SEED------",
    "",
  ].join("\n");
}

function seedOf(pair: KeyPair): string {
  return new TextDecoder().decode(pair.getSeed());
}
