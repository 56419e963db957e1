/** The colours of the page, by day and by night. Text on its ground has a contrast of 4.5 at least: a test measures it. */
export const palettes = {
  light: {
    page: "#f7f6f3",
    sheet: "#ffffff",
    ink: "#1d1f23",
    soft: "#565b63",
    line: "#dcdad4",
    plain: "#3f6ea3",
    quiet: "#a9b8c9",
    critical: "#b1271b",
    criticalGround: "#fdeeeb",
    warning: "#855100",
    warningGround: "#fdf3dd",
    info: "#2b5f94",
    infoGround: "#ebf2f9",
    good: "#22693b",
  },
  dark: {
    page: "#15171a",
    sheet: "#1d2024",
    ink: "#e8e6e1",
    soft: "#a7acb3",
    line: "#363a40",
    plain: "#7ba7d9",
    quiet: "#55636f",
    critical: "#ff9c8f",
    criticalGround: "#3a1c19",
    warning: "#f2c063",
    warningGround: "#352a12",
    info: "#9cc4ee",
    infoGround: "#182a3c",
    good: "#86cf9d",
  },
} as const;

const variables = (palette: Readonly<Record<string, string>>): string =>
  Object.entries(palette)
    .map(([name, value]) => `--${name}:${value};`)
    .join("");

export const style = `
:root{color-scheme:light dark;${variables(palettes.light)}}
@media (prefers-color-scheme:dark){:root{${variables(palettes.dark)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
main{max-width:68rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
h1,h2,h3,h4,p,ul,dl,figure{margin:0}
h1{font-size:2.1rem;line-height:1.15;letter-spacing:-.02em;font-weight:680}
h2{font-size:1.35rem;letter-spacing:-.01em;font-weight:660;margin:3rem 0 1rem;padding-top:1rem;border-top:2px solid var(--ink)}
h3{font-size:1rem;font-weight:620;line-height:1.4}
a{color:var(--info)}
.eyebrow{color:var(--soft);font-size:.8rem;font-weight:600;letter-spacing:.08em;text-transform:uppercase;margin-bottom:.5rem}
.lede{color:var(--soft);margin-top:.6rem;max-width:46rem}
.numbers{display:flex;flex-wrap:wrap;gap:.4rem 2.2rem;margin:1.4rem 0}
.numbers div{min-width:5rem}
.numbers dt{color:var(--soft);font-size:.8rem}
.numbers dd{margin:0;font-size:1.35rem;font-weight:620;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.numbers .critical dd{color:var(--critical)}
.numbers .warning dd{color:var(--warning)}
.crews{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem;list-style:none;padding:0}
.crews li,.finding,.group{background:var(--sheet);border:1px solid var(--line);border-radius:8px}
.crews li{padding:1rem 1.2rem}
.crews a{color:inherit;font-weight:620;text-transform:capitalize;text-decoration:none}
.crews a:hover{text-decoration:underline}
.crews p{color:var(--soft);font-size:.88rem;font-variant-numeric:tabular-nums}
.state{float:right;font-size:.8rem;font-weight:600}
.state.done{color:var(--good)}.state.failed{color:var(--critical)}.state.idle,.state.notAsked{color:var(--soft)}
.finding{padding:.9rem 1.2rem 1rem;margin-top:.8rem;border-left-width:5px;break-inside:avoid}
.finding.critical{border-left-color:var(--critical)}
.finding.warning{border-left-color:var(--warning)}
.finding.info{border-left-color:var(--info)}
.finding header{display:flex;gap:.7rem;align-items:baseline;flex-wrap:wrap}
.finding h3{flex:1 1 24rem}
.badge{font-size:.72rem;font-weight:680;letter-spacing:.04em;text-transform:uppercase;padding:.12rem .5rem;border-radius:4px}
.critical>header .badge,.error{color:var(--critical);background:var(--criticalGround)}
.warning>header .badge{color:var(--warning);background:var(--warningGround)}
.info>header .badge{color:var(--info);background:var(--infoGround)}
.where{color:var(--soft);font-size:.82rem}
.finding ul{margin:.5rem 0 0;padding-left:1.1rem;font-size:.92rem}
.finding li::marker{color:var(--soft)}
pre{margin:.7rem 0 0;padding:.6rem .8rem;background:var(--page);border-radius:5px;max-height:14rem;overflow:auto;white-space:pre-wrap}
pre,code,td.code{font:12.5px/1.5 ui-monospace,"SF Mono","Cascadia Code",Menlo,"DejaVu Sans Mono",monospace}
.error{padding:.6rem .9rem;border-radius:5px;margin-top:.8rem}
.group{padding:1.2rem 1.4rem 1.4rem;margin-top:1.2rem}
.group>header{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap;align-items:baseline}
.group>header p{color:var(--soft);font-size:.85rem;font-variant-numeric:tabular-nums}
.group>.table{margin-top:1.6rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,23rem),1fr));gap:1.6rem 2.4rem;align-items:start}
.note{margin-top:1.2rem;padding-left:.9rem;border-left:3px solid var(--infoGround);font-size:.9rem;color:var(--soft)}
.note strong{color:var(--ink);font-weight:620}
figure{break-inside:avoid;max-width:30rem}
figcaption,caption{font-size:.88rem;font-weight:620;text-align:left;margin-bottom:.5rem}
caption{padding-bottom:.4rem}
figcaption span{display:block;color:var(--soft);font-weight:400}
svg{display:block;width:100%;height:auto;overflow:visible;font-family:inherit}
svg text{font-size:12.5px;fill:var(--ink);font-variant-numeric:tabular-nums}
svg .label{fill:var(--soft)}
svg .small{font-size:10.5px}
svg line{stroke:var(--line)}
rect.plain{fill:var(--plain)}rect.quiet{fill:var(--quiet)}rect.critical{fill:var(--critical)}rect.warning{fill:var(--warning)}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th{color:var(--soft);font-weight:560;text-align:left;white-space:nowrap;border-bottom:1.5px solid var(--line)}
th,td{padding:.32rem .9rem .32rem 0;vertical-align:top}
td{overflow-wrap:break-word;border-bottom:1px solid var(--line)}
tbody tr:last-child td{overflow-wrap:break-word;border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;width:1%}
td.code{min-width:12rem;overflow-wrap:anywhere}
.more{color:var(--soft);font-size:.85rem;margin-top:.3rem}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
@media print{
:root{color-scheme:light;${variables(palettes.light)}--page:#ffffff}
html{font-size:12px}body{font-size:10pt}main{max-width:none;padding:0}
pre{max-height:none;border:1px solid var(--line)}
.crews li,.finding,.group{border-radius:0}
.group{border:0;padding:0}
pre,code,td.code{font-size:8.5pt}
h2,.group>header,.group>.numbers{break-after:avoid}h3,figcaption,caption{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}
.table{overflow:visible}.charts{grid-template-columns:1fr 1fr}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}`;
