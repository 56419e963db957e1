import { type GrantsInput, grantsMachine, sealing } from "../machines/index.ts";
import { grants } from "../protocols/index.ts";
import { type ActorDefinition, defineActor } from "../src/index.ts";

export interface GrantsOptions {
  /** An Ed25519 private key, PKCS 8 in PEM. Default the system's own, which its store keeps and the first node that signs makes. */
  readonly privateKey?: string;
  /** See `granting.GrantLimits`. */
  readonly limits?: GrantsInput["limits"];
}

/**
 * Books of grants, `grants.<root>`: a node that hosts them, and signs their tokens, has `actors: { grants: grantBook() }`. The
 * public key is published in the system's store, so that every node checks tokens by itself.
 */
export function grantBook({ privateKey, limits }: GrantsOptions = {}): ActorDefinition<typeof grants> {
  return defineActor({
    protocol: grants,
    machine: grantsMachine.provide({ actors: { seal: sealing(privateKey) } }),
    inputOf: (_: undefined, { self }): GrantsInput => ({
      root: self.slice(self.indexOf(".") + 1),
      ...(limits === undefined ? {} : { limits }),
    }),
    durability: "durable",
  });
}
