/** What one side measured in one round, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

export interface SideConfig {
  readonly url: string;
  /** Fewer messages: the figures mean little, the way is the same. */
  readonly quick: boolean;
  /** When the server flushes to disk. */
  readonly sync: "interval" | "always";
  /** What the side is called, where one file serves several. */
  readonly side: string;
  readonly index: number;
  /** Of the server, and of the side's processes that were started before, in their order. */
  readonly pids: { readonly server: number; readonly others: readonly number[] };
}

export interface Side {
  /** One round of one case. */
  round?(name: string): Promise<Figures> | Figures;
  close?(): Promise<void> | void;
}

export type Asked = { readonly round: string } | { readonly close: true };
export type Told =
  | { readonly ready: true }
  | { readonly figures: Figures }
  | { readonly closed: true }
  | { readonly failed: string };

/**
 * The whole of a side's process: `node file.ts <role> <config as JSON>`, started by {@link startSide}.
 * It makes its role, and measures a round whenever it is asked to.
 */
export async function serveSide(
  roles: Readonly<Record<string, (config: SideConfig) => Promise<Side> | Side>>,
): Promise<void> {
  const [, , role = "", config = "{}"] = process.argv;
  const tell = (told: Told): void => void process.send?.(told);
  try {
    const make = roles[role];
    if (make === undefined) throw new Error(`Expected a role of ${Object.keys(roles)}, got ${role}`);
    const side = await make(JSON.parse(config));
    process.on("message", (asked: Asked) => {
      answer(side, asked).then(tell, (error) => tell({ failed: textOf(error) }));
    });
    tell({ ready: true });
  } catch (error) {
    tell({ failed: textOf(error) });
  }
  process.on("disconnect", () => process.exit());
}

async function answer(side: Side, asked: Asked): Promise<Told> {
  if ("close" in asked) {
    await side.close?.();
    return { closed: true };
  }
  if (side.round === undefined) throw new Error("This role measures nothing");
  return { figures: await side.round(asked.round) };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
