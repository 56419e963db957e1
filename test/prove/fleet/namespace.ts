import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A network namespace with a link to this one, which can be cut. */
export interface Namespace extends AsyncDisposable {
  readonly name: string;
  /** Our address, as seen from inside. */
  readonly hostAddress: string;
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** Why no packets can be lost here: it needs `nft`. */
  readonly withoutLoss: string | undefined;
  /** Loses so many of a hundred packets, at most 99, either way, until `loseNone`. */
  lose(percent: number): Promise<void>;
  loseNone(): Promise<void>;
}

const ip = async (...args: string[]): Promise<void> => {
  await promisify(execFile)("ip", args);
};

const whyNot = (error: unknown): string => String((error as { stderr?: unknown }).stderr || error).trim();

/**
 * Makes a namespace, where this machine allows it: it needs Linux, `ip`, and the right to administer the network.
 *
 * @returns why not, as a text
 */
export async function makeNamespace(number: number): Promise<Namespace | string> {
  const id = `${process.pid.toString(36)}${number}`;
  const name = `cxprove${id}`;
  const [ours, theirs] = [`cxa${id}`, `cxb${id}`];
  // One of 16,384 networks of four addresses, for several runs may go on at a time.
  const network = (process.pid * 4 + number * 1_024) % 65_536;
  const address = (last: number): string => `10.213.${network >> 8}.${(network & 0xfc) + last}`;
  const remove = async (): Promise<void> => {
    // The link is deleted by name: that of a namespace goes only some time after it.
    await ip("link", "del", ours).catch(() => {});
    await ip("netns", "del", name).catch(() => {});
  };
  try {
    await ip("netns", "add", name);
    await ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name);
    await ip("addr", "add", `${address(1)}/30`, "dev", ours);
    await ip("link", "set", ours, "up");
    await ip("-n", name, "addr", "add", `${address(2)}/30`, "dev", theirs);
    await ip("-n", name, "link", "set", theirs, "up");
    await ip("-n", name, "link", "set", "lo", "up");
  } catch (error) {
    await remove();
    return whyNot(error);
  }
  const nft = (script: string): Promise<void> => ip("netns", "exec", name, "nft", script);
  const chain = (hook: string, percent: number): string =>
    `add chain inet loss ${hook} { type filter hook ${hook} priority 0; }; add rule inet loss ${hook} numgen random mod 100 < ${percent} drop`;
  // Also where there is none: two faults may overlap.
  const none = "add table inet loss; delete table inet loss";
  const lose = (percent: number): Promise<void> =>
    nft(`${none}; add table inet loss; ${chain("input", percent)}; ${chain("output", percent)}`);
  const loseNone = (): Promise<void> => nft(none);
  const withoutLoss = await lose(1)
    .then(loseNone)
    .then(() => undefined, whyNot);
  return {
    name,
    hostAddress: address(1),
    cut: () => ip("link", "set", ours, "down"),
    heal: () => ip("link", "set", ours, "up"),
    withoutLoss,
    lose,
    loseNone,
    [Symbol.asyncDispose]: remove,
  };
}
