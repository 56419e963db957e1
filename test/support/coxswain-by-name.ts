// Loaded by `node --import`: lets a program that is run from its sources import "coxswain…" by name, as
// users do, without a build.
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) => {
    const folder = /^coxswain(?:\/(actors|machines|protocols))?$/.exec(specifier);
    if (folder === null) return next(specifier, context);
    return next(new URL(`../../${folder[1] ?? "src"}/index.ts`, import.meta.url).href, context);
  },
});
