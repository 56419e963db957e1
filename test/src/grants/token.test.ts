import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ActorAddress,
  actorAddress,
  claimsBytes,
  type GrantClaims,
  grantClaimsMaxBytes,
  grantTokenMax,
} from "../../../protocols/index.ts";
import { NodeGrants } from "../../../src/grants/index.ts";
import { openToken, publicKeyOf, sealToken, signingKeyOf } from "../../../src/grants/token.ts";
import { createMemoryHub, realEnv } from "../../../src/index.ts";
import { codeOf } from "../../protocols/code-of.ts";

const pem = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const key = signingKeyOf(pem());
const other = signingKeyOf(pem());
const keys = new Map([key].map(({ id, publicDer }) => [id, publicKeyOf(id, publicDer) as KeyObject]));
const open = (token: string): GrantClaims | string => openToken(token, (id) => keys.get(id));

const address = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { minLength: 1, maxLength: 3 })
  .map((tokens): ActorAddress => actorAddress(tokens.join(".")));
const anyClaims: fc.Arbitrary<GrantClaims> = fc.record({
  root: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
  zone: fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/),
  terms: fc.record({
    holder: address,
    audience: fc.array(address, { maxLength: 3 }),
    operations: fc.array(fc.constantFrom("work.work", "archive.*"), { maxLength: 3 }),
    tools: fc.array(fc.string({ unit: "grapheme", maxLength: 10 }), { maxLength: 3 }),
    budget: fc.record({ timeMs: fc.nat(), tokens: fc.nat(), moneyMicros: fc.nat() }, { requiredKeys: [] }),
    depth: fc.nat(8),
    untilMs: fc.nat(),
  }),
});
const [sample] = fc.sample(anyClaims, { numRuns: 1, seed: 7 }) as [GrantClaims];

describe("a grant's token", () => {
  test("C10 says what was signed, whatever that is, in a kibibyte that an envelope takes", () => {
    fc.assert(
      fc.property(anyClaims, (claims) => {
        fc.pre(claimsBytes(claims) <= grantClaimsMaxBytes);
        const token = sealToken(claims, key);
        expect(token.length).toBeLessThanOrEqual(grantTokenMax);
        expect(open(token)).toEqual(claims);
      }),
      { numRuns: 100 },
    );
  });

  test("C10 of which any one character is another one says nothing", () => {
    const token = sealToken(sample, key);
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === "B" ? "C" : "B") + token.slice(i + 1);
      // The last character of a base64 text has bits that say nothing: such a text is another spelling of the same token.
      const isSame = Buffer.from(changed.split(".").pop() as string, "base64url").equals(
        Buffer.from(token.split(".").pop() as string, "base64url"),
      );
      if (i === token.length - 1 && isSame) continue;
      expect(typeof open(changed), `character ${i}`).toBe("string");
    }
  });

  test("C10 of another key, or of one under another's id, says nothing", () => {
    expect(open(sealToken(sample, other))).toBe(
      `it is signed with a key that is not known here, ${other.id}`,
    );
    expect(open(sealToken(sample, { ...other, id: key.id }))).toBe(
      "its signature is not that of what it says",
    );
    expect(publicKeyOf(key.id, other.publicDer)).toBeUndefined();
  });

  test("with more to say than an envelope takes is not made", () => {
    const tools = Array.from({ length: 64 }, (_, i) => `a-tool-with-a-name-${i}`);
    const wide = { ...sample, terms: { ...sample.terms, tools } };
    expect(codeOf(() => sealToken(wide, key))).toBe("OPTION_INVALID");
  });

  test.each([
    ["another text", "no key"],
    [
      "a key of another kind",
      generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }),
    ],
    [
      "a public key",
      createPublicKey(generateKeyPairSync("ed25519").privateKey as never).export({
        type: "spki",
        format: "pem",
      }),
    ],
  ])("is not signed with %s", (_, text) => {
    expect(codeOf(() => signingKeyOf(text as string))).toBe("OPTION_INVALID");
  });
});

describe("a node", () => {
  function nodes(
    count: number,
  ): { grants: NodeGrants; store: ReturnType<ReturnType<typeof createMemoryHub>["connect"]> }[] {
    const hub = createMemoryHub();
    return Array.from({ length: count }, () => {
      const transport = hub.connect();
      return {
        store: transport,
        grants: new NodeGrants({ system: "t", zone: "main", env: realEnv, transport }),
      };
    });
  }

  test("of several that begin at the same time signs with the key of the first, and each reads what another signed", async () => {
    const all = nodes(4);
    await Promise.all(all.map(({ grants }) => grants.follow()));
    const tokens = await Promise.all(all.map(({ grants }) => grants.seal([sample])));
    expect(new Set(tokens.flat()).size).toBe(1);
    for (const { grants } of all) expect(grants.open(tokens[0]?.[0] as string)).toEqual(sample);
  });

  test("believes no key that is gone, also not for what it has read before", async () => {
    const [one, two] = nodes(2) as [ReturnType<typeof nodes>[0], ReturnType<typeof nodes>[0]];
    await two.grants.follow();
    const [token] = (await one.grants.seal([sample])) as [string];
    expect(two.grants.open(token)).toEqual(sample);
    const bucket = await one.store.store.bucket("cx_t_keys");
    if (bucket.kind !== "ok") throw bucket.error;
    await bucket.value.delete(`grants.${token.split(".")[1]}`);
    await expect.poll(() => typeof two.grants.open(token)).toBe("string");
  });

  test("gives nobody claims that another reader could change", async () => {
    const [one] = nodes(1) as [ReturnType<typeof nodes>[0]];
    await one.grants.follow();
    const [token] = (await one.grants.seal([sample])) as [string];
    const read = one.grants.open(token) as { terms: { tools: string[] } };
    expect(() => read.terms.tools.push("shell")).toThrow();
    expect(one.grants.open(token)).toEqual(sample);
  });
});
