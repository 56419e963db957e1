import { registerHooks } from "node:module";

/**
 * For `node --import`: `coxswain` and its subpaths are the sources here, as Vitest has it, so that a program that is
 * started by a test runs what is tested, and not what was built last.
 */
registerHooks({
  resolve(specifier, context, next) {
    const own = /^coxswain(?:\/(actors|machines|protocols))?$/.exec(specifier);
    if (own === null) return next(specifier, context);
    return next(new URL(`../../${own[1] ?? "src"}/index.ts`, import.meta.url).href, context);
  },
});
